/** JSON, and Sigstore's and TUF's formats on top of it. */

import { isDeepStrictEqual } from 'node:util'
import { type JsonObject, type JsonValue, parseJson } from '../../src/formats/json.ts'
import { parseBodyV1 } from '../../src/formats/sigstore/body-v1.ts'
import { formatBodyV2, parseBodyV2 } from '../../src/formats/sigstore/body-v2.ts'
import { parseSigstoreBundle } from '../../src/formats/sigstore/bundle.ts'
import { canonicalJson } from '../../src/formats/sigstore/canonical-json.ts'
import { pae, parsePae } from '../../src/formats/sigstore/dsse.ts'
import { promisedBytes } from '../../src/formats/sigstore/promise.ts'
import { parseRequestV2 } from '../../src/formats/sigstore/request-v2.ts'
import { formatEntryV2, parseEntryV2 } from '../../src/formats/sigstore/response-v2.ts'
import { parseStatement } from '../../src/formats/sigstore/statement.ts'
import { formatTrustedRoot, parseTrustedRoot } from '../../src/formats/sigstore/trusted-root.ts'
import { formatTokenFile, parseTokenFile } from '../../src/formats/token-file.ts'
import { formatEnvelope, parseEnvelope, signedBytes } from '../../src/formats/tuf/envelope.ts'
import { parseSnapshot, parseTargets, parseTimestamp } from '../../src/formats/tuf/metadata.ts'
import { parseRoot, soleKeyRootJson } from '../../src/formats/tuf/root.ts'
import { base64, parseUtf8, utf8 } from '../../src/kernel/bytes.ts'
import { oneMeaning, oneSpelling, surely, type Target } from './oracle.ts'
import { bundleFiles, bundles, json, texts, trustedRoots } from './seeds.ts'

/** JSON.parse takes more, and what both take is one value, which has one canonical form. */
function runJson(bytes: Uint8Array): void {
  const value = parseJson(bytes)
  surely(() => {
    const theirs: unknown = JSON.parse(parseUtf8(bytes))
    if (!isDeepStrictEqual(plain(value), plain(theirs))) throw new Error('JSON.parse reads something else')
    const printed = canonicalJson(value)
    // By JSON.parse: ours refuses 9.1e18 once it is printed as the integer that it cannot hold exactly.
    const again = JSON.parse(parseUtf8(printed)) as JsonValue
    if (!isDeepStrictEqual(printed, canonicalJson(again))) throw new Error('two canonical forms')
  })
}

/** Without prototypes, and -0 as 0. */
const plain = (value: unknown): unknown => structuredClone(JSON.parse(JSON.stringify(value)))

function runBundle(bytes: Uint8Array): void {
  const bundle = parseSigstoreBundle(bytes)
  surely(() => bundle.entries.map(promisedBytes))
}

const bodies = (version: 1 | 2) =>
  bundles()
    .flatMap(({ entries }) => entries)
    .filter((entry) => (entry.version === '0.0.2' && entry.kind === 'hashedrekord') === (version === 2))

/** The first byte says as what kind. */
const V1_KINDS = [['hashedrekord', '0.0.1'] as const, ['dsse', '0.0.1'] as const, ['intoto', '0.0.2'] as const]
const numberOf = (kind: string) => V1_KINDS.findIndex(([name]) => name === kind)
const runBodyV1 = (bytes: Uint8Array) => {
  const [kind, version] = V1_KINDS[(bytes[0] ?? 0) % 3] ?? ['', '']
  parseBodyV1(bytes.subarray(1), kind, version)
}

const payloads = () => bundles().flatMap(({ content }) => (content.kind === 'envelope' ? [content] : []))

const requests = () => {
  const verifier = { keyDetails: 'PKIX_ECDSA_P256_SHA_256', publicKey: { rawBytes: base64(Uint8Array.of(48, 0)) } }
  const signature = { content: base64(Uint8Array.of(48, 1)), verifier }
  const envelope = { payloadType: 't', payload: 'YQ==', signatures: [{ sig: 'YQ==', keyid: 'k' }] }
  const { publicKey, ...rest } = verifier
  return [
    { hashedRekordRequestV002: { digest: base64(new Uint8Array(32)), signature } },
    { dsseRequestV002: { envelope, verifiers: [{ ...rest, x509Certificate: publicKey }] } },
    {
      hashed_rekord_request_v002: {
        digest: 'YQ',
        signature: { content: '-_', verifier: { ...verifier, keyDetails: 5 } },
      },
    },
  ].map((value) => utf8(JSON.stringify(value)))
}

const COMMON = { version: 7, expires: '2030-01-01T00:00:00Z' }
const tufFiles = () => {
  const common = { spec_version: '1.0.31', ...COMMON }
  const files = { 'a/b.json': { length: 5, hashes: { sha256: '9'.repeat(64) } } }
  return [
    soleKeyRootJson(COMMON, new Uint8Array(32).fill(5)),
    { _type: 'timestamp', ...common, meta: { 'snapshot.json': { version: 3 } } },
    { _type: 'snapshot', ...common, meta: { 'targets.json': { version: 2 } } },
    { _type: 'targets', ...common, targets: files },
  ].map((signed) => formatEnvelope({ signed, signatures: [{ keyId: 'ab', signature: Uint8Array.of(1) }] }))
}

const ROLES = { root: parseRoot, timestamp: parseTimestamp, snapshot: parseSnapshot, targets: parseTargets }
const readTuf = oneMeaning((bytes) => {
  const { signed, signatures } = parseEnvelope(bytes)
  signedBytes(signed) // what has no canonical form, such as 1e20, nobody can have signed
  return { signed: plain(signed) as JsonObject, signatures }
}, formatEnvelope)

function runTuf(bytes: Uint8Array): void {
  readTuf(bytes)
  const { signed } = parseEnvelope(bytes)
  const role = signed._type
  if (typeof role === 'string' && Object.hasOwn(ROLES, role)) ROLES[role as keyof typeof ROLES](signed)
}

const entries = () => {
  const byName = json<Record<string, { inclusionProof?: object }>>('sigstore/tlog-entries-v2.json')
  const named = ['rekor2-happy-path', 'rekor2-checkpoint-cosigned'].map((name) => byName[name] ?? {})
  return named.map((entry) => utf8(JSON.stringify({ integratedTime: '0', inclusionPromise: null, ...entry })))
}

const TOKENS = `{"tokens":[{"name":"a","sha256":"${'9'.repeat(64)}","logs":["v2"]},{"name":"b","sha256":"${'8'.repeat(64)}"}]}`

export const SIGSTORE: readonly Target[] = [
  {
    name: 'json',
    seeds: () => texts('{"a":[1,-0.5e3,true,null,"\\u00e9\\n\\ud83d\\ude00"],"__proto__":{}}', '[]', '"é"', ' 0 '),
    run: runJson,
  },
  { name: 'sigstore-bundle', seeds: bundleFiles, run: runBundle },
  {
    name: 'trusted-root',
    seeds: trustedRoots,
    run: oneMeaning(parseTrustedRoot, (root) => utf8(formatTrustedRoot(root))),
  },
  { name: 'request-v2', seeds: requests, run: (bytes) => void parseRequestV2(parseJson(bytes)) },
  {
    name: 'entry-v2',
    seeds: entries,
    run: oneMeaning(
      (bytes) => parseEntryV2(parseJson(bytes)),
      (entry) => utf8(formatEntryV2(entry)),
    ),
  },
  {
    name: 'body-v1',
    seeds: () => bodies(1).map(({ kind, body }) => Uint8Array.of(numberOf(kind), ...body)),
    run: runBodyV1,
  },
  { name: 'body-v2', seeds: () => bodies(2).map(({ body }) => body), run: oneSpelling(parseBodyV2, formatBodyV2) },
  {
    name: 'pae',
    seeds: () => payloads().map(({ payloadType, payload }) => pae(payloadType, payload.subarray(0, 64))),
    run: oneSpelling(parsePae, ({ payloadType, payload }) => pae(payloadType, payload)),
  },
  {
    name: 'statement',
    seeds: () => payloads().map(({ payload }) => payload),
    run: (bytes) => void parseStatement(bytes),
  },
  { name: 'tuf', seeds: tufFiles, run: runTuf },
  { name: 'token-file', seeds: () => texts(TOKENS), run: oneMeaning(parseTokenFile, formatTokenFile) },
]

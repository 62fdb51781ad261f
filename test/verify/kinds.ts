/** One valid bundle of each kind, and another like it, for the tests that change them. */

import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parsePolicy } from '../../src/formats/c2sp/policy.ts'
import { formatVkey } from '../../src/formats/c2sp/vkey.ts'
import { hex, utf8 } from '../../src/kernel/bytes.ts'
import type { Artifact } from '../../src/verify/artifact.ts'
import { NO_WITNESSES } from '../../src/verify/checkpoint.ts'
import type { Trust } from '../../src/verify/trust.ts'
import { nodeAbilities } from '../../src/verify-node/abilities.ts'
import { readCase } from './conformance.ts'
import { ARTIFACT, digestOf, HOST, messageBundle, p256Signer, ROOT, V2_KEY } from './made.ts'
import { OWN, type Signed, type V1Form, v1Bundle, v2EnvelopeBundle } from './made-v1.ts'
import { logKey, mlDsaKey, witnessKey } from './support.ts'

export interface Kind {
  readonly name: string
  readonly json: BundleJson
  readonly artifact: Artifact
  readonly trust: Trust
  /** Of the same shape and as valid, under the same trust where it is made here; null: none to swap with. */
  readonly other: BundleJson | null
}

export interface BundleJson {
  readonly mediaType: string
  readonly verificationMaterial: {
    readonly tlogEntries: readonly object[]
    readonly [name: string]: unknown
  }
  readonly [name: string]: unknown
}

const SUITE = new URL('../vectors/sigstore-conformance/bundle-verify/', import.meta.url)

const ofSuite = (name: string): BundleJson =>
  JSON.parse(readFileSync(new URL(`${name}/bundle.sigstore.json`, SUITE), 'utf8'))

/** With the certificate where the version has it. */
function asVersion(bundle: BundleJson, version: V1Form['version']): BundleJson {
  const { certificate, x509CertificateChain, ...rest } = bundle.verificationMaterial
  const chain = x509CertificateChain as { certificates: readonly object[] } | undefined
  const leaf = certificate ?? chain?.certificates[0]
  const held = version === '0.3' ? { certificate: leaf } : { x509CertificateChain: { certificates: [leaf] } }
  return {
    ...bundle,
    mediaType: `application/vnd.dev.sigstore.bundle+json;version=${version}`,
    verificationMaterial: { ...rest, ...held },
  }
}

function withoutProof(bundle: BundleJson): BundleJson {
  const bare = (entry: object) =>
    Object.fromEntries(Object.entries(entry).filter(([name]) => name !== 'inclusionProof'))
  const { verificationMaterial } = bundle
  const tlogEntries = verificationMaterial.tlogEntries.map(bare)
  return { ...bundle, verificationMaterial: { ...verificationMaterial, tlogEntries } }
}

/** A bundle of the suite, with a certificate but for the managed keys, and another of the suite. */
function ofCase(name: string, other: string | null, change = named('', (one) => one)): Kind {
  const given = readCase(name)
  return {
    name: `${name}${change.name === '' ? '' : `, ${change.name}`}`,
    json: change(ofSuite(name)),
    artifact: new Map([['SHA2_256', new Uint8Array(hash('sha256', given.artifact, 'buffer'))]]),
    trust: given.trust(),
    other: other === null ? null : change(ofSuite(other)),
  }
}

const named = (name: string, change: (bundle: BundleJson) => BundleJson) =>
  Object.defineProperty(change, 'name', { value: name })
const promiseAlone = named('as 0.1, promise alone', (one) => withoutProof(asVersion(one, '0.1')))
const as = (version: V1Form['version']) => named(`as ${version}`, (one) => asVersion(one, version))

const SUITE_KINDS = (): Kind[] => [
  ofCase('happy-path-v0.1', 'happy-path-v0.2', promiseAlone),
  ofCase('happy-path-v0.1', 'happy-path-v0.3', as('0.1')),
  ofCase('happy-path-v0.2', 'happy-path-v0.3', as('0.2')),
  ofCase('happy-path-v0.3', 'happy-path-v0.1', as('0.3')),
  ofCase('happy-path-intoto-in-dsse-v3', null, promiseAlone),
  ofCase('happy-path-intoto-in-dsse-v3', null, as('0.2')),
  ofCase('happy-path-intoto-in-dsse-v3', null),
  ofCase('intoto-with-custom-trust-root', null, promiseAlone),
  ofCase('intoto-with-custom-trust-root', null),
  ofCase('intoto-with-custom-trust-root', null, as('0.3')),
  ofCase('managed-key-happy-path', 'managed-key-and-trusted-root'),
  ofCase('rekor2-happy-path', 'rekor2-timestamp-without-embedded-cert'),
  ofCase('rekor2-timestamp-with-expired-cert-chain', 'rekor2-timestamp-with-embedded-cert'),
  ofCase('rekor2-timestamp-without-embedded-cert', 'rekor2-happy-path'),
  ofCase('rekor2-checkpoint-multiple-cosigs', 'rekor2-checkpoint-cosigned'),
  ofCase('rekor2-dsse-happy-path', null),
]

const OTHER_FILE = utf8('another file')
const OTHER: Signed = {
  file: OTHER_FILE,
  statement: utf8(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      predicateType: 'https://example.com/built',
      subject: [{ name: 'file', digest: { sha256: hex(digestOf('sha256', OTHER_FILE)) } }],
    }),
  ),
}

const SIGNER = p256Signer()
const V1_FORMS: readonly Omit<V1Form, 'version'>[] = [
  { content: 'message', kind: 'hashedrekord', hasProof: true },
  { content: 'envelope', kind: 'hashedrekord', hasProof: true },
  { content: 'envelope', kind: 'dsse', hasProof: true },
  { content: 'envelope', kind: 'intoto', hasProof: true },
]

function v1Forms(): V1Form[] {
  const whole = (['0.1', '0.2', '0.3'] as const).flatMap((version) => V1_FORMS.map((form) => ({ ...form, version })))
  return [...V1_FORMS.map((form) => ({ ...form, hasProof: false, version: '0.1' as const })), ...whole]
}

/** A key, two witnesses of both kinds that the policy asks for, and a stranger's line. */
const WITNESSES = [witnessKey('w1.example', 1), mlDsaKey('w2.example', 2)]
const [W1 = '', W2 = ''] = WITNESSES.map(({ vkey }) => formatVkey(vkey))
const LOG = formatVkey(V2_KEY.vkey)
const COSIGNED = `log ${LOG}\nwitness A ${W1}\nwitness B ${W2}\ngroup G all A B\nquorum G\n`
const PARTS = { signer: SIGNER, origin: HOST, keys: [V2_KEY, ...WITNESSES, logKey('stranger.example', 9)] }

async function madeKinds(): Promise<Kind[]> {
  const base: Trust = {
    signer: { kind: 'key', key: SIGNER.key },
    root: ROOT,
    policy: NO_WITNESSES,
    abilities: nodeAbilities,
  }
  const cosigned = { ...base, policy: parsePolicy(utf8(COSIGNED)) }
  const kind = (name: string, json: object, other: object, trust: Trust): Kind => ({
    name: `a key: ${name}`,
    json: json as BundleJson,
    other: other as BundleJson,
    artifact: ARTIFACT,
    trust,
  })
  const v1 = v1Forms().map(async (form) => {
    const name = `${form.version}, ${form.content}, ${form.kind}, ${form.hasProof ? 'promise and proof' : 'promise alone'}`
    return kind(name, await v1Bundle(SIGNER, form), await v1Bundle(SIGNER, form, OTHER), base)
  })
  return [
    ...(await Promise.all(v1)),
    kind('v2, message, cosigned', await messageBundle(PARTS), await messageBundle(PARTS), cosigned),
    kind('v2, envelope, cosigned', await v2EnvelopeBundle(PARTS, OWN), await v2EnvelopeBundle(PARTS, OTHER), cosigned),
  ]
}

export const KINDS: readonly Kind[] = [...SUITE_KINDS(), ...(await madeKinds())]

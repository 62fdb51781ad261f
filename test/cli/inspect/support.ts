/** Files put to `colophon inspect` through its standard input, and those that every kind is tested with. */

import { readFileSync } from 'node:fs'
import { run } from '../../../src/cli/run.ts'
import { base64, parseBase64, utf8 } from '../../../src/kernel/bytes.ts'
import * as make from '../../formats/model/make.ts'
import { toyLlamafile } from '../../formats/model/make-llamafile.ts'
import { CASE_NAMES } from '../../verify/conformance.ts'
import { type Outcome, testWorld } from '../support.ts'

export async function inspected(file: Uint8Array, ...flags: readonly string[]): Promise<Outcome> {
  const world = testWorld({}, false, file)
  const code = await run(['inspect', '-', ...flags], world)
  return { code, printed: world.printed(), warned: world.warned() }
}

/** The JSON form, and its exit code. */
export async function jsonOf(file: Uint8Array) {
  const { code, printed, warned } = await inspected(file, '--json')
  return { code, warned, ...(printed === '' ? {} : JSON.parse(printed)) }
}

export function vector(path: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../../vectors/${path}`, import.meta.url)))
}

export function bundleOf(name: string): Uint8Array {
  return vector(`sigstore-conformance/bundle-verify/${name}/bundle.sigstore.json`)
}

export const BUNDLES = CASE_NAMES

const EXAMPLES = JSON.parse(Buffer.from(vector('computed/worked-examples.json')).toString())
const V1 = parseJson(bundleOf('happy-path-v0.3'))
const V2 = parseJson(bundleOf('rekor2-dsse-happy-path'))
const V1_ENTRY = V1.verificationMaterial.tlogEntries[0]
const TREE = 2605736670972794746n

export const CHECKPOINT: string = `${EXAMPLES.checkpoints[5]}${EXAMPLES.cosignatureLine}${EXAMPLES.cosignatureLineMlDsa}`

/** As a Rekor v1 log answers: hex and numbers. */
function v1Answer(): Uint8Array {
  const { inclusionProof: proof } = V1_ENTRY
  const hex = (text: string) => Buffer.from(text, 'base64').toString('hex')
  const id = `${TREE.toString(16).padStart(16, '0')}aee3c920bb1132e929ed20e1c194579a60e95849f7a554e0033fdd26ee221629`
  const entry = {
    body: V1_ENTRY.canonicalizedBody,
    integratedTime: Number(V1_ENTRY.integratedTime),
    logID: hex(V1_ENTRY.logId.keyId),
    logIndex: Number(V1_ENTRY.logIndex),
    verification: {
      inclusionProof: {
        checkpoint: proof.checkpoint.envelope,
        hashes: proof.hashes.map(hex),
        logIndex: Number(proof.logIndex),
        rootHash: hex(proof.rootHash),
        treeSize: Number(proof.treeSize),
      },
      signedEntryTimestamp: V1_ENTRY.inclusionPromise.signedEntryTimestamp,
    },
  }
  return utf8(JSON.stringify({ [id]: entry }))
}

const SERVICE = {
  url: 'https://log.example',
  majorApiVersion: 2,
  validFor: { start: '2026-01-01T00:00:00Z' },
  operator: 'x',
}
const SIGNING_CONFIG = {
  mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
  caUrls: [],
  oidcUrls: [],
  rekorTlogUrls: [SERVICE],
  rekorTlogConfig: { selector: 'ANY' },
  tsaUrls: [],
  tsaConfig: { selector: 'ANY' },
}
const CERTIFICATE = parseBase64(V2.verificationMaterial.certificate.rawBytes)
const TIMESTAMP = parseBase64(V2.verificationMaterial.timestampVerificationData.rfc3161Timestamps[0].signedTimestamp)

function pem(der: Uint8Array, label: string): string {
  return `-----BEGIN ${label}-----\n${(base64(der).match(/.{1,64}/g) ?? []).join('\n')}\n-----END ${label}-----\n`
}

function parseJson(bytes: Uint8Array) {
  return JSON.parse(Buffer.from(bytes).toString())
}

const MODEL = make.gguf({
  fields: [
    make.text('general.architecture', 'toy'),
    make.text('general.base_model.0.name', 'Base'),
    make.text('tokenizer.chat_template', '{{ messages }}'.repeat(400)),
    make.array(
      'tokenizer.ggml.tokens',
      8,
      ['a', 'b'].map((token) => make.string(token)),
    ),
  ],
  tensors: [make.W],
})

/** One well-formed file of each kind, by the name of the kind. */
export const FILES: Readonly<Record<string, Uint8Array>> = {
  'sigstore-bundle': bundleOf('rekor2-dsse-happy-path'),
  'trusted-root': vector('trust/trusted_root.json'),
  'signing-config': utf8(JSON.stringify(SIGNING_CONFIG)),
  'client-trust-config': utf8(
    JSON.stringify({
      mediaType: 'application/vnd.dev.sigstore.clienttrustconfig.v0.1+json',
      trustedRoot: parseJson(vector('trust/trusted_root.json')),
      signingConfig: SIGNING_CONFIG,
    }),
  ),
  'log-entry': utf8(JSON.stringify(V2.verificationMaterial.tlogEntries[0])),
  'rekor-v1-entry': v1Answer(),
  'entry-body': parseBase64(V1_ENTRY.canonicalizedBody),
  'dsse-envelope': utf8(JSON.stringify(V2.dsseEnvelope)),
  'in-toto-statement': parseBase64(V2.dsseEnvelope.payload),
  'tlog-proof': utf8(EXAMPLES.tlogProof),
  note: utf8(CHECKPOINT),
  policy: utf8(
    `# ours\nlog ${EXAMPLES.vkeys.log} https://example.com/log\nwitness W1 ${EXAMPLES.vkeys.witness}\ngroup G any W1\nquorum G\n`,
  ),
  vkey: utf8(`${EXAMPLES.vkeys.witnessPQ}\n`),
  pem: utf8(pem(CERTIFICATE, 'CERTIFICATE') + pem(vector('x509/key-p256.der'), 'PUBLIC KEY')),
  certificate: CERTIFICATE,
  'public-key': vector('x509/key-rsa3072.der'),
  'rfc3161-response': TIMESTAMP,
  gguf: MODEL,
  llamafile: await toyLlamafile(),
  safetensors: make.safetensors(
    { __metadata__: { format: 'pt' }, w: { dtype: 'F32', shape: [2], data_offsets: [0, 8] } },
    make.F32(1, 2),
  ),
}

/** Signatures that are in no log: by a key, and by a certificate under a root that was named. */

import { readFileSync } from 'node:fs'
import t from 'tap'
import { closeCrypto } from '../../src/crypto/node.ts'
import { omsRoot, parseOmsStatement } from '../../src/formats/model/oms.ts'
import { parseModelBundle } from '../../src/formats/model/oms-bundle.ts'
import { parsePem } from '../../src/formats/pki/pem.ts'
import { parseSpki } from '../../src/formats/pki/spki.ts'
import type { Bundle } from '../../src/formats/sigstore/bundle.ts'
import { unixMillis } from '../../src/kernel/brand.ts'
import { parseUtf8 } from '../../src/kernel/bytes.ts'
import { TlogError } from '../../src/kernel/error.ts'
import { type UnloggedSigner, type UnloggedTrust, verifyUnlogged } from '../../src/verify/unlogged.ts'
import { verifyPath } from '../../src/verify-node/abilities.ts'
import { AUTHORITY, CODE, certificateOf, email, ISSUES, SERVER, SIGNS } from '../verify-node/make-certificate.ts'

t.teardown(closeCrypto)

const VECTORS = new URL('../vectors/oms/', import.meta.url)
const text = (path: string) => parseUtf8(new Uint8Array(readFileSync(new URL(path, VECTORS))))
const bundleOf = (model: string) =>
  parseModelBundle(new Uint8Array(readFileSync(new URL(`${model}/model.sig`, VECTORS))))
const der = (pem: string, label: 'PUBLIC KEY' | 'CERTIFICATE') =>
  parsePem(pem.slice(pem.indexOf('-----BEGIN')), label)[0] ?? new Uint8Array()

const KEY: UnloggedSigner = { kind: 'key', key: parseSpki(der(text('keys/signing-key-pub.pem'), 'PUBLIC KEY')) }
const ROOT = der(text('keys/ca-cert.pem'), 'CERTIFICATE')
const NAMED: UnloggedSigner = { kind: 'certificate', name: 'intermediate-ca', roots: [ROOT] }
const time = unixMillis(Date.parse('2026-12-01T00:00:00Z'))

async function verdict(bundle: Bundle, trust: Partial<UnloggedTrust>, root = rootOf(bundle)): Promise<string> {
  try {
    const { signer } = await verifyUnlogged(bundle, root, { signer: KEY, time, verifyPath, ...trust })
    return signer.kind
  } catch (error) {
    if (error instanceof TlogError) return `${error.code} ${error.message}`
    throw error
  }
}

function rootOf({ content }: Bundle): Uint8Array {
  if (content.kind !== 'envelope') throw new Error('an envelope')
  return omsRoot(parseOmsStatement(content.payload).resources)
}

t.test('what the reference implementation signed', async (t) => {
  for (const version of ['v0.3.1', 'v1.0.0', 'v1.0.1', 'v1.1.0']) {
    t.equal(await verdict(bundleOf(`${version}-elliptic-key`), { signer: KEY }), 'key', version)
    t.equal(await verdict(bundleOf(`${version}-certificate`), { signer: NAMED }), 'certificate', version)
    t.match(
      await verdict(bundleOf(`${version}-sigstore`), { signer: NAMED }),
      /^LOG_NOT_TRUSTED the bundle has an entry of a log/,
      'what is logged is verified by its log',
    )
  }
  t.match(
    await verifyUnlogged(bundleOf('v1.1.0-certificate'), rootOf(bundleOf('v1.1.0-certificate')), {
      ...{ signer: NAMED, time, verifyPath },
    }),
    {
      signed: { kind: 'statement', subject: 'v1.1.0-certificate' },
      signer: { algorithm: 'PKIX_ECDSA_P384_SHA_384', name: 'intermediate-ca' },
      notCovered: ['log', 'time', 'claims'],
    },
  )
})

const other = certificateOf({ subject: 'root', extensions: [AUTHORITY, ISSUES] })

t.test('refused, with the reason', async (t) => {
  const [keyed, chained] = [bundleOf('v1.1.0-elliptic-key'), bundleOf('v1.1.0-certificate')]
  const stripped = { ...bundleOf('v1.1.0-sigstore'), entries: [] }
  const message = { kind: 'message', digest: null, signature: new Uint8Array(3) } as const
  const spoilt = (bundle: Bundle): Bundle => ({
    ...bundle,
    content: { ...bundle.content, signature: bundle.content.signature.map((byte, i) => (i === 9 ? byte ^ 1 : byte)) },
  })
  const named = (name: string, roots = [ROOT]): UnloggedSigner => ({ kind: 'certificate', name, roots })
  for (const [name, found, why] of [
    ['a spoilt signature', await verdict(spoilt(keyed), {}), /^SIGNATURE_INVALID/],
    ['the same by certificate', await verdict(spoilt(chained), { signer: NAMED }), /^SIGNATURE_INVALID/],
    ['another model', await verdict(keyed, {}, new Uint8Array(32)), /^ARTIFACT_MISMATCH/],
    ['a key for a certificate', await verdict(chained, {}), /^SIGNER_MISMATCH a certificate signed/],
    ['a certificate for a key', await verdict(keyed, { signer: NAMED }), /^SIGNER_MISMATCH a key signed/],
    ['another name', await verdict(chained, { signer: named('root-ca') }), /^SIGNER_MISMATCH "intermediate-ca" signed/],
    ['no name', await verdict(chained, { signer: named('') }), /^SIGNER_MISMATCH/],
    ['no root', await verdict(chained, { signer: named('intermediate-ca', []) }), /^CERTIFICATE_UNTRUSTED/],
    [
      'another root',
      await verdict(chained, { signer: named('intermediate-ca', [other.der]) }),
      /^CERTIFICATE_UNTRUSTED/,
    ],
    ['after its end', await verdict(chained, { signer: NAMED, time: unixMillis(3e12) }), /^CERTIFICATE_UNTRUSTED/],
    [
      'where paths cannot be checked',
      await verdict(chained, { signer: NAMED, verifyPath: null }),
      /^CHECK_UNAVAILABLE/,
    ],
    [
      'a file',
      await verdict({ ...keyed, content: message }, {}, new Uint8Array(32)),
      /^ARTIFACT_MISMATCH .*no statement/,
    ],
    ['without its entries', await verdict(stripped, { signer: named('stefanb@us.ibm.com') }), /^CERTIFICATE_UNTRUSTED/],
  ] as const)
    t.match(found, why, name)
})

t.test('names and purposes of certificates', async (t) => {
  const root = certificateOf({ subject: 'root', extensions: [AUTHORITY, ISSUES] })
  const chained = bundleOf('v1.1.0-certificate')
  const by = async (name: string, extensions: Parameters<typeof certificateOf>[0]['extensions'] = []) => {
    const leaf = certificateOf({ subject: 'publisher', issuer: root, extensions })
    const material = { kind: 'certificate', leaf: leaf.der, others: [] } as const
    return await verdict({ ...chained, material }, { signer: { kind: 'certificate', name, roots: [root.der] } })
  }
  const reached = /^SIGNATURE_INVALID/ // by another key: all before that was good
  t.match(await by('publisher', [SIGNS]), reached)
  t.match(await by('publisher', [CODE]), reached)
  t.match(await by('a@example.com', [SIGNS, CODE, email('a@example.com')]), reached)
  t.match(await by('publisher', [SIGNS, CODE, email('a@example.com')]), /^SIGNER_MISMATCH/, 'where names are stated')
  t.match(await by('publisher', [SIGNS, SERVER]), /^CERTIFICATE_UNTRUSTED .*not for signing code/)
  t.match(await by('publisher', [CODE, ISSUES]), /^CERTIFICATE_UNTRUSTED .*not for signatures/)
  t.match(await by('publisher'), /^CERTIFICATE_UNTRUSTED .*does not say what it is for/)
})

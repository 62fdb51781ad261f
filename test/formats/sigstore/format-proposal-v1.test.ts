import t from 'tap'
import { parseJson } from '../../../src/formats/json.ts'
import { parsePem } from '../../../src/formats/pki/pem.ts'
import { parseBodyV1 } from '../../../src/formats/sigstore/body-v1.ts'
import { canonicalJson } from '../../../src/formats/sigstore/canonical-json.ts'
import { formatDsseProposal, formatHashedRekordProposal } from '../../../src/formats/sigstore/format-proposal-v1.ts'
import { parseProposalV1 } from '../../../src/formats/sigstore/proposal-v1.ts'
import { hex, utf8 } from '../../../src/kernel/bytes.ts'
import { recorded } from './log-entry-v1.ts'

t.test('a hashedrekord is proposed as the public log stores it', async (t) => {
  const [entry] = recorded('managed-key-happy-path').entries
  const body = parseBodyV1(entry?.body ?? new Uint8Array(), 'hashedrekord', '0.0.1')
  if (body.kind !== 'hashedrekord') throw new Error('a hashedrekord')
  const stored = JSON.parse(new TextDecoder().decode(entry?.body))
  const [rawBytes = new Uint8Array()] = parsePem(
    Buffer.from(stored.spec.signature.publicKey.content, 'base64').toString(),
    'PUBLIC KEY',
  )
  const proposal = formatHashedRekordProposal(body.digest, body.signature, { kind: 'publicKey', rawBytes })
  t.equal(hex(canonicalJson(JSON.parse(proposal))), hex(entry?.body ?? new Uint8Array()))
  t.same(parseProposalV1(parseJson(utf8(proposal))), {
    type: 'hashedrekord 0.0.1',
    digest: body.digest,
    signature: body.signature,
    verifier: { label: 'PUBLIC KEY', der: rawBytes },
  })
})

t.test('an envelope is proposed whole, with the certificate', async (t) => {
  const { content, material } = recorded('happy-path-intoto-in-dsse-v3')
  if (content.kind !== 'envelope' || material.kind !== 'certificate') throw new Error('a certificate and an envelope')
  const { payloadType, payload, signature } = content
  const envelope = { payloadType, payload, signatures: [{ sig: signature, keyid: '' }] }
  const proposal = formatDsseProposal(envelope, { kind: 'x509Certificate', rawBytes: material.leaf })
  const { spec, ...rest } = JSON.parse(proposal)
  t.same(rest, { apiVersion: '0.0.1', kind: 'dsse' })
  t.same(JSON.parse(spec.proposedContent.envelope), {
    payload: Buffer.from(payload).toString('base64'),
    payloadType,
    signatures: [{ sig: Buffer.from(signature).toString('base64') }],
  })
  const [verifier, ...others] = spec.proposedContent.verifiers
  t.same(others, [])
  t.same(parsePem(Buffer.from(verifier, 'base64').toString(), 'CERTIFICATE'), [material.leaf])
  t.match(parseProposalV1(parseJson(utf8(proposal))), {
    type: 'dsse 0.0.1',
    envelope: { payloadType, payload, signatures: [{ bytes: signature }] },
    verifiers: [{ label: 'CERTIFICATE', der: material.leaf }],
  })
})

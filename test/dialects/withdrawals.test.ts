/** Withdrawals in a log's own name: made in its dialect, known by its key, and by nothing else. */

import t from 'tap'
import { generateEcdsa, importEd25519Seed } from '#crypto'
import { closeCrypto } from '../../src/crypto/node.ts'
import { factsOf } from '../../src/dialects/facts.ts'
import { admit } from '../../src/dialects/rekor-v2/admit.ts'
import { withdrawalEntry, withdrawalsOf } from '../../src/dialects/withdrawals.ts'
import { createVkey, formatVkey, KEY_TYPE } from '../../src/formats/c2sp/vkey.ts'
import { DEFAULT_BASE } from '../../src/formats/custody/vocabulary.ts'
import { formatWithdrawal } from '../../src/formats/custody/withdrawal.ts'
import { digestKey } from '../../src/formats/lookup-key.ts'
import { pae } from '../../src/formats/sigstore/dsse.ts'
import { base64, utf8 } from '../../src/kernel/bytes.ts'
import { ED25519, hashOf } from './rekor-v2/support.ts'

t.teardown(closeCrypto)

const key = importEd25519Seed(new Uint8Array(32).fill(5)) // of ED25519 too
const [ecdsa, other] = [generateEcdsa(), generateEcdsa()]
const vkey = formatVkey(createVkey('log.example', KEY_TYPE.ed25519, key.publicKey))
const V2 = { dialect: 'rekor-v2', vkey, ecdsaKey: null }
const V1 = { dialect: 'rekor-v1', vkey, ecdsaKey: base64(ecdsa.spki) }
const NAME = { algorithm: 'sha256', digest: new Uint8Array(32).fill(9) } as const
const TOLD = { base: DEFAULT_BASE, ...NAME, reason: 'why', effectiveFrom: '2026-01-02T03:04:05Z' }

for (const [log, keys, algorithm] of [
  [V2, { key, ecdsa: null }, 'sha512'],
  [V1, { key, ecdsa }, 'sha256'],
] as const)
  t.test(`by a ${log.dialect} log`, async (t) => {
    const { leaf, keys: rows, attachments, withdraws } = await withdrawalEntry(log, keys, TOLD)
    t.same(withdraws, NAME)
    const [kept] = attachments
    if (kept === undefined) throw new Error('its content is not kept')
    t.same(withdrawalsOf(log)(leaf, kept.content), NAME)
    t.equal(kept.algorithm, algorithm)
    t.same(factsOf(log.dialect)(leaf).attachments[0]?.digest, kept.digest, 'the leaf commits to it')
    t.ok(
      rows.some(({ key }) => Buffer.from(key).equals(digestKey('sha256', NAME.digest))),
      'and is found by what it took back',
    )
    t.equal(withdrawalsOf({ ...log, vkey, ecdsaKey: base64(other.spki) })(leaf, kept.content), null, 'another log')
    t.equal(withdrawalsOf(log)(leaf, utf8('something else')), null)
    t.equal(withdrawalsOf(log)(utf8('{}'), kept.content), null, 'no leaf of its dialect')
    await t.rejects(withdrawalEntry(log, keys, { ...TOLD, reason: '' }), { code: 'FIELD_INVALID' })
  })

t.test('what the key signs besides takes nothing back', async (t) => {
  const admitted = async (payloadType: string, payload: Uint8Array) => {
    const signatures = [{ sig: ED25519.sign(pae(payloadType, payload)), keyid: '' }]
    const verifier = {
      keyDetails: ED25519.keyDetails,
      material: { kind: 'publicKey', rawBytes: ED25519.spki },
    } as const
    const envelope = { payloadType, payload, signatures }
    const { leaf } = await admit({ kind: 'dsse', envelope, verifiers: [verifier] }, { attachmentLimit: 0 })
    return withdrawalsOf(V2)(leaf, pae(payloadType, payload))
  }
  t.same(await admitted('application/vnd.in-toto+json', formatWithdrawal(TOLD)), NAME, 'as the log itself would')
  t.equal(await admitted('text/plain', formatWithdrawal(TOLD)), null)
  t.equal(await admitted('application/vnd.in-toto+json', utf8('{}')), null)
  const spaced = Buffer.from(`${Buffer.from(formatWithdrawal(TOLD))} `)
  t.equal(await admitted('application/vnd.in-toto+json', new Uint8Array(spaced)), null, 'in another spelling')
})

t.test('its signature is no checkpoint’s', async (t) => {
  const { leaf, attachments } = await withdrawalEntry(V2, { key, ecdsa: null }, TOLD)
  const { content } = JSON.parse(Buffer.from(leaf).toString()).spec.hashedRekordV002.signature
  const { verifyEd25519 } = await import('#crypto')
  const message = attachments[0]?.content ?? new Uint8Array()
  for (const text of [message, hashOf('SHA2_512', message)])
    await t.rejects(verifyEd25519(key.publicKey, text, new Uint8Array(Buffer.from(content, 'base64'))), {
      code: 'SIGNATURE_INVALID',
    })
})

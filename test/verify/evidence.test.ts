/** Evidence holds or it does not; an honest log's own notes make none. */

import t from 'tap'
import type { Found } from '../../src/formats/evidence.ts'
import { formatLogKey, parseLogKey } from '../../src/formats/log-key.ts'
import { type Hash, hash, leafIndex } from '../../src/kernel/brand.ts'
import { equal } from '../../src/kernel/bytes.ts'
import { verifyEvidence } from '../../src/verify/evidence.ts'
import { statedBy } from '../../src/verify/log-keys.ts'
import { verifyMlDsa44 } from '../../src/verify-node/ml-dsa.ts'
import { evidenceOf as sampleOf } from '../audit/evidence-samples.ts'
import { W } from '../audit/keys.ts'
import { entriesOf, filesOf, KEY, noteOver, ORIGIN, rootOf, VKEY } from '../audit/lying-log.ts'
import { treeOf } from '../reference/rfc6962.ts'
import { codeOf, flipped, head, logKey, signedBy } from '../verify/support.ts'

const evidenceOf = (found: Found, keys: readonly string[] = [VKEY]) => sampleOf(found, ORIGIN, keys)
const entries = entriesOf(300)
const other = [...entriesOf(100), ...entriesOf(200, 'other')]
const proofOf = (first: number, of: readonly Uint8Array[]): Hash[] =>
  treeOf(of).proof(BigInt(first), BigInt(of.length)).map(hash)
const note = (size: number, of: readonly Uint8Array[] = entries) => noteOver(of.slice(0, size))
const dated = async (size: number, time: number) =>
  await signedBy(head(ORIGIN, size, rootOf(entries.slice(0, size))), KEY, { ...W, line: (one) => W.line(one, time) })

const first = await note(200)
const second = await note(300, other)
const root = rootOf(other.slice(0, 200))
const forked: Found = { kind: 'fork', first, second, root, proof: proofOf(200, other) }
const bundle = filesOf(entries).get('tile/entries/001.p/44') ?? new Uint8Array()
const place = { level: 'entries', index: 1, width: 44 } as const
/** Of the subtree [256, 300) its root, and the path to the root of 300: what is left of it. */
const part = treeOf(entries).mth(256n, 300n)
const content: Found = {
  kind: 'content',
  checkpoint: await note(300),
  place,
  bytes: flipped(bundle, 50),
  root: hash(part),
  proof: treeOf(entries).subtreeProof(256n, 300n, 0n, 300n, true).map(hash),
}
const inclusion: Found = {
  kind: 'inclusion',
  checkpoint: await note(300),
  index: leafIndex(7),
  entry: entries[8] ?? new Uint8Array(),
  proof: treeOf(entries).path(7n, 0n, 300n).map(hash),
}

t.test('what holds', async (t) => {
  const holds: readonly (readonly [Found, 'proven' | 'attested'])[] = [
    [forked, 'proven'],
    [{ kind: 'fork', first: await note(300), second, root: rootOf(other), proof: [] }, 'proven'],
    [{ kind: 'rollback', first: await note(300), second: first }, 'attested'],
    [{ kind: 'stale', first: await note(300), second: first }, 'attested'],
    [{ kind: 'time', first: await dated(10, 2000), second: await dated(20, 1000), signer: W.vkey }, 'proven'],
    [{ kind: 'time', first: await dated(20, 1000), second: await dated(10, 2000), signer: W.vkey }, 'proven'],
    [content, 'attested'],
    [{ ...content, bytes: new Uint8Array() }, 'attested'],
    [{ kind: 'consistency', first, second, proof: proofOf(200, other) }, 'attested'],
    [inclusion, 'attested'],
  ]
  for (const [found, weight] of holds) {
    t.match(await verifyEvidence(evidenceOf(found), null, verifyMlDsa44), { kind: found.kind, weight, origin: ORIGIN })
    const stated = statedBy([{ kind: 'note', vkey: KEY.vkey }], verifyMlDsa44)
    t.match(await verifyEvidence(evidenceOf(found, []), stated, verifyMlDsa44), { weight })
    const stranger = statedBy([{ kind: 'note', vkey: logKey(ORIGIN, 8).vkey }], verifyMlDsa44)
    t.equal(await codeOf(() => verifyEvidence(evidenceOf(found), stranger, verifyMlDsa44)), 'CHECKPOINT_UNTRUSTED')
  }
})

t.test('what shows nothing', async (t) => {
  const honest = { first, second: await note(300), root: rootOf(entries.slice(0, 200)) }
  const tiles = ['tile/0/001.p/44', 'tile/1/000.p/1'].map((path, level) => {
    const tile = { level, index: 1 - level, width: level === 0 ? 44 : 1 }
    return { tile, bytes: filesOf(entries).get(path) ?? new Uint8Array() }
  })
  const checkpoint = await note(300)
  const bad: readonly (readonly [string, Found, string])[] = [
    ['growth', { kind: 'fork', ...honest, proof: proofOf(200, entries) }, 'EVIDENCE_REFUSED'],
    ['one tree twice', { kind: 'fork', first, second: first, root: honest.root, proof: [] }, 'EVIDENCE_REFUSED'],
    ['a fork with another root', { ...forked, root: rootOf(other.slice(0, 199)) }, 'PROOF_INVALID'],
    ['a fork with a hash less', { ...forked, proof: proofOf(200, other).slice(1) }, 'PROOF_INVALID'],
    ['a fork the wrong way round', { ...forked, first: second, second: first }, 'EVIDENCE_REFUSED'],
    ['growth as going back', { kind: 'rollback', first, second: await note(300) }, 'EVIDENCE_REFUSED'],
    [
      'times in order',
      { kind: 'time', first: await dated(10, 1000), second: await dated(20, 2000), signer: W.vkey },
      'EVIDENCE_REFUSED',
    ],
    [
      'times of one tree',
      { kind: 'time', first: await dated(10, 1000), second: await dated(10, 2000), signer: W.vkey },
      'EVIDENCE_REFUSED',
    ],
    ['no times', { kind: 'time', first, second: await note(300), signer: W.vkey }, 'EVIDENCE_REFUSED'],
    ['the right bundle', { ...content, bytes: bundle }, 'EVIDENCE_REFUSED'],
    ['a bundle by another root', { ...content, root: hash(treeOf(entries).mth(0n, 256n)) }, 'PROOF_INVALID'],
    ['a bundle elsewhere', { ...content, place: { ...place, index: 0 } }, 'PROOF_INVALID'],
    ['the right tiles', { kind: 'tiles', checkpoint, tiles }, 'EVIDENCE_REFUSED'],
    ['some of the tiles', { kind: 'tiles', checkpoint, tiles: tiles.slice(1) }, 'EVIDENCE_REFUSED'],
    ['a good proof', { kind: 'consistency', ...honest, proof: proofOf(200, entries) } as Found, 'EVIDENCE_REFUSED'],
    ['the right entry', { ...inclusion, entry: entries[7] ?? new Uint8Array() }, 'EVIDENCE_REFUSED'],
  ]
  for (const [name, found, code] of bad)
    t.equal(await codeOf(() => verifyEvidence(evidenceOf(found), null, verifyMlDsa44)), code, name)
  const foreign = { ...evidenceOf(forked), origin: 'another.example' }
  t.equal(await codeOf(() => verifyEvidence(foreign, null, verifyMlDsa44)), 'EVIDENCE_REFUSED', 'about another log')
  t.equal(await codeOf(() => verifyEvidence(evidenceOf(forked, []), null, verifyMlDsa44)), 'LOG_NOT_TRUSTED', 'no key')
})

t.test('no flipped bit in a note or a proof leaves a fork one', async (t) => {
  for (let bit = 0; bit < first.length * 8; bit += 13) {
    const code = await codeOf(() =>
      verifyEvidence(evidenceOf({ ...forked, first: flipped(first, bit) }), null, verifyMlDsa44),
    )
    if (code === 'ok') t.fail(`bit ${bit}`)
  }
  for (let bit = 0; bit < 256; bit += 5) {
    const proof = forked.kind === 'fork' ? forked.proof.map((one, i) => (i === 0 ? hash(flipped(one, bit)) : one)) : []
    t.equal(
      await codeOf(() => verifyEvidence(evidenceOf({ ...forked, proof } as Found), null, verifyMlDsa44)),
      'PROOF_INVALID',
    )
  }
})

t.test('keys of logs, in one spelling', async (t) => {
  t.equal(formatLogKey(parseLogKey(VKEY)), VKEY)
  const spki = Buffer.from(
    '3059301306072a8648ce3d020106082a8648ce3d030107034200046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
    'hex',
  )
  const key = { kind: 'rekor', host: 'rekor.example:3000', spki: new Uint8Array(spki) } as const
  const text = formatLogKey(key)
  const read = parseLogKey(text)
  t.ok(read.kind === 'rekor' && read.host === key.host && equal(read.spki, key.spki))
  for (const bad of [
    text.replace(/\+[0-9a-f]/, '+x'),
    text.replace('rekor', 'r k'),
    `${text}A`,
    text.slice(0, -4),
    '',
    'x'.repeat(9000),
  ])
    t.not(await codeOf(() => parseLogKey(bad)), 'ok', bad.slice(0, 40))
})

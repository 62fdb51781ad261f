/** Checkpoints under policies: vectors of others, notes of 1 to 100 lines, quorums, and no flipped bit. */

import { readFileSync } from 'node:fs'
import t from 'tap'
import { formatCheckpoint } from '../../src/formats/c2sp/checkpoint.ts'
import { formatNote, type NoteSignature, parseNote } from '../../src/formats/c2sp/note.ts'
import { type Policy, parsePolicy } from '../../src/formats/c2sp/policy.ts'
import { formatVkey, parseVkey } from '../../src/formats/c2sp/vkey.ts'
import { hash } from '../../src/kernel/brand.ts'
import { concat, parseBase64, parseUtf8, utf8 } from '../../src/kernel/bytes.ts'
import { EMPTY_ROOT } from '../../src/kernel/hash.ts'
import { openCheckpoint, verifyGrowth } from '../../src/verify/checkpoint.ts'
import { verifyMlDsa44 } from '../../src/verify-node/ml-dsa.ts'
import { readVector } from '../formats/support.ts'
import { codeOf, flipped, head, logKey, mlDsaKey, noteOf, refusedWith, signedBy, witnessKey } from './support.ts'

interface Examples {
  readonly vkeys: { readonly log: string; readonly witness: string; readonly witnessPQ: string }
  readonly checkpoints: Readonly<Record<string, string>>
  readonly cosignatureLine: string
  readonly cosignatureLineMlDsa: string
  readonly subtreeLine: string
  readonly consistencyProofs: Readonly<Record<string, readonly string[]>>
}

const EXAMPLES = readVector<Examples>('computed/worked-examples.json')
const { vkeys, checkpoints } = EXAMPLES
const FIVE = checkpoints[5] ?? ''
const ORIGIN = 'example.com/log'
const LOG = logKey(ORIGIN, 1)
const ROOT = hash(new Uint8Array(32).fill(9))
const HEAD = head(ORIGIN, 7, ROOT)

const policy = (...lines: string[]): Policy => parsePolicy(utf8(lines.map((line) => `${line}\n`).join('')))
const open = (note: Uint8Array, trusted: Policy) => openCheckpoint(note, trusted, verifyMlDsa44)

t.test('cosignatures of both kinds, as computed elsewhere', async (t) => {
  const asked = policy(
    `log ${vkeys.log}`,
    `witness A ${vkeys.witness}`,
    `witness B ${vkeys.witnessPQ}`,
    'group G all A B',
    'quorum G',
  )
  const lines = [EXAMPLES.cosignatureLine, EXAMPLES.cosignatureLineMlDsa].map((line) => `${line.trim()}\n`)
  const { size, cosigners } = await open(utf8(FIVE + lines.join('')), asked)
  t.equal(size, 5)
  t.same(cosigners, [
    { witness: 'A', keyName: 'witness.example/w1', time: 1_700_000_000 },
    { witness: 'B', keyName: 'witness.example/pq1', time: 1_700_000_000 },
  ])
  await refusedWith('QUORUM_MISSED', () => open(utf8(FIVE + lines[0]), asked), 'one of two')
  await refusedWith(
    'SIGNATURE_INVALID',
    () => open(utf8(`${FIVE}${lines[0]}${EXAMPLES.subtreeLine.trim()}\n`), asked),
    'the cosignature of a subtree is not that of the tree',
  )
})

t.test('a checkpoint that Torchwood signed with ML-DSA-44', async (t) => {
  const file = (name: string) => readFileSync(new URL(`../vectors/torchwood/${name}`, import.meta.url))
  const asked = policy(`log ${file('mldsa-log.vkey').toString('utf8').trim()}`, 'quorum none')
  const note = new Uint8Array(file('mldsa-checkpoint.note'))
  t.equal((await open(note, asked)).size, 1)
  await refusedWith('CHECK_UNAVAILABLE', () => openCheckpoint(note, asked, null), 'where there is no ML-DSA')
})

t.test('who must have signed', async (t) => {
  const trusted = policy(`log ${formatVkey(LOG.vkey)}`, 'quorum none')
  const note = await signedBy(HEAD, LOG)
  t.same((await open(note, trusted)).note, note, 'the note comes back as it came')
  const other = logKey('example.com/other', 2)
  await refusedWith(
    'LOG_NOT_TRUSTED',
    () => open(note, policy(`log ${formatVkey(other.vkey)}`, 'quorum none')),
    'another log',
  )
  await refusedWith('LOG_NOT_TRUSTED', () => open(note, policy('quorum none')), 'no log')
  const forged = await signedBy(head(ORIGIN, 7, ROOT), other)
  await refusedWith('CHECKPOINT_UNTRUSTED', () => open(forged, trusted), 'a stranger signs for the origin')
  const borrowed = await signedBy(head('example.com/other', 7, ROOT), LOG)
  const both = policy(`log ${formatVkey(LOG.vkey)}`, `log ${formatVkey(other.vkey)}`, 'quorum none')
  await refusedWith('CHECKPOINT_UNTRUSTED', () => open(borrowed, both), 'a key of one log signs for another')
  const renamed = logKey(ORIGIN, 3)
  const bad = { ...(await renamed.line(HEAD)), keyId: LOG.vkey.keyId }
  await refusedWith('SIGNATURE_INVALID', () => open(noteOf(HEAD, [bad]), trusted), 'a line under the key ID of another')
  await refusedWith(
    'SIGNATURE_INVALID',
    async () => open(noteOf(HEAD, [await LOG.line(HEAD), bad]), trusted),
    'a second line of a known key must be good too',
  )
})

t.test('notes of 1 to 100 lines: strangers are passed over', async (t) => {
  const trusted = policy(`log ${formatVkey(LOG.vkey)}`, 'quorum none')
  const own = await LOG.line(HEAD)
  const stranger = (i: number): NoteSignature => ({ name: `s${i}`, keyId: i, signature: new Uint8Array(80).fill(i) })
  for (let count = 1; count <= 100; count++) {
    const lines = Array.from({ length: count - 1 }, (_, i) => stranger(i))
    lines.splice(Math.floor(count / 2), 0, own)
    t.equal(await codeOf(() => open(noteOf(HEAD, lines), trusted)), 'ok', `${count} lines`)
    if (count > 1)
      await refusedWith(
        'CHECKPOINT_UNTRUSTED',
        () =>
          open(
            noteOf(
              HEAD,
              lines.filter((line) => line !== own),
            ),
            trusted,
          ),
        `${count - 1} strangers`,
      )
  }
  const many = formatNote({ text: formatCheckpoint(HEAD), signatures: Array.from({ length: 100 }, () => own) })
  const line = parseUtf8(many).split('\n').at(-2)
  await refusedWith('NOTE_MALFORMED', () => open(concat(many, utf8(`${line}\n`)), trusted), '101 lines')
  const empty = utf8(`${ORIGIN}\n7\nCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=\n\n`)
  await refusedWith('NOTE_MALFORMED', () => open(empty, trusted), 'none at all')
})

t.test('a line is of a key when name and ID are, and of nobody when one of them is', async (t) => {
  const witness = witnessKey('w1.example', 50)
  const trusted = policy(`log ${formatVkey(LOG.vkey)}`, `witness A ${formatVkey(witness.vkey)}`, 'quorum A')
  const [own, cosigned] = [await LOG.line(HEAD), await witness.line(HEAD)]
  const junk = new Uint8Array(72).fill(1)
  const halves = [own, cosigned].flatMap((line) => [
    { ...line, name: 'other.example', signature: junk },
    { ...line, keyId: line.keyId ^ 1, signature: junk },
  ])
  const { cosigners } = await open(noteOf(HEAD, [...halves.map(unsigned), own, cosigned]), trusted)
  t.same(
    cosigners.map(({ witness }) => witness),
    ['A'],
  )
  for (const line of halves.map(unsigned).slice(0, 2))
    await refusedWith('CHECKPOINT_UNTRUSTED', () => open(noteOf(HEAD, [line, cosigned]), trusted), 'half the log’s')
  for (const line of halves.map(unsigned).slice(2))
    await refusedWith('QUORUM_MISSED', () => open(noteOf(HEAD, [own, line]), trusted), 'half the witness’s')
})

/** A key ID that went through a bit operator. */
const unsigned = (line: NoteSignature): NoteSignature => ({ ...line, keyId: line.keyId >>> 0 })

t.test('a cosignature without a time is one, and says so', async (t) => {
  for (const witness of [witnessKey('w1.example', 50), mlDsaKey('w2.example', 51)]) {
    const trusted = policy(`log ${formatVkey(LOG.vkey)}`, `witness A ${formatVkey(witness.vkey)}`, 'quorum A')
    const { cosigners } = await open(noteOf(HEAD, [await LOG.line(HEAD), await witness.line(HEAD, 0)]), trusted)
    t.match(cosigners, [{ witness: 'A', time: 0 }])
  }
})

t.test('32 witnesses in nested groups', async (t) => {
  const keys = Array.from({ length: 32 }, (_, i) =>
    i % 8 === 7 ? mlDsaKey(`w${i}.example`, i) : witnessKey(`w${i}.example`, i + 40),
  )
  const names = keys.map((_, i) => `W${i}`)
  const groups = Array.from({ length: 8 }, (_, g) => `group G${g} 3 ${names.slice(4 * g, 4 * g + 4).join(' ')}`)
  const trusted = policy(
    `log ${formatVkey(LOG.vkey)}`,
    ...keys.map(({ vkey }, i) => `witness ${names[i]} ${formatVkey(vkey)}`),
    ...groups,
    'group H all G0 G1',
    'group Q 4 H G2 G3 G4 G5 G6 G7',
    'quorum Q',
  )
  const lines = await Promise.all(keys.map((key) => key.line(HEAD)))
  const own = await LOG.line(HEAD)
  const by = (kept: (i: number) => boolean) => noteOf(HEAD, [own, ...lines.filter((_, i) => kept(i))])
  t.equal(
    (
      await open(
        by(() => true),
        trusted,
      )
    ).cosigners.length,
    32,
  )
  t.equal(
    (
      await open(
        by((i) => i % 4 !== 0),
        trusted,
      )
    ).cosigners.length,
    24,
    'three of each four',
  )
  await refusedWith(
    'QUORUM_MISSED',
    () =>
      open(
        by((i) => i % 4 > 1),
        trusted,
      ),
    'two of each four',
  )
  t.equal(
    await codeOf(() =>
      open(
        by((i) => i >= 8 && i < 24),
        trusted,
      ),
    ),
    'ok',
    'four groups',
  )
  await refusedWith(
    'QUORUM_MISSED',
    () =>
      open(
        by((i) => i >= 12 && i < 24),
        trusted,
      ),
    'three groups',
  )
  t.equal(
    await codeOf(() =>
      open(
        by((i) => i < 20),
        trusted,
      ),
    ),
    'ok',
    'H and three groups',
  )
  await refusedWith(
    'QUORUM_MISSED',
    () =>
      open(
        by((i) => i >= 4 && i < 20),
        trusted,
      ),
    'half of H and three groups',
  )
  const again = noteOf(HEAD, [own, ...Array.from({ length: 24 }, () => lines[0] ?? own)])
  await refusedWith('QUORUM_MISSED', () => open(again, trusted), 'one witness many times is one witness')
})

t.test('no bit of what is signed can be flipped', async (t) => {
  const [w1, w2] = [witnessKey('w1.example', 50), mlDsaKey('w2.example', 51)]
  for (const [witness, step] of [
    [w1, 1],
    [w2, 9], // a bit of each byte: the signature is long, and a check of it slow
  ] as const) {
    const trusted = policy(`log ${formatVkey(LOG.vkey)}`, `witness A ${formatVkey(witness.vkey)}`, 'quorum A')
    const note = await signedBy(HEAD, LOG, witness)
    const survivors: number[] = []
    for (let bit = 0; bit < note.length * 8; bit += step)
      if ((await codeOf(() => open(flipped(note, bit), trusted))) === 'ok') survivors.push(bit)
    t.same(survivors, [])
    t.equal(parseNote(note).signatures.length, 2)
  }
})

t.test('extension lines: covered by Ed25519, refused with ML-DSA-44', async (t) => {
  const extended = { ...HEAD, extensions: ['more'] }
  const [w1, w2] = [witnessKey('w1.example', 50), mlDsaKey('w2.example', 51)]
  const trusted = policy(
    `log ${formatVkey(LOG.vkey)}`,
    `witness A ${formatVkey(w1.vkey)}`,
    `witness B ${formatVkey(w2.vkey)}`,
    'quorum A',
  )
  t.equal(await codeOf(async () => open(await signedBy(extended, LOG, w1), trusted)), 'ok')
  const bare = await w2.line(HEAD)
  await refusedWith(
    'SIGNATURE_INVALID',
    async () => open(noteOf(extended, [await LOG.line(extended), await w1.line(extended), bare]), trusted),
    'ML-DSA-44 over the text without them',
  )
  const plain = await w1.line(HEAD)
  await refusedWith(
    'SIGNATURE_INVALID',
    async () => open(noteOf(extended, [await LOG.line(extended), plain]), trusted),
    'Ed25519 over the text without them',
  )
  const future = concat(new Uint8Array(8).fill(0xff), plain.signature.subarray(8))
  await refusedWith(
    'SIGNATURE_INVALID',
    async () => open(noteOf(HEAD, [await LOG.line(HEAD), { ...plain, signature: future }]), trusted),
    'a time above 2^53-1',
  )
})

t.test('a tree of a Rekor v1 log, whose key has another name than the tree', async () => {
  const key = logKey('log.example/77', 3)
  const trusted = policy(`log ${formatVkey(key.vkey)}`, 'quorum none')
  const tree = head('log.example - 77', 7, ROOT)
  await refusedWith('ok', async () => open(await signedBy(tree, key), trusted), 'its own')
  await refusedWith(
    'CHECKPOINT_UNTRUSTED',
    async () => open(await signedBy(tree, logKey('log.example', 3)), trusted),
    'without the line of the listed key',
  )
  for (const origin of ['log.example - 78', 'log.example - 077', 'log.example -  77', 'log.example', 'other - 77'])
    await refusedWith('LOG_NOT_TRUSTED', async () => open(await signedBy(head(origin, 7, ROOT), key), trusted), origin)
})

t.test('growth of a log', async (t) => {
  const trusted = policy(`log ${vkeys.log}`, 'quorum none')
  const at = async (size: number) => open(utf8(checkpoints[size] ?? ''), trusted)
  const path = (EXAMPLES.consistencyProofs['3-5'] ?? []).map((line) => hash(parseBase64(line)))
  verifyGrowth(await at(3), await at(5), path)
  verifyGrowth(await at(0), await at(5), [])
  verifyGrowth(await at(5), await at(5), [])
  t.equal(parseVkey(vkeys.log).name, ORIGIN)
  await refusedWith('TREE_SHRUNK', async () => verifyGrowth(await at(5), await at(3), path), 'back')
  await refusedWith('PROOF_INVALID', async () => verifyGrowth(await at(3), await at(5), []), 'no proof')
  await refusedWith(
    'PROOF_INVALID',
    async () => verifyGrowth(await at(3), await at(5), path.toReversed()),
    'another proof',
  )
  const own = policy(`log ${formatVkey(LOG.vkey)}`, `log ${formatVkey(logKey('b', 5).vkey)}`, 'quorum none')
  const seven = await open(await signedBy(HEAD, LOG), own)
  const fork = await open(await signedBy(head(ORIGIN, 7, hash(new Uint8Array(32))), LOG), own)
  await refusedWith('PROOF_INVALID', () => verifyGrowth(seven, fork, []), 'two roots of one size')
  const other = await open(await signedBy(head('b', 0, EMPTY_ROOT), logKey('b', 5)), own)
  await refusedWith('PROOF_INVALID', () => verifyGrowth(other, seven, []), 'another log')
})

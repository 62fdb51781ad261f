/** The witness against logs that are late, wrong or lying. */

import t from 'tap'
import { importEd25519Seed, signEd25519 } from '../../src/crypto/node.ts'
import { formatCheckpoint, parseCheckpoint } from '../../src/formats/c2sp/checkpoint.ts'
import { cosignedSubtree, parseCosignature } from '../../src/formats/c2sp/cosignature.ts'
import { formatNote, formatSignatureLine, type NoteSignature, parseNote } from '../../src/formats/c2sp/note.ts'
import { formatAddCheckpoint } from '../../src/formats/c2sp/witness-request.ts'
import { treeSize } from '../../src/kernel/brand.ts'
import { base64, concat, utf8 } from '../../src/kernel/bytes.ts'
import { TlogError } from '../../src/kernel/error.ts'
import { memoryWitnessStore } from '../../src/storage/witness/memory.ts'
import { openLine } from '../../src/verify/note-line.ts'
import { verifyMlDsa44 } from '../../src/verify-node/ml-dsa.ts'
import { KnownLogs } from '../../src/witness/known-logs.ts'
import type { CosignedHead, WitnessStore } from '../../src/witness/ports.ts'
import type { Added } from '../../src/witness/witness.ts'
import { codeOf, flipped, logKey, mlDsaKey, refusedWith } from '../verify/support.ts'
import {
  GENEROUS,
  KEYS,
  LOG,
  linesOf,
  NAME,
  NOON,
  ORIGIN,
  originHash,
  request,
  signed,
  Tree,
  testWitness,
} from './support.ts'

const TREE = new Tree(300)
const FORK = new Tree(300, (i) => (i < 4 ? String(i) : `other ${i}`))

function linesIn(added: Added): readonly NoteSignature[] {
  if (!('lines' in added)) throw new Error(`the log must prove from ${added.size}`)
  return linesOf(added.lines)
}

/** Opens each line over the checkpoint in `note`, and returns their times. */
async function timesOf(note: Uint8Array, lines: readonly NoteSignature[]): Promise<(number | null | undefined)[]> {
  const { text } = parseNote(note)
  const received = { note: { text, signatures: lines }, checkpoint: parseCheckpoint(text) }
  const opened = [KEYS.ed25519, KEYS.mlDsa44].map(({ vkey }) => openLine(vkey, received, verifyMlDsa44))
  return (await Promise.all(opened)).map((line) => line?.time)
}

t.test('a log that grows, and one that only asks again', async (t) => {
  const { witness, at } = testWitness()
  let old = 0
  for (const [step, size] of [3, 5, 5, 256, 256, 300].entries()) {
    at(NOON + step * 1000)
    const lines = linesIn(await witness.addCheckpoint(await request(TREE, size, { old })))
    t.equal(lines.length, 2, 'both kinds in one answer, and no line of the log')
    const time = NOON / 1000 + step
    t.same(await timesOf(await signed(TREE, size), lines), [time, time], `size ${size}`)
    old = size
  }
  t.same(await witness.addCheckpoint(await request(TREE, 300)), { size: 300 }, 'a log that has forgotten')
})

t.test('the empty tree', async (t) => {
  const { witness } = testWitness()
  t.equal(linesIn(await witness.addCheckpoint(await request(TREE, 0))).length, 2)
  t.equal(linesIn(await witness.addCheckpoint(await request(TREE, 0))).length, 2)
  t.equal(linesIn(await witness.addCheckpoint(await request(TREE, 7))).length, 2)
  const wrong = utf8(`old 0\n\n${ORIGIN}\n0\n${base64(new Uint8Array(32))}\n`)
  const text = wrong.subarray(7)
  const signature = await signEd25519(importEd25519Seed(new Uint8Array(32).fill(1)), text)
  const { vkey } = LOG
  const line = formatSignatureLine({ name: vkey.name, keyId: vkey.keyId, signature })
  await refusedWith('PROOF_INVALID', () => witness.addCheckpoint(concat(wrong, utf8(`\n${line}`))), 'another root')
})

t.test('who signed', async (t) => {
  const second = mlDsaKey(ORIGIN, 5)
  const logs = new KnownLogs(NAME, [LOG.vkey, second.vkey], GENEROUS)
  const { witness } = testWitness({ logs })
  const add = async (asked: Parameters<typeof request>[2]) =>
    codeOf(async () => witness.addCheckpoint(await request(TREE, 5, { ...asked })))
  const checkpoint = parseCheckpoint(parseNote(await signed(TREE, 5)).text)
  const good = await LOG.line(checkpoint)
  const bad = { ...good, signature: flipped(good.signature, 77) }
  const stranger = logKey('stranger', 8)
  t.equal(await add({ keys: [stranger] }), 'SIGNATURE_UNKNOWN_KEY')
  t.equal(await add({ keys: [logKey(ORIGIN, 8)] }), 'SIGNATURE_UNKNOWN_KEY', 'of the same name')
  t.equal(await add({ origin: 'other.example' }), 'LOG_UNKNOWN')
  t.equal(await add({ keys: [], lines: [bad] }), 'SIGNATURE_INVALID')
  t.equal(
    await add({ keys: [second], lines: [bad] }),
    'SIGNATURE_INVALID',
    'a known key must hold, even beside a good one',
  )
  t.equal(await add({ lines: [{ ...bad, keyId: 1 }] }), 'ok', 'a line of an unknown key is no concern')
  t.equal(await add({ old: 5, keys: [second] }), 'ok', 'one of the two is enough')
  t.equal(await add({ old: 5, keys: [stranger, LOG, second, LOG] }), 'ok')
})

t.test('what has a wrong form', async (t) => {
  const { witness } = testWitness()
  const note = await signed(TREE, 5)
  const with_ = (head: string, rest: Uint8Array = note) => concat(utf8(head), rest)
  const bodies: readonly (readonly [string, Uint8Array, string])[] = [
    ['nothing', new Uint8Array(), 'REQUEST_MALFORMED'],
    ['no note', utf8('old 0\n\n'), 'NOTE_MALFORMED'],
    ['no signature', utf8(`old 0\n\n${ORIGIN}\n5\n${base64(TREE.root(5))}\n\n`), 'NOTE_MALFORMED'],
    ['no checkpoint', with_('old 0\n\n', utf8('hello\n\n— a AAAAAAA=\n')), 'CHECKPOINT_MALFORMED'],
    ['old above the size', with_('old 6\n\n'), 'REQUEST_MALFORMED'],
    ['a line more before the note', with_('old 0\n\nx\n'), 'CHECKPOINT_MALFORMED'],
  ]
  for (const [name, body, code] of bodies) await refusedWith(code, () => witness.addCheckpoint(body), name)
  t.equal(await witness.checkpoint(originHash(ORIGIN)), null, 'and nothing is kept')
})

t.test('extension lines are not cosigned', async () => {
  const { witness } = testWitness()
  const checkpoint = { ...parseCheckpoint(parseNote(await signed(TREE, 5)).text), extensions: ['x'] }
  const note = formatNote({ text: formatCheckpoint(checkpoint), signatures: [await LOG.line(checkpoint)] })
  const body = formatAddCheckpoint({ old: treeSize(0), proof: [], note })
  await refusedWith('CHECKPOINT_MALFORMED', () => witness.addCheckpoint(body), 'signed by the log')
})

t.test('what it shows: the log verified, and itself; never a forged line in its own name', async (t) => {
  const { witness } = testWitness()
  const forged = [KEYS.ed25519, KEYS.mlDsa44].map(({ vkey: { name, keyId, type } }) => ({
    name,
    keyId,
    signature: new Uint8Array(type === 6 ? 2428 : 72).fill(1),
  }))
  const other = { name: 'other.example', keyId: 7, signature: Uint8Array.of(1, 2, 3) }
  const asked = { lines: [...forged, other], keys: [LOG, LOG] }
  const lines = linesIn(await witness.addCheckpoint(await request(TREE, 5, asked)))
  const shown = (await witness.checkpoint(originHash(ORIGIN))) ?? new Uint8Array()
  const { signatures } = parseNote(shown)
  t.same(
    signatures.map(({ name }) => name),
    [ORIGIN, NAME, NAME],
    'each once',
  )
  t.same(signatures.slice(1), lines, 'what was answered')
  t.same(await timesOf(shown, signatures), [NOON / 1000, NOON / 1000], 'it opens')
  const again = linesIn(await witness.addCheckpoint(await request(TREE, 9, { ...asked, old: 5 })))
  t.equal(again.length, 2, 'and the witness goes on')
  t.equal(await witness.checkpoint(originHash('other.example')), null)
})

t.test('a fork is reported with both notes, and a wrong proof is not', async (t) => {
  const { witness, forks } = testWitness()
  await witness.addCheckpoint(await request(TREE, 7))
  await refusedWith(
    'PROOF_INVALID',
    async () => witness.addCheckpoint(await request(TREE, 9, { old: 7, proof: [] })),
    '',
  )
  await refusedWith(
    'PROOF_INVALID',
    async () => witness.addCheckpoint(await request(FORK, 9, { old: 7 })),
    'a fork ahead',
  )
  t.same(forks, [], 'nobody else can tell')
  await refusedWith('PROOF_INVALID', async () => witness.addCheckpoint(await request(FORK, 7, { old: 7 })), 'a fork')
  t.same(forks, [await witness.checkpoint(originHash(ORIGIN)), await signed(FORK, 7)])
})

t.test('a clock that is set back: no cosignature is older than the one before', async (t) => {
  const { witness, at } = testWitness()
  const timeOf = async (size: number, old: number) => {
    const lines = linesIn(await witness.addCheckpoint(await request(TREE, size, { old })))
    return parseCosignature(lines[0]?.signature ?? new Uint8Array(), 64).time
  }
  const seconds = NOON / 1000
  t.equal(await timeOf(3, 0), seconds)
  at(NOON - 3_600_000)
  t.equal(await timeOf(5, 3), seconds)
  t.equal(await timeOf(5, 5), seconds)
  at(0)
  t.equal(await timeOf(6, 5), seconds)
  at(NOON + 5000)
  t.equal(await timeOf(6, 6), seconds + 5)
  const fresh = testWitness()
  fresh.at(0)
  const lines = linesIn(await fresh.witness.addCheckpoint(await request(TREE, 3)))
  t.same(await timesOf(await signed(TREE, 3), lines), [1, 1], 'and none has the time 0')
})

t.test('two at once: one of them is cosigned, the other hears of it', async (t) => {
  for (let round = 0; round < 20; round++) {
    const { witness } = testWitness({ store: slow(memoryWitnessStore(), round % 5) })
    await witness.addCheckpoint(await request(TREE, 4))
    const bodies = await Promise.all(
      [TREE, FORK, TREE, FORK].map((tree, i) => request(tree, i < 2 ? 9 : 8, { old: 4 })),
    )
    const answers = await Promise.all(bodies.map((body) => witness.addCheckpoint(body)))
    const cosigned = answers.filter((answer) => 'lines' in answer)
    t.equal(cosigned.length, 1)
    const shown = parseCheckpoint(parseNote((await witness.checkpoint(originHash(ORIGIN))) ?? utf8('')).text)
    for (const answer of answers) if ('size' in answer) t.equal(answer.size, shown.size)
  }
})

/** Each call waits for `ticks` turns of the event loop, before and after: what races, races there. */
function slow(store: WitnessStore, ticks: number): WitnessStore {
  const wait = async () => {
    for (let i = 0; i < ticks; i++) await new Promise((resolve) => setImmediate(resolve))
  }
  const around = async <T>(work: () => Promise<T>): Promise<T> => {
    await wait()
    const result = await work()
    await wait()
    return result
  }
  return {
    ...store,
    head: (logId) => around(() => store.head(logId)),
    advance: (...args) => around(() => store.advance(...args)),
  }
}

t.test('nothing leaves that was not stored', async (t) => {
  const store = memoryWitnessStore()
  let failure: Error | null = null
  const failing: WitnessStore = {
    ...store,
    async advance(...args: [string, CosignedHead | null, CosignedHead]) {
      if (failure !== null) throw failure
      await store.advance(...args)
    },
  }
  const { witness, failures } = testWitness({ store: failing })
  await witness.addCheckpoint(await request(TREE, 3))
  failure = new TlogError('STORE_FULL', 'no room')
  await refusedWith('STORE_FULL', async () => witness.addCheckpoint(await request(TREE, 5, { old: 3 })), 'full')
  t.same(failures, [], 'that may pass')
  failure = new TlogError('STORE_CORRUPT', 'who knows')
  await refusedWith('STORE_CORRUPT', async () => witness.addCheckpoint(await request(TREE, 5, { old: 3 })), 'lost')
  t.same(failures, [failure], 'that must end the process')
  failure = null
  t.same(await witness.addCheckpoint(await request(TREE, 5)), { size: 3 })
})

t.test('a log has so many cosignings, and what grows does not wait for what does not', async (t) => {
  const logs = new KnownLogs(NAME, [LOG.vkey], { perDay: 86_400, burst: 2 })
  const { witness, at } = testWitness({ logs })
  const add = async (size: number, old: number) =>
    codeOf(async () => witness.addCheckpoint(await request(TREE, size, { old })))
  t.equal(await add(3, 0), 'ok')
  for (const expected of ['ok', 'ok', 'LOG_BUSY', 'LOG_BUSY']) t.equal(await add(3, 3), expected, 'asked again')
  t.same(await witness.addCheckpoint(await request(TREE, 3)), { size: 3 }, 'a refusal costs nothing')
  t.equal(await add(4, 3), 'ok', 'a second growth')
  t.equal(await add(5, 4), 'LOG_BUSY')
  at(NOON + 1000)
  t.equal(await add(5, 4), 'ok', 'a second later')
})

t.test('a subtree of what it cosigned', async (t) => {
  const { witness } = testWitness()
  const lines = linesIn(await witness.addCheckpoint(await request(TREE, 13)))
  const note = (signatures: readonly NoteSignature[]) => signed(TREE, 13, { keys: [], lines: signatures })
  const ask = async (start: number, end: number, asked: { note?: Uint8Array; proof?: string; root?: number } = {}) => {
    const root = base64(TREE.root(asked.root ?? Math.min(end, 300), Math.min(start, 299)))
    const proof =
      asked.proof ??
      TREE.subtreeProof(start, Math.min(end, 13), 13)
        .map((h) => `${base64(h)}\n`)
        .join('')
    const body = concat(utf8(`subtree ${start} ${end}\n${root}\n${proof}\n`), asked.note ?? (await note(lines)))
    return witness.signSubtree(body)
  }
  for (const [start, end] of [
    [0, 13],
    [0, 8],
    [8, 12],
    [8, 13],
    [12, 13],
    [5, 6],
    [4, 7],
  ] as const) {
    const [line] = linesOf(await ask(start, end))
    const { time, signature } = parseCosignature(line?.signature ?? new Uint8Array(), 2420)
    t.equal(time, 0)
    const subtree = { start, end, root: TREE.root(end, start) } as unknown as Parameters<typeof cosignedSubtree>[2]
    const message = cosignedSubtree(NAME, ORIGIN, subtree)
    t.ok(await verifyMlDsa44(KEYS.mlDsa44.vkey.publicKey, message, signature), `[${start}, ${end})`)
  }
  for (const [index, line] of lines.entries())
    t.equal(linesOf(await ask(4, 8, { note: await note([line]) })).length, 1, `by our line ${index} alone`)
  const bad = lines.map((line) => ({ ...line, signature: flipped(line.signature, 999 % (line.signature.length * 8)) }))
  const refused: readonly (readonly [string, string, () => Promise<unknown>])[] = [
    ['REQUEST_MALFORMED', 'no subtree', () => ask(3, 5, { proof: '' })],
    ['REQUEST_MALFORMED', 'empty', () => ask(4, 4, { proof: '' })],
    ['REQUEST_MALFORMED', 'backwards', () => ask(5, 4, { proof: '', root: 6 })],
    ['REQUEST_MALFORMED', 'beyond the tree', () => ask(8, 14, { proof: '' })],
    ['SIGNATURE_UNKNOWN_KEY', 'signed by the log alone', async () => ask(4, 8, { note: await signed(TREE, 13) })],
    ['SIGNATURE_INVALID', 'a bad line of ours', async () => ask(4, 8, { note: await note(bad) })],
    ['PROOF_INVALID', 'no proof', () => ask(4, 8, { proof: '' })],
    ['PROOF_INVALID', 'another root', () => ask(4, 8, { root: 9 })],
  ]
  for (const [code, name, run] of refused) await refusedWith(code, run, name)
  const elsewhere = testWitness({ logs: new KnownLogs(NAME, [], GENEROUS) })
  const body = concat(utf8(`subtree 0 13\n${base64(TREE.root(13))}\n\n`), await note(lines))
  await refusedWith('LOG_UNKNOWN', () => elsewhere.witness.signSubtree(body), 'an unknown log')
})

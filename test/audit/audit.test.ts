/** The auditor's rules, with a log, a memory and a clock of the test's own. */

import t from 'tap'
import { type AuditParts, createAudit } from '../../src/audit/audit.ts'
import { edgeFromTiles, edgeTiles } from '../../src/audit/edge-tiles.ts'
import { readAhead } from '../../src/audit/read-ahead.ts'
import { formatState, parseState } from '../../src/audit/state.ts'
import { type Evidence, formatEvidence } from '../../src/formats/evidence.ts'
import { type LeafHash, treeSize, unixMillis } from '../../src/kernel/brand.ts'
import { equal, utf8 } from '../../src/kernel/bytes.ts'
import { Edge } from '../../src/kernel/edge.ts'
import { leafHash } from '../../src/kernel/hash.ts'
import { NO_WITNESSES } from '../../src/verify/checkpoint.ts'
import { verifyEvidence } from '../../src/verify/evidence.ts'
import { verifyMlDsa44 } from '../../src/verify-node/ml-dsa.ts'
import { codeOf, head, mlDsaKey, type NoteKey, signedBy, witnessKey } from '../verify/support.ts'
import { entriesOf, type Files, filesOf, KEY, noteOver, ORIGIN, rootOf } from './lying-log.ts'

const NOON = 1_700_000_000_000
const W = witnessKey('witness.example/w', 3)
const PQ = mlDsaKey(ORIGIN, 4)

interface Bench {
  readonly parts: AuditParts
  readonly files: Files
  readonly evidence: Evidence[]
  at(ms: number): void
  show(entries: readonly Uint8Array[], ...notes: readonly (readonly [NoteKey, number])[]): Promise<void>
}

function bench(change: Partial<AuditParts> = {}): Bench {
  const files: Files = new Map()
  const evidence: Evidence[] = []
  let [kept, now]: [Uint8Array | null, number] = [null, NOON]
  const policy = {
    ...NO_WITNESSES,
    logs: [{ vkey: KEY.vkey }, { vkey: PQ.vkey }],
    witnesses: [{ name: 'w', vkey: W.vkey }],
  }
  const parts: AuditParts = {
    log: {
      kind: 'tiles',
      checkpoint: async () => files.get('checkpoint') ?? new Uint8Array(),
      file: async (path) => files.get(path) ?? null,
    },
    logs: { root: null, policy, mlDsa44: verifyMlDsa44 },
    memory: {
      read: () => kept,
      write: (bytes) => {
        kept = bytes
      },
    },
    keep: (one) => {
      formatEvidence(one)
      return `file ${evidence.push(one)}`
    },
    witnesses: [],
    clock: {
      now: () => unixMillis(now),
      after: (_, call) => {
        call()
        return () => undefined
      },
    },
    maxAgeMs: null,
    graceMs: 3_600_000,
    again: false,
    isStopping: () => false,
    onProgress: () => undefined,
    ...change,
  }
  return {
    parts,
    files,
    evidence,
    at: (ms) => {
      now = ms
    },
    async show(entries, ...notes) {
      for (const [path, bytes] of filesOf(entries)) files.set(path, bytes)
      const tree = head(ORIGIN, entries.length, rootOf(entries))
      const dated = notes.map(([key, time]): NoteKey => ({ ...key, line: (one) => key.line(one, time) }))
      files.set('checkpoint', await signedBy(tree, KEY, ...dated))
    },
  }
}

t.test('what was cut off goes on where it stood', async (t) => {
  let left = Number.POSITIVE_INFINITY
  const { parts, show, files } = bench({ isStopping: () => left-- <= 0 })
  await show(entriesOf(1000))
  t.match(await createAudit(parts).poll(), { outcome: 'honest', read: 1000 })
  await show(entriesOf(2300))
  left = 2
  const cut = await createAudit(parts).poll()
  t.match(cut, { outcome: 'undetermined', verified: 1000, error: { code: 'LOG_CLOSED' } })
  const state = parseState(parts.memory.read() ?? new Uint8Array())
  t.equal(state.reading?.size, 1536)
  left = Number.POSITIVE_INFINITY
  await show(entriesOf(2400))
  files.delete('tile/entries/004') // was read before
  t.match(await createAudit(parts).poll(), { outcome: 'honest', verified: 2400, read: 2400 - 1536 })
})

t.test('what was cut off, and is another history since', async (t) => {
  let left = Number.POSITIVE_INFINITY
  const { parts, show, evidence } = bench({ isStopping: () => left-- <= 0 })
  await show(entriesOf(1000))
  await createAudit(parts).poll()
  await show(entriesOf(2300))
  left = 2
  await createAudit(parts).poll()
  left = Number.POSITIVE_INFINITY
  await show([...entriesOf(1100), ...entriesOf(1300, 'other')])
  t.match(await createAudit(parts).poll(), { outcome: 'misbehaved', verified: 1000, findings: [{ kind: 'fork' }] })
  t.equal(evidence.length, 1)
  await show(entriesOf(2300))
  t.match(await createAudit(parts).poll(), { outcome: 'misbehaved', forks: ['file 1'], findings: [] }, 'it stays one')
})

t.test('whoever dates a larger tree before a smaller one', async (t) => {
  for (const [name, key] of [
    ['a witness', W],
    ['the log', PQ],
  ] as const) {
    const { parts, show, evidence } = bench()
    const audit = createAudit(parts)
    await show(entriesOf(10), [key, 2000])
    t.match(await audit.poll(), { outcome: 'honest', dated: 2000 })
    await show(entriesOf(10), [key, 1000])
    t.match(await audit.poll(), { outcome: 'honest', dated: 1000 }, 'an older one of the same tree is a cache')
    await show(entriesOf(10), [key, 2000])
    await audit.poll()
    await show(entriesOf(20), [key, 1999])
    t.match(await audit.poll(), { outcome: 'misbehaved', findings: [{ kind: 'time', weight: 'proven' }] }, name)
    t.equal(evidence.length, 1)
    const [one] = evidence as [Evidence]
    t.match(await verifyEvidence(one, null, verifyMlDsa44), { kind: 'time', origin: ORIGIN })
  }
})

t.test('a policy, and an age', async (t) => {
  const { parts, show, at } = bench({ maxAgeMs: 60_000 })
  const policy = { ...(parts.logs.policy ?? NO_WITNESSES), quorum: 'w' }
  const audit = createAudit({ ...parts, logs: { ...parts.logs, policy } })
  await show(entriesOf(3))
  t.match(await audit.poll(), { outcome: 'refused', verified: 3, error: { code: 'QUORUM_MISSED' } })
  await show(entriesOf(4), [W, NOON / 1000])
  t.match(await audit.poll(), { outcome: 'honest', verified: 4 })
  at(NOON + 61_000)
  t.match(await audit.poll(), { outcome: 'refused', error: { code: 'CHECKPOINT_STALE', message: /61 s ago/ } })
  await show([...entriesOf(3), utf8('other')])
  t.match(await audit.poll(), { outcome: 'misbehaved', findings: [{ kind: 'fork' }] }, 'a lie without a quorum is one')
})

t.test('an age where nobody dates', async (t) => {
  const { parts, show, at } = bench({ maxAgeMs: 60_000 })
  const audit = createAudit(parts)
  await show(entriesOf(3))
  await audit.poll()
  at(NOON + 61_000)
  t.match(await audit.poll(), { outcome: 'refused', error: { code: 'CHECKPOINT_STALE', message: /not changed/ } })
  await show(entriesOf(4))
  t.match(await audit.poll(), { outcome: 'honest' })
})

t.test('witnesses: behind, ahead for a moment, silent', async (t) => {
  let shown: Uint8Array | null = null
  const { parts, show, evidence } = bench({
    witnesses: [{ url: 'https://witness.example', checkpoint: async () => shown }],
  })
  const audit = createAudit(parts)
  await show(entriesOf(300))
  t.match(await audit.poll(), { outcome: 'honest', remarks: [/shows no checkpoint/] })
  shown = await noteOver(entriesOf(200), W)
  t.match(await audit.poll(), { outcome: 'honest', remarks: [] })
  shown = await noteOver(entriesOf(400))
  t.match(await audit.poll(), { outcome: 'honest', remarks: [/400 leaves, and here are 300/] })
  await show(entriesOf(500))
  t.match(await audit.poll(), { outcome: 'honest', remarks: [] })
  shown = await noteOver([...entriesOf(450), ...entriesOf(100, 'other')])
  t.match(await audit.poll(), { outcome: 'honest', remarks: [/550/] })
  await show(entriesOf(600))
  t.match(await audit.poll(), { outcome: 'misbehaved', findings: [{ kind: 'fork' }] }, 'once it has got there')
  t.ok(evidence.every(({ found }) => found.kind === 'fork'))
})

t.test('another log in its place', async (t) => {
  const { parts, show } = bench()
  await show(entriesOf(3))
  await createAudit(parts).poll()
  const state = parseState(parts.memory.read() ?? new Uint8Array())
  parts.memory.write(formatState({ ...state, origin: 'another' }))
  t.match(await createAudit(parts).poll(), { outcome: 'refused', error: { code: 'CHECKPOINT_UNTRUSTED' } })
})

t.test('a memory that is not its own is refused', async (t) => {
  const { parts, show } = bench()
  await show(entriesOf(700))
  await createAudit(parts).poll()
  const state = parseState(parts.memory.read() ?? new Uint8Array())
  t.same(parseState(formatState(state)), state)
  const tiles = state.verified?.tiles.map((tile) => tile.map((byte, i) => (i === 3 ? byte ^ 1 : byte))) ?? []
  parts.memory.write(formatState({ ...state, verified: { note: state.verified?.note ?? new Uint8Array(), tiles } }))
  await show(entriesOf(800))
  t.equal(await codeOf(() => createAudit(parts).poll()), 'STORE_CORRUPT')
  for (const text of ['', '{}', '{"type":"colophon-audit/v2"}']) {
    parts.memory.write(utf8(text))
    t.equal(await codeOf(() => createAudit(parts)), 'STORE_CORRUPT')
  }
})

t.test('the edge that is kept is the edge', async (t) => {
  const leaves = Array.from({ length: 70_000 }, (_, i) => leafHash(utf8(String(i))))
  const whole = new Edge()
  const sizes = [0, 1, 2, 255, 256, 257, 4095, 65_535, 65_536, 65_792, 66_049]
  for (const [i, leaf] of leaves.entries()) {
    if (sizes.includes(i)) {
      const kept = edgeFromTiles(treeSize(i), edgeTiles(whole))
      t.ok(equal(kept.root(), whole.root()), `${i}`)
      for (const next of leaves.slice(i, i + 600)) kept.append(next as LeafHash)
      const straight = new Edge()
      for (const next of leaves.slice(0, i + 600)) straight.append(next)
      t.ok(equal(kept.root(), straight.root()), `${i} and 600 more`)
      t.same(edgeTiles(kept), edgeTiles(straight))
    }
    whole.append(leaf)
    if (whole.size % 256 === 0) whole.forget(whole.size)
  }
  t.equal(await codeOf(() => edgeFromTiles(treeSize(300), [new Uint8Array(32)])), 'STORE_CORRUPT')
})

t.test('reading ahead: in order, a window at once, and no further once something failed', async (t) => {
  let [under, most] = [0, 0]
  const read = async (i: number) => {
    most = Math.max(most, ++under)
    await new Promise((resolve) => setTimeout(resolve, (i * 7) % 5))
    under--
    if (i === 30) throw new Error('no more')
    return i
  }
  const seen: number[] = []
  const all = async (end: number) => {
    for await (const i of readAhead(3, end, 4, read)) seen.push(i)
  }
  await all(20)
  t.same(
    seen,
    Array.from({ length: 17 }, (_, i) => i + 3),
  )
  t.equal(most, 4)
  await t.rejects(all(100), { message: 'no more' })
  t.equal(seen.at(-1), 29)
})

import t from 'tap'
import { type Direction, type Stop, type Walked, walk } from '../../src/custody/walk.ts'
import type { Log } from '../../src/log/log.ts'
import { digestOf, logOf, provenance, type Step, statementEntry } from './support.ts'

const logging = (slug: string, steps: readonly Step[]) =>
  logOf(
    slug,
    steps.map((step) => statementEntry(provenance(step))),
  )

interface Asked {
  readonly direction?: Direction
  readonly maxDepth?: number
  readonly limit?: number
}

async function page(logs: readonly Log[], start: Stop, { direction = 'up', maxDepth = 20, limit = 100 }: Asked) {
  return await walk(start, { logs, direction, maxDepth, limit, turn: async () => undefined })
}

const names = ({ found }: Walked) => found.map(({ log, index, depth }) => `${log.identity.slug}:${index}@${depth}`)

/** All pages, as a client asks for them. */
async function all(logs: readonly Log[], artifact: string, asked: Asked = {}): Promise<string[]> {
  const [found, seen] = [new Set<string>(), new Set<string>()]
  const stops: Stop[] = [{ artifact, depth: 1, after: null }]
  for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) {
    const walked = await page(logs, stop, asked)
    for (const name of names(walked)) found.add(name.split('@')[0] ?? '')
    for (const next of walked.rest) {
      const name = `${next.artifact} ${next.after?.log.identity.slug}:${next.after?.index}`
      if (!seen.has(name)) stops.push(next)
      seen.add(name)
    }
  }
  return [...found].sort()
}

const at = (byte: number): Stop => ({ artifact: digestOf(byte), depth: 1, after: null })

t.test('a chain over two logs, both ways', async (t) => {
  const a = await logging('a', [{ made: [1] }, { made: [3], from: [2] }])
  const b = await logging('b', [
    { made: [2], from: [1, 99] },
    { made: [4], from: [3] },
    { made: [50], from: [51] },
  ])
  t.same(names(await page([a, b], at(4), {})), ['b:1@1', 'a:1@2', 'b:0@3', 'a:0@4'])
  t.same(names(await page([a, b], at(1), { direction: 'down' })), ['a:0@1', 'b:0@1', 'a:1@2', 'b:1@3'])
  t.same(names(await page([a, b], at(4), { maxDepth: 2 })), ['b:1@1', 'a:1@2'])
  t.match(await page([a, b], at(7), {}), { found: [], rest: [] }, 'of which nobody speaks')
  const [first] = (await page([a, b], at(1), { direction: 'down' })).found.slice(1)
  t.match(first, { as: 'dependency', artifact: digestOf(1) })
})

t.test('cycles, and what is made of itself', async (t) => {
  const log = await logging('a', [
    { made: [1], from: [2] },
    { made: [2], from: [3] },
    { made: [3], from: [1] },
    { made: [4], from: [4, 1] },
  ])
  for (const direction of ['up', 'down'] as const) {
    t.equal((await page([log], at(1), { direction })).found.length, direction === 'up' ? 3 : 4, direction)
    t.same((await page([log], at(4), { direction })).rest, [])
  }
})

t.test('one artifact under several digests; what was made together', async (t) => {
  const log = await logOf('a', [
    ...[{ made: ['gguf_tensors_v1:aa', 9] }, { made: [20], from: ['gguf_tensors_v1:aa'] }].map((step) =>
      statementEntry(provenance(step)),
    ),
    statementEntry(
      new TextEncoder().encode(
        JSON.stringify({
          _type: 'https://in-toto.io/Statement/v1',
          subject: [{ digest: { sha256: '01'.repeat(32), gguf_tensors_v1: 'aa' } }],
          predicateType: 'https://slsa.dev/provenance/v0.2',
          predicate: { materials: [{ digest: { dirHash1: 'bb' } }] },
        }),
      ),
    ),
    statementEntry(provenance({ made: ['dirHash:bb', 30] })),
  ])
  t.same(names(await page([log], at(1), {})), ['a:2@1', 'a:0@1', 'a:3@2'], 'up: other digests of the same')
  t.same(names(await page([log], at(1), { direction: 'down' })), ['a:2@1', 'a:0@1', 'a:1@1'], 'down: by its weights')
  t.same(names(await page([log], at(30), { direction: 'down' })), ['a:3@1', 'a:2@1', 'a:0@2', 'a:1@2'], 'by a sibling')
})

t.test('pages of any length hold the same', async (t) => {
  const steps = Array.from({ length: 150 }, (_, i) => ({ made: [100 + (i % 100)], from: [i % 7] }))
  const [a, b] = [await logging('a', steps.slice(0, 90)), await logging('b', steps.slice(90))]
  const whole = await all([a, b], digestOf(3), { direction: 'down' })
  t.ok(whole.length > 20)
  for (const limit of [1, 2, 7, 64, 99]) t.same(await all([a, b], digestOf(3), { direction: 'down', limit }), whole)
  const { found, rest } = await page([a, b], at(3), { direction: 'down', limit: 5 })
  t.equal(found.length, 5)
  t.match(rest[0], { artifact: digestOf(3), depth: 1, after: { index: found[4]?.index } })
})

t.test('a hostile statement', async (t) => {
  const many = Array.from({ length: 10_000 }, (_, i) => `sha256:${i.toString(16).padStart(64, '0')}`)
  const log = await logOf('a', [
    statementEntry(provenance({ made: [1], from: many })),
    statementEntry(provenance({ made: [2], from: many.slice(0, 4095) })),
    statementEntry(provenance({ made: ['sha256:00'] }), 'another', false),
  ])
  t.match(await page([log], at(1), {}), { found: [], rest: [] }, 'above what is indexed it is not found')
  const { found, rest } = await page([log], at(2), {})
  t.equal(found.length, 1)
  t.same(rest, [], 'and all that it names was looked up')
  t.match(await page([log], { ...at(0), artifact: 'sha256:00' }, {}), { found: [] }, 'logged by its digest alone')
})

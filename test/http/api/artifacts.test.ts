/** What the logs have on a digest: all of it, nothing else, nothing that is not published, page by page. */

import t from 'tap'
import { digestKey } from '../../../src/formats/lookup-key.ts'
import { treeSize } from '../../../src/kernel/brand.ts'
import { hex, utf8 } from '../../../src/kernel/bytes.ts'
import type { Log } from '../../../src/log/log.ts'
import { createWorld, entry, inTime, start } from '../../log/support.ts'
import { leaf as referenceLeaf } from '../../reference/rfc6962.ts'
import { altered, askApi, type Json, outcomeOf } from './support.ts'

const KINDS = [
  ['sha256', 32],
  ['sha384', 48],
  ['sha512', 64],
] as const
const DIGESTS = KINDS.map(([algorithm, length]) => [algorithm, new Uint8Array(length).fill(length)] as const)
const nameOf = (at: number) => `${DIGESTS[at]?.[0]}:${hex(DIGESTS[at]?.[1] ?? new Uint8Array())}`

/** Entry i is about the digests that `about` gives. */
async function logAbout(slug: string, count: number, about: (i: number) => number[]): Promise<Log> {
  const { clock, log } = await begin()
  const offered = Array.from({ length: count }, (_, i) => {
    const keys = about(i).map((at) => {
      const [algorithm, digest] = DIGESTS[at] ?? ['', new Uint8Array()]
      return { key: digestKey(algorithm, digest), source: 'leaf' as const }
    })
    return entry(i, { leaf: utf8(leafOf(slug, i)), keys })
  })
  for (const one of offered) await inTime(clock, log.add(one))
  return altered(log, { identity: { ...log.identity, slug } })
}

async function begin() {
  const world = createWorld()
  return { clock: world.clock, log: (await start(world)).log }
}

const leafOf = (slug: string, i: number) =>
  i % 2 === 0 ? `{"apiVersion":"0.0.${i}","kind":"made"}` : `entry ${slug} ${i}`

const ABOUT = { a: (i: number) => (i % 3 === 0 ? [0] : [1]), b: () => [1, 2], c: (i: number) => (i > 5 ? [0] : []) }
const SIZES = { a: 40, b: 7, c: 12 }
const [a, b, c] = [
  await logAbout('a', SIZES.a, ABOUT.a),
  await logAbout('b', SIZES.b, ABOUT.b),
  await logAbout('c', SIZES.c, ABOUT.c),
]
const ask = askApi(a, b, c)

function expected(at: number): string[] {
  return (['a', 'b', 'c'] as const).flatMap((slug) =>
    Array.from({ length: SIZES[slug] }, (_, i) => i).flatMap((i) =>
      ABOUT[slug](i).includes(at) ? [`${slug}:${i}`] : [],
    ),
  )
}

async function walk(at: number, limit: string): Promise<Json[]> {
  const found: Json[] = []
  let path: string | null = `/artifacts/${nameOf(at)}${limit}`
  while (path !== null) {
    const { status, json }: Json = await ask(path)
    if (status !== 200) throw new Error(`${path}: ${status}`)
    found.push(...json.entries)
    path = json.next
  }
  return found
}

t.test('all that is about a digest, in pages of any length', async (t) => {
  for (const at of [0, 1, 2])
    for (const limit of ['', '?limit=1', '?limit=2', '?limit=7', '?limit=19', '?limit=20']) {
      const found = await walk(at, limit)
      t.same(
        found.map(({ log, index }) => `${log}:${index}`),
        expected(at),
        `${nameOf(at)}${limit}`,
      )
    }
})

t.test('what is said of an entry', async (t) => {
  const { headers, json } = await ask(`/artifacts/${nameOf(0)}?limit=2`)
  t.equal(headers['cache-control'], 'no-cache')
  t.match(json, {
    artifact: nameOf(0),
    logs: [
      { log: 'a', size: 40 },
      { log: 'b', size: 7 },
      { log: 'c', size: 12 },
    ],
  })
  for (const [i, index] of [0, 3].entries()) {
    const { time: _, ...entry } = json.entries[i]
    t.strictSame(entry, {
      log: 'a',
      index,
      leafHash: hex(referenceLeaf(utf8(leafOf('a', index)))),
      kind: index === 0 ? 'made 0.0.0' : null,
      signers: [],
      statement: null,
      withdrawn: null,
      links: { self: `/logs/a/entries/${index}` },
    })
    t.equal((await ask(entry.links.self)).json.leafHash, entry.leafHash, 'the link leads to it')
  }
})

t.test('nothing above what is published', async (t) => {
  const newest = a.published()
  const early = altered(a, { published: () => newest && { ...newest, size: treeSize(10) } })
  const { json } = await askApi(early)(`/artifacts/${nameOf(0)}`)
  t.same(
    json.entries.map(({ index }: Json) => index),
    [0, 3, 6, 9],
  )
  t.same(json.logs, [{ log: 'a', size: 10 }])
  const fresh = altered(a, { published: () => null })
  t.match((await askApi(fresh)(`/artifacts/${nameOf(0)}`)).json, { entries: [], next: null, logs: [{ size: 0 }] })
})

t.test('refusals', async (t) => {
  const good = nameOf(0)
  const refused: readonly [path: string, outcome: string][] = [
    [good.toUpperCase(), '400 FIELD_INVALID'],
    [good.slice(0, -1), '400 FIELD_INVALID'],
    [`${good}0`, '400 FIELD_INVALID'],
    [`${good}%30`, '400 FIELD_INVALID'],
    [good.replace('sha256', 'sha512'), '400 FIELD_INVALID'],
    [good.replace('sha256', 'sha/1'), '404'],
    [good.replace('sha256', 'sha384'), '400 FIELD_INVALID'],
    [good.slice(7), '400 FIELD_INVALID'],
    [`${good}?limit=0`, '400 FIELD_INVALID'],
    [`${good}?limit=21`, '400 FIELD_INVALID'],
    [`${good}?after=a`, '400 FIELD_INVALID'],
    [`${good}?after=a:01`, '400 DECIMAL_MALFORMED'],
    [`${good}?after=A:1`, '400 FIELD_INVALID'],
    [`${good}?after=z:1`, '404 LOG_UNKNOWN'],
    [`${good}?after=a:9007199254740991`, '400 INDEX_OUT_OF_RANGE'],
    [`${good}?page=1`, '400 FIELD_UNKNOWN'],
    [`${good}/custodian`, '404'],
    [`${good}/custody?direction=sideways`, '400 FIELD_INVALID'],
    [`${good}/custody?depth=0`, '400 FIELD_INVALID'],
    [`${good}/custody?depth=65`, '400 FIELD_INVALID'],
  ]
  for (const [path, outcome] of refused) t.equal(outcomeOf(await ask(`/artifacts/${path}`)), outcome, path)
})

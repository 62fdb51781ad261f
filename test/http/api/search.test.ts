/** Entries of all logs by digest, name and key: all of them, nothing else, nothing that is not published, page by page. */

import t from 'tap'
import { certificateKey, digestKey, publicKeyKey, subjectKey } from '../../../src/formats/lookup-key.ts'
import { treeSize } from '../../../src/kernel/brand.ts'
import { hex, parseHex, utf8 } from '../../../src/kernel/bytes.ts'
import type { Log } from '../../../src/log/log.ts'
import { hashOf } from '../../dialects/rekor-v2/support.ts'
import { createWorld, entry, inTime, start } from '../../log/support.ts'
import { leaf as referenceLeaf } from '../../reference/rfc6962.ts'
import { altered, askApi, type Json, outcomeOf } from './support.ts'

const SHA1 = `sha1:${'ab'.repeat(20)}`
const SHA512 = `sha512:${'cd'.repeat(64)}`
const [DER, CERTIFICATE] = [utf8('a public key'), utf8('a certificate')]
const NAME = 'https://example.com/a b&c#d?é+%'
const digest = (name: string) =>
  digestKey(name.slice(0, name.indexOf(':')), parseHex(name.slice(name.indexOf(':') + 1)))

/** Under which key an entry is, and how the key is asked for. */
const KEYS = {
  sha1: [digest(SHA1), `hash=${SHA1}`],
  sha512: [digest(SHA512), `hash=${SHA512}`],
  email: [subjectKey({ type: 'email', value: 'a.b+c@example.com' }), 'email=a.b+c@example.com'],
  uri: [subjectKey({ type: 'uri', value: NAME }), `subject=${encodeURIComponent(NAME)}`],
  user: [subjectKey({ type: 'other', oid: '1.3.6.1.4.1.57264.1.7', value: 'alice' }), 'subject=alice'],
  dns: [subjectKey({ type: 'dns', value: 'example.com' }), 'subject=EXAMPLE.com'],
  ip: [subjectKey({ type: 'ip', value: '192.0.2.1' }), 'subject=192.0.2.1'],
  key: [publicKeyKey(DER), `fingerprint=${hex(hashOf('SHA2_256', DER))}`],
  certificate: [certificateKey(CERTIFICATE), `fingerprint=${hex(hashOf('SHA2_256', CERTIFICATE))}`],
} as const
type Name = keyof typeof KEYS
const NAMES = Object.keys(KEYS) as Name[]

/** Entry i of a log is under these. */
const UNDER: Readonly<Record<string, (i: number) => readonly Name[]>> = {
  a: (i) => NAMES.filter((_, at) => i % (at + 2) === 0),
  b: () => ['email', 'user'],
  c: (i) => (i > 5 ? ['email', 'sha1', 'key'] : []),
}
const SIZES: Readonly<Record<string, number>> = { a: 60, b: 7, c: 12 }

async function logUnder(slug: string): Promise<Log> {
  const world = createWorld()
  const { log } = await start(world)
  for (let i = 0; i < (SIZES[slug] ?? 0); i++) {
    const keys = (UNDER[slug]?.(i) ?? []).map((name) => ({ key: KEYS[name][0], source: 'leaf' as const }))
    await inTime(world.clock, log.add(entry(i, { leaf: utf8(`entry ${slug} ${i}`), keys })))
  }
  return altered(log, { identity: { ...log.identity, slug } })
}

const logs = [await logUnder('a'), await logUnder('b'), await logUnder('c')]
const ask = askApi(...logs)

function expected(fits: (names: readonly Name[]) => boolean): string[] {
  return Object.keys(SIZES).flatMap((slug) =>
    Array.from({ length: SIZES[slug] ?? 0 }, (_, i) => i).flatMap((i) =>
      fits(UNDER[slug]?.(i) ?? []) ? [`${slug}:${i}`] : [],
    ),
  )
}

async function walk(query: string, limit: number): Promise<string[]> {
  const found: string[] = []
  let path: string | null = `/entries?${query}&limit=${limit}`
  while (path !== null) {
    const { status, json }: Json = await ask(path)
    if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(json)}`)
    if (json.entries.length > limit) throw new Error('more than the limit')
    found.push(...json.entries.map((one: Json) => `${one.log}:${one.index}`))
    path = json.next
  }
  return found
}

const QUERIES: readonly (readonly [query: string, fits: (names: readonly Name[]) => boolean])[] = [
  ...NAMES.map((name) => [KEYS[name][1], (names: readonly Name[]) => names.includes(name)] as const),
  ['email=A.B%2BC%40EXAMPLE.COM', (names) => names.includes('email')],
  ['subject=a.b%2Bc@example.com', (names) => names.includes('email')],
  [`${KEYS.email[1]}&${KEYS.sha1[1]}`, (names) => names.includes('email') || names.includes('sha1')],
  [`operator=or&${KEYS.key[1]}&${KEYS.ip[1]}`, (names) => names.includes('key') || names.includes('ip')],
  [`${KEYS.email[1]}&${KEYS.sha1[1]}&operator=and`, (names) => names.includes('email') && names.includes('sha1')],
  [
    `${KEYS.sha1[1]}&${KEYS.user[1]}&${KEYS.email[1]}&operator=and`,
    (names) => names.includes('sha1') && names.includes('user') && names.includes('email'),
  ],
  ['email=nobody@example.com', () => false],
]

t.test('all that fits, in pages of any length, and its count', async (t) => {
  for (const [query, fits] of QUERIES) {
    const all = expected(fits)
    for (const limit of [1, 2, 7, 19, 1000]) t.same(await walk(query, limit), all, `${query}, ${limit} a page`)
    const { json } = await ask(`/entries/count?${query}`)
    t.equal(json.count, all.length, query)
    const perLog = (slug: string) => all.filter((one) => one.startsWith(slug)).length
    t.same(
      json.logs,
      Object.entries(SIZES).map(([log, size]) => ({ log, size, count: perLog(log) })),
    )
  }
})

t.test('what is said of an entry', async (t) => {
  const { headers, json } = await ask(`/entries?${KEYS.sha1[1]}&limit=2`)
  t.equal(headers['cache-control'], 'no-cache')
  t.same(json, {
    logs: Object.entries(SIZES).map(([log, size]) => ({ log, size })),
    entries: [0, 2].map((index) => ({
      log: 'a',
      index,
      leafHash: hex(referenceLeaf(utf8(`entry a ${index}`))),
      links: { self: `/logs/a/entries/${index}` },
    })),
    next: `/entries?hash=${SHA1}&operator=or&after=a:3&limit=2`,
  })
})

t.test('nothing above what is published', async (t) => {
  const [a] = logs as [Log]
  const early = altered(a, { status: () => ({ ...a.status(), published: treeSize(5) }) })
  const asked = askApi(early)
  const { json } = await asked(`/entries?${KEYS.sha1[1]}`)
  t.same(
    json.entries.map(({ index }: Json) => index),
    [0, 2, 4],
  )
  t.same(json.logs, [{ log: 'a', size: 5 }])
  t.equal((await asked(`/entries/count?${KEYS.sha1[1]}`)).json.count, 3)
})

t.test('refusals', async (t) => {
  const good = KEYS.sha1[1]
  const refused: readonly [path: string, outcome: string][] = [
    ['', '400 FIELD_MISSING'],
    ['?operator=and', '400 FIELD_MISSING'],
    [`?${good}&${good}`, '400 FIELD_INVALID'],
    [`?${good.toUpperCase()}`, '400 FIELD_UNKNOWN'],
    [`?${good.replace('ab', 'AB')}`, '400 FIELD_INVALID'],
    [`?${good.replace('sha1', 'sha256')}`, '400 FIELD_INVALID'],
    [`?${good.replace(':', '%3A')}`, '400 FIELD_INVALID'],
    [`?${good}0`, '400 FIELD_INVALID'],
    ['?email=', '400 FIELD_INVALID'],
    ['?email=%', '400 FIELD_INVALID'],
    ['?email=%ff', '400 FIELD_INVALID'],
    [`?subject=${'a'.repeat(513)}`, '400 FIELD_INVALID'],
    [`?fingerprint=${'a'.repeat(63)}`, '400 FIELD_INVALID'],
    [`?${good}&operator=xor`, '400 FIELD_INVALID'],
    [`?${good}&limit=0`, '400 FIELD_INVALID'],
    [`?${good}&limit=1001`, '400 FIELD_INVALID'],
    [`?${good}&after=z:1`, '404 LOG_UNKNOWN'],
    [`?${good}&after=a:01`, '400 DECIMAL_MALFORMED'],
    [`/count?${good}&limit=1`, '400 FIELD_UNKNOWN'],
    ['/count', '400 FIELD_MISSING'],
  ]
  for (const [path, outcome] of refused) t.equal(outcomeOf(await ask(`/entries${path}`)), outcome, path)
})

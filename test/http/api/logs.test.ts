/** The list of logs, one of them, and its history. */

import t from 'tap'
import { hash, treeSize, unixMillis } from '../../../src/kernel/brand.ts'
import { hex, utf8 } from '../../../src/kernel/bytes.ts'
import type { Log } from '../../../src/log/log.ts'
import type { Published } from '../../../src/log/ports.ts'
import { ORIGIN } from '../../log/support.ts'
import { altered, askApi, filledLog, outcomeOf } from './support.ts'

const { log, world } = await filledLog(3)

t.test('a log is described the same alone and in the list', async (t) => {
  const second = altered(log, {
    identity: { ...log.identity, slug: 'v2-next', mlDsaVkey: 'x' },
    status: () => ({ ...log.status(), state: 'failed' }),
    published: () => null,
  })
  const ask = askApi(log, second)
  const published = log.published() as Published
  const links = (self: string) => ({ self, checkpoint: `${self}/checkpoint`, checkpoints: `${self}/checkpoints` })
  const described = [
    {
      slug: 'v2',
      dialect: 'test',
      origin: ORIGIN,
      vkey: world.vkey,
      mlDsaVkey: null,
      state: 'active',
      size: 3,
      root: hex(published.root),
      time: new Date(published.time).toISOString(),
      links: links('/logs/v2'),
    },
    {
      slug: 'v2-next',
      dialect: 'test',
      origin: ORIGIN,
      vkey: world.vkey,
      mlDsaVkey: 'x',
      state: 'failed',
      size: 0,
      root: null,
      time: null,
      links: links('/logs/v2-next'),
    },
  ]
  const list = await ask('/logs')
  t.match(list, { status: 200, headers: { 'cache-control': 'no-cache', 'access-control-allow-origin': '*' } })
  t.strictSame(list.json, { logs: described })
  const frozen = altered(log, { status: () => ({ ...log.status(), frozen: true }) })
  t.equal((await askApi(frozen)('/logs/v2')).json.state, 'frozen')
  for (const one of described) t.strictSame((await ask(`/logs/${one.slug}`)).json, one)
  t.equal(outcomeOf(await ask('/logs/none')), '404 LOG_UNKNOWN')
  t.equal(outcomeOf(await ask('/logs?size=1')), '400 FIELD_UNKNOWN')
  for (const path of ['entries/0', 'entries/0/tlog-proof', 'proof/inclusion?index=0', 'proof/consistency?first=0'])
    t.equal(outcomeOf(await ask(`/logs/v2-next/${path}`)), '404 NOT_FOUND', `${path} before the first checkpoint`)
})

function withHistory(sizes: readonly number[]): Log {
  const kept = sizes.map((size): Published => {
    const root = hash(new Uint8Array(32).fill(size % 256))
    return { size: treeSize(size), root, time: unixMillis(1000 * size), note: utf8(`note of ${size}\n`) }
  })
  return altered(log, {
    published: () => kept.at(-1) ?? null,
    history: async (after, limit) => kept.filter(({ size }) => size > (after ?? -1)).slice(0, limit),
  })
}

t.test('the history, page by page', async (t) => {
  const sizes = Array.from({ length: 250 }, (_, i) => 3 * i + 1)
  const ask = askApi(withHistory(sizes))
  for (const limit of [1, 7, 100, null]) {
    const seen: number[] = []
    let next: string | null = `/logs/v2/checkpoints${limit === null ? '' : `?limit=${limit}`}`
    for (let pages = 0; next !== null && pages <= sizes.length; pages++) {
      const { status, json, headers } = await ask(next)
      t.equal(status, 200)
      t.ok(json.checkpoints.length > 0 && json.checkpoints.length <= (limit ?? 100))
      seen.push(...json.checkpoints.map((one: { size: number }) => one.size))
      next = json.next
      const kept = next === null ? 'no-cache' : 'public, max-age=31536000, immutable'
      t.equal(headers['cache-control'], kept, 'a page that another follows is final')
    }
    t.strictSame(seen, sizes, `in pages of ${limit}: each once, in order`)
  }
})

t.test('one kept checkpoint, and none', async (t) => {
  const ask = askApi(withHistory([0, 7]))
  const one = { size: 7, root: '07'.repeat(32), time: '1970-01-01T00:00:07.000Z', note: 'note of 7\n' }
  t.strictSame((await ask('/logs/v2/checkpoints?after=0')).json, { checkpoints: [one], next: null })
  t.strictSame((await ask('/logs/v2/checkpoints?after=7')).json, { checkpoints: [], next: null })
  t.equal((await ask('/logs/v2/checkpoints')).json.checkpoints[0].size, 0, 'from the empty tree on')
})

t.test('the newest is always the last, whether it is kept or not', async (t) => {
  const real = withHistory([1, 4, 7, 9])
  const newest = real.published() as Published
  const kept = (last: number) =>
    altered(real, {
      history: async (after, limit) =>
        (await real.history(after, 99)).filter(({ size }) => size <= last).slice(0, limit),
    })
  for (const last of [9, 7]) {
    const ask = askApi(kept(last))
    for (const [query, sizes, next] of [
      ['', [1, 4, 7, 9], null],
      ['?limit=4', [1, 4, 7, 9], null],
      ['?limit=3', [1, 4, 7], '/logs/v2/checkpoints?after=7&limit=3'],
      ['?after=7&limit=3', [9], null],
      ['?after=9', [], null],
    ] as const) {
      const { json } = await ask(`/logs/v2/checkpoints${query}`)
      t.same(
        [json.checkpoints.map((one: { size: number }) => one.size), json.next],
        [sizes, next],
        `${query}, kept to ${last}`,
      )
    }
  }
  t.equal(
    (await askApi(kept(0))('/logs/v2/checkpoints')).json.checkpoints[0].size,
    newest.size,
    'and where none is kept',
  )
})

t.test('the history of a real log is of checkpoints that it signed', async (t) => {
  const { json } = await askApi(log)('/logs/v2/checkpoints')
  t.ok(json.checkpoints.length > 0)
  for (const { note } of json.checkpoints) t.ok(await world.signer.open(utf8(note)))
})

/** Answers at the bound, and beyond it: whole, or refused with their size and the way to all of it. */

import Fastify from 'fastify'
import t from 'tap'
import { digestKey, subjectKey } from '../../../src/formats/lookup-key.ts'
import { sendError } from '../../../src/http/errors.ts'
import { REKOR_V1_DRESS } from '../../../src/http/rekor-v1/errors.ts'
import { search } from '../../../src/http/rekor-v1/search.ts'
import type { Trees } from '../../../src/http/rekor-v1/trees.ts'
import { treeSize } from '../../../src/kernel/brand.ts'
import { parseHex } from '../../../src/kernel/bytes.ts'
import { TlogError } from '../../../src/kernel/error.ts'
import type { NodeId } from '../../../src/kernel/range.ts'
import type { Log } from '../../../src/log/log.ts'
import { logOf, SIZE } from '../lists.ts'

const PATH = '/api/v1/index/retrieve'
const HASH = 'ab'.repeat(32)
const byte = (key: Uint8Array) => key[0] ?? 0
const [byHash, byEmail] = [
  byte(digestKey('sha256', parseHex(HASH))),
  byte(subjectKey({ type: 'email', value: 'a+b@example.com' })),
]
const older = logOf({ [byHash]: (i) => i % 25 === 0 }).log // 2,000
const newer = logOf({ [byHash]: (i) => i % 10 === 0 && i < 40_000, [byEmail]: (i) => i % 5 === 0 }).log // 4,000; 10,000

function appOver(logs: readonly Log[], maxFound?: number) {
  const shards = logs.map((log, at) => ({ log, tree: { treeId: BigInt(at + 1) }, entriesBefore: at * SIZE }))
  const app = Fastify()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_, bytes, done) => done(null, bytes))
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply, REKOR_V1_DRESS))
  app.register(search({ shards: () => shards } as unknown as Trees, maxFound))
  return app
}

async function ask(maxFound: number, payload: object) {
  const app = appOver([older, newer], maxFound)
  const answer = await app.inject({ method: 'POST', url: PATH, payload })
  return { status: answer.statusCode, json: JSON.parse(answer.payload) }
}

t.test('whole at the bound', async (t) => {
  const { status, json } = await ask(6000, { hash: HASH })
  t.equal(status, 200)
  const id = (tree: number, index: number) => `${tree.toString(16).padStart(16, '0')}${hex32(index)}`
  t.same(json, [
    ...Array.from({ length: 2000 }, (_, i) => id(1, 25 * i)),
    ...Array.from({ length: 4000 }, (_, i) => id(2, 10 * i)),
  ])
  t.same((await ask(0, { email: 'nobody@example.com' })).json, [])
})

const hex32 = (index: number) => index.toString(16).padStart(8, '0').padEnd(64, '0')

t.test('refused above it, with the count', async (t) => {
  for (const [maxFound, body, message] of [
    [5999, { hash: HASH }, `6000 entries are found.* holds 5999.*: GET /entries\\?hash=sha256:${HASH}&operator=or `],
    [1999, { hash: HASH }, '6000 entries are found'],
    [
      9999,
      { email: 'a+b@example.com', hash: HASH },
      '12000 entries are found.*GET /entries\\?hash=.*&email=a%2Bb%40example.com&operator=or ',
    ],
    [3999, { email: 'a+b@example.com', hash: HASH, operator: 'and' }, '4000 entries are found.*&operator=and '],
  ] as const) {
    const { status, json } = await ask(maxFound, body)
    t.equal(status, 400)
    t.match(json, { code: 400, message: new RegExp(message) })
  }
})

t.test('searches that must read a whole log do it one after the other, and a few may wait', async (t) => {
  const { log } = logOf({ [byHash]: (i) => i % 2 === 0, [byEmail]: (i) => i % 2 === 1 }, treeSize(150_000))
  const app = appOver([log])
  const payload = { email: 'a+b@example.com', hash: HASH, operator: 'and' }
  const ask = async () => (await app.inject({ method: 'POST', url: PATH, payload })).statusCode
  t.same(await Promise.all([ask(), ask()]), [200, 200])
  const many = await Promise.all(Array.from({ length: 20 }, ask))
  t.ok(many.includes(200) && many.includes(503), String(many))
  t.equal(await ask(), 200, 'and then they are answered again')
})

t.test('a store that fails on the way: the answer breaks off, and is no list', async (t) => {
  const broken = {
    ...older,
    async nodes(ids: readonly NodeId[]) {
      if (ids.some(({ index }) => index > 25_600)) throw new TlogError('TILE_MALFORMED', 'missing')
      return await older.nodes(ids)
    },
  }
  const app = appOver([broken])
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(() => app.close())
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(url + PATH, {
    method: 'POST',
    headers,
    body: JSON.stringify({ hash: HASH }),
  })
  t.equal(answer.status, 200)
  await t.rejects(answer.text(), 'the connection is cut')
})

/** 20,000 entries of one identity: all of them, once each, in order, page by page. `bench/search.ts` does it with a million. */

import { join } from 'node:path'
import t from 'tap'
import { entryUnder, fillDirectory } from '../../../bench/fill.ts'
import { subjectKey } from '../../../src/formats/lookup-key.ts'
import { utf8 } from '../../../src/kernel/bytes.ts'
import { post, said } from '../../http/rekor-v1/support.ts'
import { ask, startServer } from '../../http/support.ts'
import { command, scratch } from '../support.ts'
import { front } from './support.ts'

t.setTimeout(120_000) // most of it goes into filling

const COUNT = 20_000
const NAME = 'a+b@example.com'
const key = subjectKey({ type: 'email', value: NAME })
const dir = join(scratch(t), 'data')
await fillDirectory(dir, { dialect: 'rekor-v1', count: COUNT, entryOf: (n) => entryUnder(utf8(`entry ${n}`), key) })
const server = await startServer(t, [], dir)

t.test('search lists them all', async (t) => {
  const shown = await front(t, server.url)
  const argv = ['search', '--email', NAME, '--url', shown.url, '--json']
  const { code, printed } = await command([...argv, '--limit', String(COUNT)])
  t.equal(code, 0)
  const lines = printed.split('\n').slice(0, -1)
  t.same(JSON.parse(lines.at(-1) ?? ''), { url: shown.url, count: COUNT, listed: COUNT })
  const names = lines.slice(0, -1).map((line) => JSON.parse(line).entry as string)
  t.same(
    names,
    Array.from({ length: COUNT }, (_, i) => `v1:${i}`),
  )
  t.equal(shown.asked.filter((path) => path.startsWith('/entries?')).length, COUNT / 1000, 'a thousand at a time')

  shown.asked.length = 0
  const { printed: few } = await command([...argv, '--limit', '5'])
  t.same(JSON.parse(few.split('\n').at(-2) ?? ''), { url: shown.url, count: COUNT, listed: 5 })
  t.equal(shown.asked.filter((path) => path.startsWith('/entries?')).length, 1, 'and no more than is listed')
})

t.test('Rekor v1 says how many, and where they are', async (t) => {
  const refused = said(await post(server, '/api/v1/index/retrieve', { email: NAME }))
  const [, path = ''] = /^400 400 20000 entries are found.*: GET (\S+) has all of them, in pages$/.exec(refused) ?? []
  t.equal(JSON.parse((await ask(server, `${path}&limit=7`)).text).entries.length, 7)
})

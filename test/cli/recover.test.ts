/** `colophon export` and `colophon recover`, with an attachment, several logs, and over HTTP. */

import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import * as make from '../dialects/rekor-v1/support.ts'
import { P256 } from '../dialects/rekor-v2/support.ts'
import { ENTRIES, post } from '../http/rekor-v1/support.ts'
import { dsseBody, ecKey, hashedRekordBody } from '../http/requests.ts'
import { postEntry, startServer } from '../http/support.ts'
import { command, scratch } from './support.ts'

const KEY = ecKey()

/** Two logs in `data`, their state from before the newest entries in `older`, and the copy of all in `www`. */
async function scene(t: Test) {
  const folder = scratch(t)
  const at = (name: string) => join(folder, name)
  const place = ['--data', at('data'), '--ratchet', at('ratchet')]
  for (const slug of ['v2', 'b']) await command(['log', 'create', slug, '--origin', `${slug}.example`, ...place])
  const add = async (count: number) => {
    const server = await startServer(t, place.slice(2), at('data'))
    for (let i = 0; i < count; i++)
      for (const host of ['v2.example', 'b.example']) {
        const body = i % 2 === 0 ? hashedRekordBody(KEY) : dsseBody(KEY, Buffer.from(`{"statement":${i}}`))
        t.equal((await postEntry(server, body, { host })).status, 201)
      }
    await server.stop()
  }
  await add(3)
  cpSync(at('data'), at('older'), { recursive: true })
  await add(6)
  const exported = await command(['export', at('www'), ...place])
  const roll = () => {
    rmSync(at('data'), { recursive: true })
    cpSync(at('older'), at('data'), { recursive: true })
  }
  return { at, place, exported, roll, add, recover: (...argv: string[]) => command(['recover', ...argv, ...place]) }
}

t.test('the tails of all logs come from one export', async (t) => {
  const { at, place, exported, roll, recover, add } = await scene(t)
  t.match(exported, { code: 0, printed: /^v2: 9 entries in .*\nb: 9 entries in .*\n$/ })
  t.equal(readdirSync(at('www/v2/attachments/sha256')).length, 3, 'kept statements go with it')
  const again = await command(['export', at('www'), ...place])
  t.match(again, { code: 0, printed: exported.printed })
  roll()
  const older = await command(['export', at('www'), ...place])
  t.match(older, {
    code: 3,
    warned: /^COPY_REFUSED: the copy has a checkpoint of 9, the database one of 3: the database was rolled back/,
  })
  t.match(await recover('--from', at('www')), {
    code: 0,
    printed: /^v2: 6 entries brought, now 9\nb: 6 entries brought, now 9\n$/,
  })
  t.match(await command(['fsck', ...place]), { code: 0 })
  const all = await command(['export', at('fresh'), ...place])
  t.equal(all.code, 0)
  const files = (name: string) =>
    readdirSync(at(name), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.parentPath.includes('.work'))
      .map((entry) => join(entry.parentPath, entry.name).slice(at(name).length))
      .sort()
  t.same(files('fresh'), files('www'), 'attachments too')
  for (const path of files('www')) t.ok(readFileSync(at(`www${path}`)).equals(readFileSync(at(`fresh${path}`))), path)
  await add(1)
})

t.test('what statements speak of is found again', async (t) => {
  const folder = scratch(t)
  const at = (name: string) => join(folder, name)
  const place = ['--data', at('data'), '--ratchet', at('ratchet')]
  await command(['log', 'create', 'v1', '--dialect', 'rekor-v1', '--origin', 'v1.example', ...place])
  cpSync(at('data'), at('older'), { recursive: true })
  const serve = () => startServer(t, place.slice(2), at('data'))
  const find = async ({ port }: { port: number }) =>
    JSON.parse((await post({ port }, '/api/v1/index/retrieve', { hash: `sha256:${'ab'.repeat(32)}` })).text)
  const server = await serve()
  for (const proposal of [make.dsse([P256]), make.intotoV1(P256), make.intotoV2([P256])])
    t.equal((await post(server, ENTRIES, proposal)).status, 201)
  const before = await find(server)
  t.equal(before.length, 3, 'by the digest of a subject')
  await server.stop()
  await command(['export', at('www'), ...place])
  rmSync(at('data'), { recursive: true })
  renameSync(at('older'), at('data'))
  t.match(await command(['recover', '--from', at('www'), ...place]), { code: 0, printed: /^v1: 3 entries brought/ })
  const check = await command(['fsck', ...place])
  t.equal(check.code, 0, check.printed + check.warned)
  t.same(await find(await serve()), before)
})

t.test('from another server, one log at a time', async (t) => {
  const { at, roll, recover } = await scene(t)
  renameSync(at('data'), at('twin'))
  const twin = await startServer(t, ['--ratchet', at('ratchet')], at('twin')) // a mirror that happens to be one of ours
  cpSync(at('older'), at('data'), { recursive: true })
  t.match(await recover('--from', `${twin.url}/logs`), { code: 0, printed: /v2: 6 .*\nb: 6 / })
  roll()
  const one = await recover('--from', `${twin.url}/logs/b/`, '--log', 'b')
  t.match(one, { code: 0, printed: 'b: 6 entries brought, now 9\n' })
  const wrong = await recover('--from', `${twin.url}/logs/b/`, '--log', 'v2')
  t.match(wrong, { code: 3, warned: /^COPY_REFUSED: the copy's checkpoint is not one of v2\.example/ })
  t.match(await recover('--from', 'http://127.0.0.1:3/', '--log', 'v2'), {
    code: 3,
    warned: /^COPY_REFUSED: .*ECONNREFUSED/,
  })
})

t.test('what recover refuses', async (t) => {
  const { at, roll, recover, place } = await scene(t)
  t.match(
    await recover('--from', at('www')),
    { code: 0, printed: /^v2: 0 entries brought, now 9\n/ },
    'nothing is missing',
  )
  roll()
  const bundle = at('www/v2/tile/entries/000.p/9')
  const bytes = readFileSync(bundle)
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 2) ^ 1, bytes.length - 2)
  writeFileSync(bundle, bytes)
  t.match(await recover('--from', at('www'), '--log', 'v2'), { code: 3, warned: /^PROOF_INVALID: leaf 8: / })
  t.match(
    await recover('--from', at('www')),
    { code: 3, warned: /^v2: PROOF_INVALID: leaf 8: /, printed: /^b: 6 entries brought, now 9\n$/ },
    'the copy of one keeps no other from its own',
  )
  roll()
  rmSync(at('www/v2'), { recursive: true })
  t.match(await recover('--from', at('www')), {
    code: 3,
    warned: /^v2: COPY_REFUSED: there is no checkpoint/,
    printed: /^b: 6 entries brought/,
  })
  t.match(await recover('--from', at('nowhere'), '--log', 'v2'), {
    code: 3,
    warned: /^COPY_REFUSED: there is no checkpoint/,
  })
  t.match(await recover('--from', at('www'), '--log', 'c'), { code: 3, warned: /^LOG_UNKNOWN/ })
  t.match(await recover('--from', 'ftp://a/b', '--log', 'b'), {
    code: 3,
    warned: /^COPY_REFUSED: a copy is at an http or https URL/,
  })
  t.match(await recover(), { code: 2, warned: /recover takes flags alone, and --from/ })
  t.match(await command(['retire', 'v2', '--yes', ...place]), { code: 0 })
  t.match(await recover('--from', at('www'), '--log', 'v2'), { code: 3, warned: /^LOG_FROZEN: / })
  t.match(await command(['export', ...place]), { code: 2, warned: /export takes one path, OUT/ })
  t.match(await command(['export', at('x'), '--log', 'c', ...place]), { code: 3, warned: /^LOG_UNKNOWN/ })
})

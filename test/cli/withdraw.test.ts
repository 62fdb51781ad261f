/** `colophon withdraw`: through a server and without one, in either dialect; and that nothing brings the content back. */

import { createHash } from 'node:crypto'
import { cpSync, existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { run } from '../../src/cli/run.ts'
import { closeCrypto } from '../../src/crypto/node.ts'
import { attachmentPath } from '../../src/log/copy.ts'
import { dsseBody, ecKey, pae } from '../http/requests.ts'
import { ask, postEntry, said, startServer, type TestServer } from '../http/support.ts'
import { command, scratch, testWorld } from './support.ts'

t.teardown(closeCrypto)

const STATEMENT = readFileSync(new URL('../vectors/custody/stmt-finetune.json', import.meta.url))
const ABOUT = '4146e09511efc6eddbb6c93458c61836bda7f89ad06c6200c3427318bcc2ac79'
const MADE_FROM = 'f3316d90f101140ebed4ab68d88374fb31656691f360dbb6d58fb469b209b195'
const CONTENT = pae('application/vnd.in-toto+json', STATEMENT)
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest()
const NAME = `sha256:${sha256(CONTENT).toString('hex')}`
const PATH = attachmentPath({ algorithm: 'sha256', digest: sha256(CONTENT) })
const KEY = ecKey()
const BYTES = { 'content-type': 'application/octet-stream' }

/** Logs `v2` and `v1`; the first has the statement as its entry 0. */
async function scene(t: Test) {
  const folder = scratch(t)
  const at = (name: string) => join(folder, name)
  const place = ['--data', at('data'), '--ratchet', at('ratchet')]
  const fixed = ['--hostname', 'log.example', '--dialects', 'rekor-v2,rekor-v1', '--ratchet', at('ratchet')]
  const serve = () => startServer(t, [...fixed, '--publish', at('copy')], at('data'))
  const server = await serve()
  t.equal((await postEntry(server, dsseBody(KEY, STATEMENT))).status, 201)
  const withdraw = (slug: string, word = NAME, ...more: readonly string[]) =>
    command(['withdraw', slug, word, '--reason', 'names a person', '--yes', ...place, ...more])
  return { at, place, serve, server, withdraw }
}

const get = (server: TestServer, path: string) => ask(server, path)
const put = (server: TestServer, name = NAME, body: Uint8Array = CONTENT) =>
  ask(server, `/attachments/${name}`, { method: 'PUT', body, headers: BYTES })
const infoOf = (text: string) => JSON.parse(text).details[0]

/** What a server says once entry `index` of `slug` took it back. */
async function checkGone(t: Test, server: TestServer, slug: string, index: number): Promise<void> {
  const entry = `/logs/${slug}/entries/${index}`
  const gone = await get(server, `/attachments/${NAME}`)
  t.match(infoOf(gone.text), { reason: 'ATTACHMENT_WITHDRAWN', metadata: { entry, time: /^20.*Z$/ } })
  t.match(
    said(gone),
    new RegExp(`^410 ATTACHMENT_WITHDRAWN ${NAME} was withdrawn by the operator .*: ${entry} says so$`),
  )
  t.match(said(await put(server)), /^410 ATTACHMENT_WITHDRAWN /, 'nor is it taken again')
  const found = JSON.parse((await get(server, `/artifacts/sha256:${ABOUT}`)).text).entries
  t.match(found[0], { log: 'v2', index: 0, statement: null, withdrawn: { entry } }, 'its entry stays, and says why')
  for (const [artifact, direction, as] of [
    [ABOUT, 'up', 'subject'],
    [MADE_FROM, 'down', 'subject'],
  ] as const) {
    const { text } = await get(server, `/artifacts/sha256:${artifact}/custody?direction=${direction}`)
    const [one] = JSON.parse(text).statements
    t.match(one, { log: 'v2', index: 0, as, attachment: NAME, statement: null, withdrawn: { entry } }, direction)
  }
  const proven = JSON.parse((await get(server, entry)).text)
  t.match(proven, { index, attachments: [{}] }, 'and so does the reason')
  const [{ algorithm, digest }] = proven.attachments
  const reason = (await get(server, `/attachments/${algorithm}:${digest}`)).text
  t.match(slug === 'v1' ? Buffer.from(JSON.parse(reason).payload, 'base64').toString() : reason, /names a person/)
  t.equal((await get(server, '/logs/v2/entries/0')).status, 200)
}

for (const slug of ['v2', 'v1'])
  for (const isRunning of [true, false])
    t.test(`by log ${slug}, ${isRunning ? 'through its server' : 'with the server stopped'}`, async (t) => {
      const { place, serve, server, withdraw } = await scene(t)
      t.equal((await get(server, `/attachments/${NAME}`)).text, CONTENT.toString())
      if (!isRunning) await server.stop()
      const index = slug === 'v2' ? 1 : 0
      const told = new RegExp(`^${NAME} IS WITHDRAWN: entry ${index} of ${slug} says so\n$`)
      t.match(await withdraw(slug), { code: 0, printed: told, warned: /^backups from before/ })
      const again = new RegExp(`^${NAME} was withdrawn before: entry ${index} of ${slug} says so\n$`)
      for (const sayer of ['v1', 'v2']) t.match(await withdraw(sayer), { code: 0, printed: again, warned: '' })
      const after = isRunning ? server : await serve()
      await checkGone(t, after, slug, index)
      t.equal((await postEntry(after, dsseBody(ecKey(), STATEMENT))).status, 201, 'who signs it too is logged')
      await checkGone(t, after, slug, index)
      const { text } = await get(after, `/artifacts/sha256:${ABOUT}`)
      t.equal(JSON.parse(text).entries.length, 1, 'and not found by what it says')
      t.equal(await after.stop(), 0)
      t.match(await command(['fsck', ...place]), { code: 0 })
      t.match(await command(['reindex', '--check', ...place]), { code: 0, printed: /v2: .* 0 rows are missing/ })
      await checkGone(t, await serve(), slug, index)
    })

async function until(isTrue: () => boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !isTrue() && Date.now() < end; )
    await new Promise((done) => setTimeout(done, 20))
}

t.test('backups, static copies, and what is made of them', async (t) => {
  const { at, place, serve, server, withdraw } = await scene(t)
  await until(() => existsSync(at(`copy/v2/${PATH}`)))
  t.equal((await command(['backup', at('before'), ...place])).code, 0)
  t.equal((await withdraw('v2')).code, 0)
  await until(() => !existsSync(at(`copy/v2/${PATH}`)))
  t.notOk(existsSync(at(`copy/v2/${PATH}`)))
  t.equal((await command(['backup', at('after'), ...place])).code, 0)
  t.equal(await server.stop(), 0)
  t.equal((await command(['export', at('out'), ...place])).code, 0)
  t.notOk(existsSync(at(`out/v2/${PATH}`)))
  for (const [backup, code] of [
    ['after', 0],
    ['before', 1],
  ] as const) {
    rmSync(at('data'), { recursive: true })
    t.equal((await command(['restore', at(backup), ...place])).code, code, backup)
    t.match(await command(['recover', '--from', at('out'), ...place]), { code: 0, warned: '' })
    t.match(await command(['fsck', ...place]), { code: 0 })
    const again = await serve()
    await checkGone(t, again, 'v2', 1)
    await again.stop()
  }
  t.notOk(existsSync(at(`copy/v2/${PATH}`)))
})

t.test('a frozen log says nothing more: another does, and it is gone from both', async (t) => {
  const { at, place, server, withdraw } = await scene(t)
  await until(() => existsSync(at(`copy/v2/${PATH}`)))
  t.equal((await command(['freeze', 'v2', '--yes', ...place])).code, 0)
  t.match(await withdraw('v2'), { code: 3, warned: /^LOG_FROZEN: v2 takes no entries: name a log that does/ })
  t.match(await withdraw('v1'), { code: 0, printed: /IS WITHDRAWN: entry 0 of v1/ })
  await checkGone(t, server, 'v1', 0)
  await until(() => !existsSync(at(`copy/v2/${PATH}`)))
  t.notOk(existsSync(at(`copy/v2/${PATH}`)), 'from its static copy too')
  await server.stop()
  t.match(await command(['fsck', ...place]), { code: 0 })
})

t.test('what is refused', async (t) => {
  const { place, server, withdraw } = await scene(t)
  const none = `sha256:${'00'.repeat(32)}`
  t.equal((await command(['log', 'create', 'next', '--after', 'v1', ...place])).code, 0)
  for (const [words, code, warned] of [
    [['v2', NAME.toUpperCase()], 2, /ALG:HEX.*must be sha256:, sha384: or sha512: and lowercase hex/],
    [['v2', NAME, '--base', 'nothing'], 2, /--base/],
    [['v9', NAME], 3, /^LOG_UNKNOWN/],
    [['next', NAME], 3, /^LOG_BUSY: next waits for its turn/],
    [['v2', none], 3, /^NOT_FOUND: no log here keeps sha256:0000/],
    [['v2', `sha512:${'00'.repeat(64)}`], 3, /^NOT_FOUND/],
  ] as const)
    t.match(await withdraw(...(words as [string, string])), { code, warned }, words.join(' '))
  for (const [argv, warned] of [
    [['v2'], /takes a LOG and ALG:HEX/],
    [['v2', NAME, 'x', '--reason', 'y'], /takes a LOG and ALG:HEX/],
    [['v2', NAME, '--yes'], /--reason.*missing/],
    [['v2', NAME, '--reason', 'y'], /nobody can be asked here: give --yes/],
  ] as const)
    t.match(await command(['withdraw', ...argv, ...place]), { code: 2, warned }, argv.join(' '))
  for (const reason of ['', 'x'.repeat(4097)])
    t.match(await command(['withdraw', 'v2', NAME, '--reason', reason, '--yes', ...place]), {
      code: 3,
      warned: /^FIELD_INVALID: predicate.reason: 1 to 4096 characters/,
    })
  t.equal((await get(server, `/attachments/${NAME}`)).status, 200, 'nothing of it was done')
  for (const [typed, code] of [
    ['v1', 1],
    ['v2', 0],
  ] as const) {
    const world = testWorld()
    const argv = ['withdraw', 'v2', NAME, '--reason', 'x', ...place]
    t.equal(await run(argv, { ...world, ask: async () => typed }), code, `typed: ${typed}`)
  }
  const { attachments } = JSON.parse((await get(server, '/logs/v2/entries/1')).text)
  const own = `${attachments[0].algorithm}:${attachments[0].digest}`
  t.match(await withdraw('v1', own), { code: 3, warned: /^FIELD_INVALID: that is the statement by which/ })
})

t.test('who says so in his own name takes nothing back; and his word can be', async (t) => {
  const { place, server, withdraw } = await scene(t)
  const told = JSON.stringify({
    _type: 'https://in-toto.io/Statement/v1',
    predicate: { effectiveFrom: '2026-01-01T00:00:00Z', reason: 'mine', status: 'withdrawn' },
    predicateType: 'https://colophon.example/advisory/v1',
    subject: [{ digest: { sha256: NAME.slice(7) } }],
  })
  t.equal((await postEntry(server, dsseBody(KEY, Buffer.from(told)))).status, 201)
  t.equal((await get(server, `/attachments/${NAME}`)).status, 200)
  t.match(await command(['fsck', ...place]), { code: 0 })
  const theirs = `sha256:${sha256(pae('application/vnd.in-toto+json', Buffer.from(told))).toString('hex')}`
  t.match(await withdraw('v2', theirs), { code: 0 })
  t.equal((await get(server, `/attachments/${theirs}`)).status, 410)
})

t.test('a log that cannot sign takes nothing back', async (t) => {
  const { at, place, server, withdraw } = await scene(t)
  renameSync(at('data/keys/v2.pem'), at('gone'))
  t.match(await withdraw('v2'), { code: 3, warned: /^KEY_FILE_REFUSED/ })
  t.equal((await get(server, `/attachments/${NAME}`)).status, 200)
  cpSync(at('gone'), at('data/keys/v2.pem'))
  t.match(await withdraw('v2'), { code: 0 })
  await server.stop()
  t.match(await command(['fsck', ...place]), { code: 0 })
})

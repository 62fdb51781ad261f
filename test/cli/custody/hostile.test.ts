/** What strangers log to be in the way: of who draws a chain of custody, and of who brings content. */

import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { dsse, dsseBody, ecKey, hashedRekord, type Key, pae } from '../../http/requests.ts'
import { ask, postEntry, startServer } from '../../http/support.ts'
import { command, scratch } from '../support.ts'

const TYPE = 'application/vnd.in-toto+json'
const [signer, stranger] = [ecKey(), ecKey()]
const pemOf = (key: Key) =>
  `-----BEGIN PUBLIC KEY-----\n${key.spki.toString('base64').replaceAll(/.{64}(?!$)/g, '$&\n')}\n-----END PUBLIC KEY-----\n`
const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex')
const artifact = (name: string) => ({ name, digest: { sha256: sha256(name) } })
const made = (subject: object[], dependencies: unknown[], predicate = {}) =>
  Buffer.from(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject,
      predicateType: 'https://slsa.dev/provenance/v1',
      predicate: { buildDefinition: { resolvedDependencies: dependencies }, ...predicate },
    }),
  )

async function scene(t: Test, ...flags: readonly string[]) {
  const folder = scratch(t)
  const server = await startServer(t, ['--hostname', 'log.example', ...flags])
  const say = async (payload: Buffer, key: Key) => {
    const { status, text } = await postEntry(server, dsseBody(key, payload))
    t.equal(status, 201, text.slice(0, 200))
  }
  writeFileSync(join(folder, 'key.pub'), pemOf(signer))
  writeFileSync(join(folder, 'root.json'), (await ask(server, '/trust/trusted_root.json')).text)
  const options = ['--key', join(folder, 'key.pub'), '--trusted-root', join(folder, 'root.json'), '--log', server.url]
  const custody = async (name: string, ...more: readonly string[]) => {
    const argv = ['custody', `sha256:${sha256(name)}`, ...options, '--format', 'json', ...more]
    const { code, printed, warned } = await command(argv)
    return { code, warned, ...(printed === '' ? {} : JSON.parse(printed)) }
  }
  return { server, say, custody }
}

t.test('statements that are long lists of nothing', async (t) => {
  const { server, say, custody } = await scene(t)
  await say(made([artifact('model')], [artifact('base')]), signer)
  const lists = {
    numbers: Array(240_000).fill(0),
    names: Array(60_000).fill({ name: 'a' }),
    'one digest again and again': Array(11_000).fill({ digest: { sha256: sha256('base') } }),
    'as many digests as are indexed': Array.from({ length: 4000 }, (_, i) => ({ digest: { sha256: sha256(`${i}`) } })),
  }
  for (const [name, list] of Object.entries(lists)) {
    await say(made([artifact('model')], list), stranger)
    const { status, text } = await ask(
      server,
      `/artifacts/sha256:${sha256('model')}/custody?limit=1&after=v2:${await size(server)}`,
    )
    t.equal(status, 200)
    t.ok(text.length < 4 * 2 ** 20, `${name}: ${text.length} bytes`)
  }
  t.match(await custody('model'), { code: 0, outcome: 'verified', faults: [] })
})

async function size(server: { port: number }): Promise<number> {
  return JSON.parse((await ask(server, '/logs/v2')).text).size - 2
}

t.test('an entry that commits to the same content as something else keeps nobody from bringing it', async (t) => {
  const { server } = await scene(t, '--dialects', 'rekor-v1,rekor-v2')
  const content = pae(TYPE, made([artifact('model')], []))
  const other = dsse(stranger, content, 'text/plain').envelope
  const signatures = other.signatures.map(({ sig }) => ({
    sig: Buffer.from(sig).toString('base64'),
    publicKey: Buffer.from(pemOf(stranger)).toString('base64'),
  }))
  const envelope = { payloadType: 'text/plain', payload: Buffer.from(other.payload).toString('base64'), signatures }
  const spec = {
    content: {
      envelope,
      hash: { algorithm: 'sha256', value: sha256('') },
      payloadHash: { algorithm: 'sha256', value: sha256(content) },
    },
  }
  const v1 = JSON.stringify({ kind: 'intoto', apiVersion: '0.0.2', spec })
  const squat = await ask(server, '/api/v1/log/entries', { method: 'POST', body: v1 })
  t.equal(squat.status, 201, squat.text.slice(0, 300))
  const digestAlone = JSON.stringify({ hashedRekordRequestV002: hashedRekord(signer, content) })
  t.equal((await postEntry(server, digestAlone)).status, 201)
  const headers = { 'content-type': 'application/octet-stream' }
  const bring = await ask(server, `/attachments/sha256:${sha256(content)}`, { method: 'PUT', body: content, headers })
  t.match(bring, { status: 201, text: /"entries":\[\{"log":"v2","index":0\}\]/ })
  const { text } = await ask(server, `/artifacts/sha256:${sha256('model')}`)
  t.match(JSON.parse(text).entries, [{ log: 'v2', index: 0 }], 'and it is found by what it says')
})

const advisory = (name: string) =>
  Buffer.from(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [artifact(name)],
      predicateType: 'https://lineage.example/advisory/v1',
      predicate: { status: 'poisoned', reason: 'a trigger' },
    }),
  )
const linked = (name: string, to: Buffer) => ({
  ...artifact(name),
  annotations: { lineage_attestation: { payloadSha256: sha256(to), predicateType: 'https://slsa.dev/provenance/v1' } },
})
const MAYBE = /^upstream by the word of strangers alone: poisoned: bad: a trigger$/

t.test('whoever says that it was made from something bad leaves it open, and no more', async (t) => {
  const said: readonly (readonly [string, Buffer])[] = [
    ['its maker', made([artifact('model')], [artifact('bad')])],
    ['who made it and something else', made([artifact('other'), artifact('model')], [artifact('bad')])],
    ['of a part', made([artifact('model')], [artifact('step')])],
  ]
  for (const [name, statement] of said) {
    const { say, custody } = await scene(t)
    await say(made([artifact('model')], [artifact('base')]), signer)
    await say(made([artifact('step')], [artifact('bad')]), stranger)
    await say(advisory('bad'), signer)
    t.match(await custody('model'), { code: 0 }, 'nothing leads there')
    await say(statement, stranger)
    t.match(await custody('model'), { code: 3, outcome: 'undetermined', reasons: [MAYBE] }, name)
    t.match(await custody('model', '--direction', 'down'), { code: 0 })
    t.match(await custody('step'), { code: 1 }, 'where nobody else speaks of it, that is what is known')
  }
})

t.test('but what a named signer means by its hash is his word too', async (t) => {
  const { say, custody } = await scene(t)
  const [deep, base] = [
    made([artifact('data')], [artifact('bad')]),
    made([artifact('base')], [linked('data', Buffer.of())]),
  ]
  await say(deep, stranger)
  await say(base, stranger)
  await say(advisory('bad'), signer)
  await say(made([artifact('model')], [linked('base', base)]), signer)
  t.match(await custody('model'), { code: 3, reasons: [MAYBE] }, 'the last link is to another statement')
  const whole = made([artifact('base')], [linked('data', deep)])
  await say(whole, stranger)
  await say(made([artifact('new')], [linked('base', whole)]), signer)
  t.match(await custody('new'), { code: 1, reasons: [/^poisoned: bad: a trigger$/] })
})

t.test('nor does a stranger make one artifact of two', async (t) => {
  const { say, custody } = await scene(t)
  const step = made([artifact('base')], [artifact('fine')])
  const two = { ...artifact('bad'), digest: { sha256: sha256('bad'), sha384: 'ab'.repeat(48) } }
  const fine = { ...artifact('fine'), digest: { ...artifact('fine').digest, sha384: 'ab'.repeat(48) } }
  await say(step, stranger)
  await say(made([artifact('model')], [linked('base', step)]), signer)
  await say(advisory('bad'), signer)
  await say(made([artifact('model')], [two, fine]), stranger)
  t.match(await custody('model'), { code: 3, reasons: [MAYBE] })
  const own = made([artifact('fine')], [two])
  await say(own, signer)
  t.match(await custody('model'), { code: 1, warnings: [] }, 'as the named do')
})

t.test('thousands of artifacts to which strangers lead cost nobody thousands of requests', async (t) => {
  const { server, say, custody } = await scene(t)
  const names = (i: string, length: number) => Array.from({ length }, (_, n) => artifact(`${i} ${n}`))
  for (const i of ['0', '1', '2']) await say(made([artifact('model')], names(i, 3000)), stranger)
  await say(made([artifact('model')], [artifact('base')]), signer)
  await say(made([artifact('base')], [artifact('bad')]), signer)
  const found = await custody('model')
  t.match(found, { code: 0, outcome: 'verified', statements: { length: 5 }, unasked: 0 })
  const few = await requests(server)
  t.ok(few < 20, `${few} requests`)
  await say(made([artifact('model')], names('spoken', 2000)), stranger)
  for (let i = 0; i < 2000; i += 100) await say(made(names('spoken', 2000).slice(i, i + 100), []), stranger)
  const spoken = await custody('model')
  t.match(spoken, { code: 0, outcome: 'verified', reasons: [] })
  t.ok(spoken.unasked > 900, `${spoken.unasked} were not asked for, although somebody speaks of them`)
  const count = (await requests(server)) - few
  t.ok(count > 1024 && count < 1100, `${count} requests`)
  await say(advisory('bad'), signer)
  t.match(await custody('model'), { code: 1 }, 'and nothing that counts is behind them')
  t.match(await custody('1 2999', '--direction', 'down'), { code: 0 })
})

async function requests(server: { port: number }): Promise<number> {
  const { text } = await ask(server, '/metrics')
  const [, count = ''] = /^colophon_http_request_seconds_count\{.*\/custody.*\} (\d+)$/m.exec(text) ?? []
  return Number(count)
}

/** The socket by which commands reach a server: what it takes, and what becomes of answers. */

import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type ControlParts, controlPath, openControl, remoteLifecycle } from '../../src/cli/control.ts'
import type { Lifecycle } from '../../src/cli/lifecycle.ts'
import { TlogError } from '../../src/kernel/error.ts'
import type { LogRecord } from '../../src/storage/database.ts'
import { scratch, testWorld } from './support.ts'

const ENDED = { size: 7, root: 'ab' }
const CREATE = { slug: 'next', dialect: 'rekor-v1', origin: 'log.example', after: 'v1' }

async function scene(t: Test, lifecycle: Partial<Lifecycle>) {
  const dir = scratch(t)
  const failures: unknown[] = []
  const { after } = testWorld().clock
  const logger = {
    info: () => undefined,
    warn: () => undefined,
    error: (failure: unknown) => void failures.push(failure),
  }
  const never = async () => {
    throw new Error('not asked for')
  }
  const close = await openControl(
    dir,
    { create: never, freeze: never, withdraw: never, ...lifecycle },
    { logger, after },
  )
  t.teardown(close)
  const remote = remoteLifecycle(dir, (cause) => new TlogError('STORE_LOCKED', 'nobody answers', { cause }))
  return { dir, failures, close, remote }
}

function exchange(dir: string, sent: string, end = true): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(controlPath(dir))
    let got = ''
    socket.on('data', (part) => {
      got += part
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(got))
    if (end) socket.end(sent)
    else socket.write(sent)
  })
}

t.test('requests and answers', async (t) => {
  const asked: unknown[] = []
  const { remote } = await scene(t, {
    freeze: async (slug) => {
      asked.push(slug)
      return ENDED
    },
    create: async (request) => {
      asked.push(request)
      return { slug: request.slug } as LogRecord
    },
  })
  t.same(await remote.freeze('v1'), ENDED)
  t.same(await remote.create(CREATE), { slug: 'next' })
  await remote.create({ ...CREATE, after: null })
  await remote.create({ ...CREATE, withoutMlDsa: true })
  const full = { ...CREATE, withoutMlDsa: false }
  t.same(asked, ['v1', full, { ...full, after: null }, { ...full, withoutMlDsa: true }])
})

t.test('content to be taken back crosses it by its name', async (t) => {
  const asked: unknown[] = []
  const { remote, dir, failures } = await scene(t, {
    withdraw: async (request) => {
      asked.push(request)
      return { log: 'v2', index: 7, wasGone: false }
    },
  })
  const name = { algorithm: 'sha384', digest: new Uint8Array(48).fill(3) } as const
  const request = { slug: 'v2', ...name, reason: 'why', base: 'https://log.example/' }
  t.same(await remote.withdraw(request), { log: 'v2', index: 7, wasGone: false })
  t.same(asked, [request])
  const sent = { command: 'withdraw', slug: 'v2', content: `sha256:${'00'.repeat(32)}`, reason: '', base: 'a:b/' }
  for (const [wrong, code] of [
    [{ content: `sha256:${'00'.repeat(31)}` }, 'FIELD_INVALID'],
    [{ content: `md5:${'00'.repeat(16)}` }, 'FIELD_INVALID'],
    [{ content: 7 }, 'FIELD_INVALID'],
    [{ reason: undefined }, 'FIELD_MISSING'],
    [{ base: 'a:b' }, 'FIELD_INVALID'],
    [{ origin: 'log.example' }, 'FIELD_UNKNOWN'],
  ] as const)
    t.match(JSON.parse(await exchange(dir, JSON.stringify({ ...sent, ...wrong }))), { error: { code } })
  t.same([asked.length, failures], [1, []])
})

t.test('errors keep their codes and words; a bug is logged whole', async (t) => {
  const { remote, failures } = await scene(t, {
    freeze: async () => {
      throw new TlogError('LOG_FROZEN', 'long ago')
    },
    create: async () => {
      throw new Error('a bug')
    },
  })
  await t.rejects(remote.freeze('v1'), { name: 'TlogError', code: 'LOG_FROZEN', message: 'long ago' })
  t.same(failures, [])
  await t.rejects(remote.create(CREATE), { code: 'LOG_FAILED', message: 'a bug' })
  t.match(failures, [{ err: { message: 'a bug' } }])
})

t.test('what is no request', async (t) => {
  const { dir, failures } = await scene(t, {})
  const freeze = (more: object) => JSON.stringify({ command: 'freeze', slug: 'v1', ...more })
  const create = (more: object) => JSON.stringify({ command: 'create', ...CREATE, ...more })
  for (const [sent, code] of [
    ['', 'JSON_MALFORMED'],
    ['freeze v1', 'JSON_MALFORMED'],
    ['[]', 'FIELD_INVALID'],
    ['{}', 'FIELD_MISSING'],
    [freeze({ command: 'stop' }), 'FIELD_INVALID'],
    [freeze({ slug: 1 }), 'FIELD_INVALID'],
    [freeze({ next: 'v2' }), 'FIELD_UNKNOWN'],
    ['{"command":"freeze","slug":"v1","slug":"v2"}', 'JSON_DUPLICATE_KEY'],
    [create({ dialect: 'scitt' }), 'FIELD_INVALID'],
    [create({ origin: 'a b' }), 'FIELD_INVALID'],
    [create({ after: null }), 'FIELD_INVALID'],
    [' '.repeat(70_000), 'JSON_TOO_LARGE'],
  ] as const)
    t.match(JSON.parse(await exchange(dir, sent)), { error: { code } }, sent.slice(0, 60))
  t.same(failures, [])
})

t.test('closing waits for what is under way, and for nobody who says nothing', async (t) => {
  const gate = Promise.withResolvers<void>()
  const { dir, remote, close } = await scene(t, {
    freeze: async () => {
      await gate.promise
      return ENDED
    },
  })
  const silent = exchange(dir, '{"command"', false)
  const answer = remote.freeze('v1')
  await new Promise((resolve) => setTimeout(resolve, 50))
  let isClosed = false
  const closing = close().then(() => {
    isClosed = true
  })
  t.equal(await silent, '')
  await new Promise((resolve) => setTimeout(resolve, 20))
  t.equal(isClosed, false)
  gate.resolve()
  t.same(await answer, ENDED)
  await closing
  t.notOk(existsSync(controlPath(dir)))
  await t.rejects(remote.freeze('v1'), { code: 'STORE_LOCKED', message: 'nobody answers' })
})

t.test('who begins and does not end is cut off', async (t) => {
  const dir = scratch(t)
  const late: (() => void)[] = []
  const after = (_: number, run: () => void) => {
    late.push(run)
    return () => undefined
  }
  const logger = { info: () => undefined, warn: () => undefined, error: (failure: unknown) => t.fail(String(failure)) }
  t.teardown(await openControl(dir, {} as Lifecycle, { logger, after }))
  const silent = exchange(dir, '{"command"', false)
  while (late.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  late[0]?.()
  t.equal(await silent, '')
  const endless = exchange(dir, ' '.repeat(70_000), false)
  while (late.length < 3) await new Promise((resolve) => setTimeout(resolve, 5))
  late[2]?.()
  t.match(await endless, /JSON_TOO_LARGE/, 'nor does an answer keep the connection open')
})

t.test('a path that no socket has', async (t) => {
  const dir = join(scratch(t), 'a'.repeat(120))
  await t.rejects(openControl(dir, {} as Lifecycle, {} as ControlParts))
})

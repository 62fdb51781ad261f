/**
 * DATA/control/socket: a Unix socket by which commands reach a running server. It is for the owner of the data directory alone,
 * who could as well stop the server and do the same by hand. One JSON document each way, and then the connection ends.
 */

import { once } from 'node:events'
import { chmodSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { dirname, join } from 'node:path'
import type { Logger } from 'pino'
import { taken } from '../config/trust-items.ts'
import { parseHostname } from '../config.ts'
import { DIALECTS } from '../dialects/names.ts'
import { makeDirectory } from '../files/make-directory.ts'
import { parseBase } from '../formats/custody/vocabulary.ts'
import { literal, object, text } from '../formats/fields.ts'
import { parseJson } from '../formats/json.ts'
import { concat, hex } from '../kernel/bytes.ts'
import { ERROR_CODES, type ErrorCode, TlogError } from '../kernel/error.ts'
import type { Clock } from '../log/ports.ts'
import type { LogRecord } from '../storage/database.ts'
import type { Ended, Lifecycle } from './lifecycle.ts'
import { parseName, type Withdrawn } from './withdrawing.ts'

const MAX_BYTES = 64 * 1024
/** For a request to arrive whole, and for an answer. */
const ARRIVAL_MS = 5000

/** An error is its code and its words; null where it is a bug. */
type Answer = { readonly done: unknown } | { readonly error: { readonly code: ErrorCode | null; message: string } }

const REQUEST = object((fields) => {
  const command = fields.required('command', literal('create', 'freeze', 'withdraw'))
  const slug = fields.required('slug', text)
  if (command === 'freeze') return { command, slug }
  if (command === 'withdraw') {
    const content = fields.required('content', taken(parseName))
    return {
      command,
      request: {
        slug,
        ...content,
        reason: fields.required('reason', text),
        base: fields.required('base', taken(parseBase)),
      },
    }
  }
  const dialect = fields.required('dialect', literal(...DIALECTS))
  const origin = fields.required('origin', taken(parseHostname))
  const after = fields.optional('after', text) ?? null
  const withoutMlDsa = fields.optional('mlDsa', literal('none')) === 'none'
  return { command, request: { slug, dialect, origin, after, withoutMlDsa } }
})

export interface ControlParts {
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>
  readonly after: Clock['after']
}

/**
 * The caller holds the lock of `dir`: a socket that is there is of a process that is gone. Returns what closes it, once what
 * is under way is done.
 * @throws Error of the operating system, for a path that is too long for instance.
 */
export async function openControl(
  dir: string,
  lifecycle: Lifecycle,
  { logger, after }: ControlParts,
): Promise<() => Promise<void>> {
  const path = controlPath(dir)
  makeDirectory(dirname(path)) // for its owner alone, before there is a socket in it
  rmSync(path, { force: true })
  const working = new Set<Promise<void>>()
  const idle = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const cutOff = () => after(ARRIVAL_MS, () => socket.destroy())
    const work = serve(socket, lifecycle, { logger, cutOff, idle })
    working.add(work)
    void work.finally(() => working.delete(work))
  })
  await once(server.listen(path), 'listening')
  server.on('error', (error) => logger.error({ err: error }, 'the control socket'))
  chmodSync(path, 0o600)
  return async () => {
    server.close()
    for (const socket of idle) socket.destroy()
    await Promise.all(working)
  }
}

interface Hooks extends Pick<ControlParts, 'logger'> {
  /** Ends the connection after a while, unless what it returns is called before. */
  readonly cutOff: () => () => void
  /** Connections for which nothing is being done. */
  readonly idle: Set<Socket>
}

async function serve(socket: Socket, lifecycle: Lifecycle, { logger, cutOff, idle }: Hooks): Promise<void> {
  socket.on('error', () => undefined) // whoever goes away gets no answer; what was asked for is done all the same
  const patiently = async <T>(wait: () => Promise<T>): Promise<T> => {
    idle.add(socket)
    const cancel = cutOff()
    return await wait().finally(() => {
      cancel()
      idle.delete(socket)
    })
  }
  const request = patiently(() => readAll(socket))
  const answer = await answerTo(request, lifecycle, logger).catch((error: unknown): Answer => {
    if (!(error instanceof TlogError)) logger.error({ err: error }, 'a command failed')
    const code = error instanceof TlogError ? error.code : null
    return { error: { code, message: error instanceof Error ? error.message : String(error) } }
  })
  socket.end(JSON.stringify(answer))
  if (!socket.closed) await patiently(() => new Promise<void>((resolve) => socket.once('close', resolve)))
}

async function answerTo(bytes: Promise<Uint8Array>, lifecycle: Lifecycle, logger: ControlParts['logger']) {
  const request = REQUEST(parseJson(await bytes), '')
  const done = await carryOut(request, lifecycle)
  logger.info({ ...request, done }, 'done as a command asked')
  return { done }
}

function carryOut(asked: ReturnType<typeof REQUEST>, lifecycle: Lifecycle): Promise<unknown> {
  switch (asked.command) {
    case 'create':
      return lifecycle.create(asked.request)
    case 'freeze':
      return lifecycle.freeze(asked.slug)
    case 'withdraw':
      return lifecycle.withdraw(asked.request)
  }
}

/** The lifecycle of the server that holds `dir`. @param unreachable what to say when it does not answer */
export function remoteLifecycle(dir: string, unreachable: (cause: unknown) => TlogError): Lifecycle {
  const ask = async (request: object) => {
    const socket = connect({ path: controlPath(dir), allowHalfOpen: true })
    try {
      await once(socket, 'connect').catch((cause: unknown) => Promise.reject(unreachable(cause)))
      socket.end(JSON.stringify(request))
      return outcome(await readAll(socket).catch(() => NOTHING))
    } finally {
      socket.destroy()
    }
  }
  return {
    create: async ({ slug, dialect, origin, after = null, withoutMlDsa = false }) => {
      const more = { ...(after !== null && { after }), ...(withoutMlDsa && { mlDsa: 'none' }) }
      return (await ask({ command: 'create', slug, dialect, origin, ...more })) as LogRecord
    },
    freeze: async (slug) => (await ask({ command: 'freeze', slug })) as Ended,
    withdraw: async ({ slug, algorithm, digest, reason, base }) =>
      (await ask({ command: 'withdraw', slug, content: `${algorithm}:${hex(digest)}`, reason, base })) as Withdrawn,
  }
}

const NOTHING = new Uint8Array()

/** @throws TlogError as the server did; LOG_FAILED when it said nothing. */
function outcome(bytes: Uint8Array): unknown {
  if (bytes.length === 0)
    throw new TlogError('LOG_FAILED', 'the server ended before it answered; whether it was done, `log list` says')
  const answer = JSON.parse(new TextDecoder().decode(bytes)) as Answer
  if ('done' in answer) return answer.done
  const { code, message } = answer.error
  throw new TlogError(ERROR_CODES.find((known) => known === code) ?? 'LOG_FAILED', message)
}

/** Up to the end of what the other side has to say; the connection stays open for an answer. */
function readAll(socket: Socket): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  return new Promise((resolve, reject) => {
    const tooLarge = new TlogError('JSON_TOO_LARGE', `control: more than ${MAX_BYTES} bytes`)
    socket.on('data', (part) => {
      length += part.length
      if (length > MAX_BYTES) reject(tooLarge)
      else parts.push(part)
    })
    socket.once('end', () => resolve(concat(...parts)))
    socket.once('close', () => reject(new TlogError('REQUEST_TIMEOUT', 'control: the connection was cut')))
    socket.once('error', reject)
  })
}

export function controlPath(dir: string): string {
  return join(dir, 'control', 'socket')
}

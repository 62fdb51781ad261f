/**
 * Requests to logs and authorities that the caller named. What comes back is not trusted: sizes and times are bounded,
 * redirects are not followed.
 */

import { type JsonLimits, type JsonValue, parseJson } from '../formats/json.ts'
import type { UnixMillis } from '../kernel/brand.ts'
import { concat } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'

/** What asking needs of the world. */
export interface Timers {
  now(): UnixMillis
  /** Calls once `ms` have passed, unless it is cancelled by what is returned. */
  after(ms: number, call: () => void): () => void
}

/** Asking twice must do no harm: what fails in passing is asked again. */
export interface Question {
  readonly url: string
  /** Absent: GET. */
  readonly body?: string | Uint8Array
  readonly type?: string
  /** Values may be secret: no message shows them, nor the body. */
  readonly headers?: Readonly<Record<string, string>>
  /** Of the answer, where it may be longer than answers are. */
  readonly maxBytes?: number
}

export interface Answer {
  readonly status: number
  readonly header: (name: string) => string | null
  readonly bytes: Uint8Array
}

/** @throws TlogError SERVICE_UNREACHABLE when there is no answer, or only that another one may come later */
export type Ask = (question: Question) => Promise<Answer>

/** A log may take its time until a checkpoint covers the entry. */
const WHOLE_MS = 60_000
const MAX_BYTES = 4 * 1024 * 1024
const ATTEMPTS = 4
const PAUSE_MS = 1000
/** Whoever asks for more patience than this is not waited for. */
const MAX_PAUSE_MS = 30_000
/** Answers that may be another a moment later. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504])

/** @param stop ends what is under way, and asks nobody again */
export function createAsk(timers: Timers, stop?: AbortSignal): Ask {
  return async (question) => {
    for (let attempt = 1; ; attempt++) {
      const answer = await attemptOnce(question, timers, stop)
      if (stop?.aborted === true) throw unreachable(question, answer)
      if (!(answer instanceof TlogError) && !PASSING.has(answer.status)) return answer
      const pause = answer instanceof TlogError ? null : patience(answer, timers.now())
      if (attempt === ATTEMPTS || (pause ?? 0) > MAX_PAUSE_MS) throw unreachable(question, answer)
      await passed(timers, pause ?? PAUSE_MS * 2 ** (attempt - 1), stop)
    }
  }
}

async function passed({ after }: Timers, ms: number, stop: AbortSignal | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const end = () => resolve()
  const cancel = after(ms, end)
  stop?.addEventListener('abort', end)
  await promise
  stop?.removeEventListener('abort', end)
  cancel()
}

function unreachable({ url }: Question, answer: Answer | TlogError): TlogError {
  if (answer instanceof TlogError) return answer
  const later = answer.header('retry-after')
  const when = later === null ? '' : `; it says: try again after ${printable(later, 40)}`
  return new TlogError('SERVICE_UNREACHABLE', `${url}: ${describe(answer)}${when}`)
}

/** Retry-After (RFC 9110 §10.2.3): seconds, or a date. Null: it says nothing that can be read. */
function patience(answer: Answer, now: UnixMillis): number | null {
  const text = answer.header('retry-after')
  if (text === null) return null
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  const date = Date.parse(text)
  return Number.isNaN(date) ? null : Math.max(date - now, 0)
}

async function attemptOnce(
  { url, body, type, headers, maxBytes }: Question,
  timers: Timers,
  stop: AbortSignal | undefined,
): Promise<Answer | TlogError> {
  const control = new AbortController()
  const cancel = timers.after(WHOLE_MS, () => control.abort(new Error(`no answer within ${WHOLE_MS / 1000} s`)))
  try {
    const response = await fetch(url, {
      method: body === undefined ? 'GET' : 'POST',
      redirect: 'manual',
      signal: stop === undefined ? control.signal : AbortSignal.any([control.signal, stop]),
      headers: { ...(type === undefined ? {} : { 'content-type': type }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : Uint8Array.from(body) }),
    })
    const bytes = await readBody(response, maxBytes ?? MAX_BYTES)
    return { status: response.status, header: (name) => response.headers.get(name), bytes }
  } catch (error) {
    return new TlogError('SERVICE_UNREACHABLE', `${url}: ${reasonOf(error)}`)
  } finally {
    cancel()
    control.abort()
  }
}

/** Counted after decompression: a small answer may unpack to a large one. @throws TlogError SERVICE_REFUSED above `most` bytes */
export async function readBody(response: Response, most: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of response.body ?? []) {
    size += part.length
    if (size > most) throw new TlogError('SERVICE_REFUSED', `an answer above ${most} bytes`)
    parts.push(part)
  }
  return concat(...parts)
}

/** fetch hides it behind "fetch failed". */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no answer'
  return error.cause instanceof Error ? error.cause.message : error.message
}

/** What a service said no with. `secret` is cut out of its words: it may quote what it was sent. */
export function refusal(url: string, answer: Answer, secret: string | null = null): TlogError {
  const said = describe(answer)
  return new TlogError('SERVICE_REFUSED', `${url}: ${secret === null ? said : said.replaceAll(secret, '…')}`)
}

/** The header that goes with a token; a caller has asked `requirePrivate` before. */
export function bearer(token: string | null): Readonly<Record<string, string>> {
  return token === null ? {} : { authorization: `Bearer ${token}` }
}

const PRIVATE = /^(https:|http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(\/|$))/

/** A secret goes nowhere in clear, but to this machine itself. @throws TlogError CONFIG_INVALID */
export function requirePrivate(url: string): void {
  if (!PRIVATE.test(url))
    throw new TlogError('CONFIG_INVALID', `${url}: a token is sent over https, or to this machine alone`)
}

/** @throws TlogError SERVICE_REFUSED for an answer that `read` cannot read */
export function readAnswer<T>(url: string, answer: Answer, read: (json: JsonValue) => T, limits?: JsonLimits): T {
  try {
    return read(parseJson(answer.bytes, limits))
  } catch (cause) {
    if (!(cause instanceof TlogError)) throw cause
    throw new TlogError('SERVICE_REFUSED', `${url}: its answer cannot be read: ${cause.message}`, { cause })
  }
}

const MAX_WORDS = 300

function describe({ status, bytes }: Answer): string {
  const text = new TextDecoder().decode(bytes.subarray(0, 64 * MAX_WORDS))
  const words = printable(messageOf(text) ?? text, MAX_WORDS)
  return words === '' ? `answered ${status}` : `answered ${status}: ${words}`
}

/** Logs and authorities of Sigstore say it in one field of a JSON object. */
function messageOf(text: string): string | null {
  try {
    const { message } = JSON.parse(text) as { message?: unknown }
    return typeof message === 'string' ? message : null
  } catch {
    return null
  }
}

/** A stranger's words on one line of a terminal, with nothing that moves its cursor. */
function printable(text: string, length: number): string {
  return text
    .replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, length)
}

/** A path behind a service's URL, which may end in a slash. */
export function below(url: string, path: string): string {
  return `${url.replace(/\/+$/, '')}${path}`
}

/**
 * The few calls of the S3 API that a log needs. Signed by aws4fetch; times, retries and sizes are ours, as the answers of a
 * store are not trusted. No message has a credential, nor the words of a store, which may quote one.
 */

import { createHash } from 'node:crypto'
import { AwsV4Signer } from 'aws4fetch'
import { readBody, reasonOf } from '../../client/ask.ts'
import { type Listing, parseErrorCode, parseListing } from '../../formats/s3/answers.ts'
import { formatS3Url, type S3Access, type S3Location } from '../../formats/s3/location.ts'
import { TlogError } from '../../kernel/error.ts'
import type { Clock } from '../../log/ports.ts'

export interface S3Parts {
  readonly location: S3Location
  readonly access: S3Access
  readonly clock: Pick<Clock, 'now' | 'after'>
  readonly random: (bytes: number) => Uint8Array
}

export interface S3Object {
  readonly bytes: Uint8Array
  readonly etag: string
}

/** `absent`: only where there is none. An ETag: only over the object that has it. */
export type Condition = { readonly absent: true } | { readonly etag: string } | null

export interface Put {
  readonly bytes: Uint8Array
  readonly type: string
  readonly cache: string
  readonly condition: Condition
}

/** `refused`: the condition does not hold; of an attempt whose answer was lost, maybe because it succeeded. */
export type PutOutcome = 'written' | 'refused' | 'unconditional'

interface Request {
  readonly method: 'GET' | 'PUT' | 'DELETE'
  /** Below the bucket. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  readonly maxBytes?: number
}

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Uint8Array
}

const ATTEMPTS = 4
/** Of the first pause; each one after is twice as long, and half of it is chance. */
const PAUSE_MS = 200
/** For an attempt; with it, a slow line's time for the bytes that may be on it. */
const ATTEMPT_MS = 5000
const BYTES_PER_MS = 256
/** An error, or a part of a listing. */
const WORDS_BYTES = 2 ** 20
/** Answers that may be another a moment later; 409 says that another write is under way. */
const PASSING = new Set([408, 409, 425, 429, 500, 502, 503, 504])

export class S3Client {
  readonly #parts: S3Parts
  /** Signing keys, by day. */
  readonly #keys = new Map<string, ArrayBuffer>()
  /** By how much the store's clock is ahead of ours: told when it takes what we sign for too old, or too new. */
  #aheadMs = 0

  constructor(parts: S3Parts) {
    this.#parts = parts
  }

  /** What messages call an object. */
  name(key: string): string {
    const { bucket, prefix } = this.#parts.location
    return formatS3Url({ bucket, prefix: `${prefix}${key}` })
  }

  /** Null: there is none. @throws TlogError SERVICE_REFUSED, also above `maxBytes`; SERVICE_UNREACHABLE */
  async get(key: string, maxBytes: number): Promise<S3Object | null> {
    const answer = await this.#ask({ method: 'GET', path: this.#path(key), maxBytes }, key)
    if (answer.status === 404 && parseErrorCode(answer.bytes) !== 'NoSuchBucket') return null
    if (answer.status !== 200) throw this.#refused(key, answer)
    const etag = answer.headers.get('etag')
    if (etag === null || !/^[\x21-\x7e]{1,256}$/.test(etag)) throw this.#refusal(key, 'it has no ETag')
    return { bytes: answer.bytes, etag }
  }

  /**
   * Durable once it is written. `unconditional`: the store takes no such condition, and nothing was written.
   * @throws TlogError SERVICE_REFUSED; SERVICE_UNREACHABLE, and then it may be written all the same, now or later
   */
  async put(key: string, { bytes, type, cache, condition }: Put): Promise<PutOutcome> {
    const headers = { 'content-type': type, 'cache-control': cache, ...conditionHeaders(condition) }
    const answer = await this.#ask({ method: 'PUT', path: this.#path(key), headers, body: bytes }, key)
    if (answer.status === 200) return 'written'
    if (condition !== null && answer.status === 412) return 'refused'
    const code = parseErrorCode(answer.bytes)
    if (condition !== null && 'etag' in condition && answer.status === 404 && code !== 'NoSuchBucket') return 'refused'
    if (condition !== null && (answer.status === 501 || code === 'NotImplemented')) return 'unconditional'
    throw this.#refused(key, answer)
  }

  /** One that is not there is fine. @throws as get does */
  async remove(key: string): Promise<void> {
    const answer = await this.#ask({ method: 'DELETE', path: this.#path(key) }, key)
    if (answer.status !== 204 && answer.status !== 200 && answer.status !== 404) throw this.#refused(key, answer)
  }

  /** The keys that begin with `start`, at most `limit`, ascending. @throws as get does, and SERVICE_REFUSED when there are more */
  async list(start: string, limit: number): Promise<readonly string[]> {
    const found: string[] = []
    for (let token: string | null = ''; token !== null; ) {
      const { keys, next } = await this.#part(start, 1000, token)
      found.push(...keys)
      if (found.length > limit) throw this.#refusal(start, `there are more than ${limit} objects`)
      if (next !== null && keys.length === 0) throw this.#refusal(start, 'its listing has no end')
      token = next
    }
    return found
  }

  /** Whether no key begins with `start`. @throws as get does */
  async isEmpty(start: string): Promise<boolean> {
    return (await this.#part(start, 1, '')).keys.length === 0
  }

  async #part(start: string, most: number, token: string): Promise<Listing> {
    const { prefix } = this.#parts.location
    const more: Record<string, string> = token === '' ? {} : { 'continuation-token': token }
    const query = { 'list-type': '2', 'max-keys': `${most}`, prefix: `${prefix}${start}`, ...more }
    const answer = await this.#ask({ method: 'GET', path: '', query }, start)
    if (answer.status !== 200) throw this.#refused(start, answer)
    const { keys, next } = this.#listing(start, answer.bytes)
    return { keys: keys.map((key) => key.slice(prefix.length)), next }
  }

  #listing(start: string, bytes: Uint8Array): Listing {
    const listing = this.#read(start, () => parseListing(bytes))
    const begin = `${this.#parts.location.prefix}${start}`
    if (!listing.keys.every((key) => key.startsWith(begin))) throw this.#refusal(start, 'its listing has other keys')
    return listing
  }

  #read<T>(key: string, parse: () => T): T {
    try {
      return parse()
    } catch (error) {
      throw this.#refusal(key, `its answer cannot be read: ${(error as Error).message}`)
    }
  }

  #path(key: string): string {
    return `${this.#parts.location.prefix}${key}`
  }

  /** Asking twice does no harm: what is written is the same, and under the same condition. */
  async #ask(request: Request, key: string): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#attempt(request, key)
      if (!(answer instanceof Error || PASSING.has(answer.status) || isLate(answer) || this.#isSkewed(answer)))
        return answer
      if (attempt === ATTEMPTS) throw this.#unreachable(key, answer)
      await this.#pause(attempt)
    }
  }

  /** A clock that is wrong must not keep a node from its ratchet: the store's own is the one that counts. */
  #isSkewed({ status, headers, bytes }: Answer): boolean {
    if (status !== 403 || parseErrorCode(bytes) !== 'RequestTimeTooSkewed') return false
    const time = Date.parse(headers.get('date') ?? '')
    if (Number.isFinite(time)) this.#aheadMs = time - this.#parts.clock.now()
    return true
  }

  async #pause(attempt: number): Promise<void> {
    const chance = Number(this.#parts.random(1)[0]) / 256
    const ms = PAUSE_MS * 2 ** (attempt - 1) * (0.5 + chance / 2)
    await new Promise<void>((resolve) => void this.#parts.clock.after(ms, resolve))
  }

  async #attempt(request: Request, key: string): Promise<Answer | Error> {
    const { method, body = new Uint8Array(), maxBytes } = request
    const control = new AbortController()
    const patience = ATTEMPT_MS + Math.ceil((body.length + (maxBytes ?? 0)) / BYTES_PER_MS)
    const cancel = this.#parts.clock.after(patience, () => control.abort(new Error(`no answer within ${patience} ms`)))
    try {
      const { url, headers } = await this.#sign(request)
      const sent = method === 'PUT' ? { body: body as Uint8Array<ArrayBuffer> } : {} // nobody shares memory here
      const response = await fetch(url, { method, headers, redirect: 'manual', signal: control.signal, ...sent })
      const bytes = await readBody(response, response.status === 200 ? (maxBytes ?? WORDS_BYTES) : WORDS_BYTES)
      return { status: response.status, headers: response.headers, bytes }
    } catch (error) {
      if (error instanceof TlogError) throw this.#refusal(key, error.message)
      return new Error(reasonOf(error))
    } finally {
      cancel()
      control.abort()
    }
  }

  async #sign({ method, path, query = {}, headers = {}, body = new Uint8Array() }: Request) {
    const { access, clock } = this.#parts
    const url = this.#url(path)
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    const datetime = new Date(clock.now() + this.#aheadMs).toISOString().replaceAll(/[:-]|\.\d{3}/g, '')
    if (this.#keys.size > 1) this.#keys.clear()
    const signer = new AwsV4Signer({
      method,
      url: url.href,
      headers: { ...headers, 'x-amz-content-sha256': createHash('sha256').update(body).digest('hex') },
      accessKeyId: access.accessKeyId,
      secretAccessKey: access.secretAccessKey,
      ...(access.sessionToken === null ? {} : { sessionToken: access.sessionToken }),
      service: 's3',
      region: access.region,
      cache: this.#keys,
      datetime,
    })
    return await signer.sign()
  }

  #url(path: string): URL {
    const { access, location } = this.#parts
    const url = new URL(access.endpoint)
    if (access.addressing === 'host') url.hostname = `${location.bucket}.${url.hostname}`
    url.pathname = access.addressing === 'host' ? `/${path}` : `/${location.bucket}/${path}`
    return url
  }

  #unreachable(key: string, answer: Answer | Error): TlogError {
    const why = answer instanceof Error ? answer.message : describe(answer)
    return new TlogError('SERVICE_UNREACHABLE', `${this.name(key)}: ${why}`)
  }

  #refused(key: string, answer: Answer): TlogError {
    const region = answer.headers.get('x-amz-bucket-region')
    const elsewhere =
      answer.status !== 200 &&
      region !== null &&
      /^[a-z0-9-]{1,40}$/.test(region) &&
      region !== this.#parts.access.region
    return this.#refusal(key, `${describe(answer)}${elsewhere ? `; the bucket is in the region ${region}` : ''}`)
  }

  #refusal(key: string, why: string): TlogError {
    return new TlogError('SERVICE_REFUSED', `${this.name(key)}: ${why}`)
  }
}

function conditionHeaders(condition: Condition): Readonly<Record<string, string>> {
  if (condition === null) return {}
  return 'etag' in condition ? { 'if-match': condition.etag } : { 'if-none-match': '*' }
}

/** S3's own word for a body that came too slowly. */
function isLate({ status, bytes }: Answer): boolean {
  return status === 400 && parseErrorCode(bytes) === 'RequestTimeout'
}

function describe({ status, bytes }: Answer): string {
  const code = parseErrorCode(bytes)
  return code === null ? `answered ${status}` : `answered ${status} ${code}`
}

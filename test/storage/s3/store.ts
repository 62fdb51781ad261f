/**
 * The part of an S3 store that our client asks for, in memory, for faults that a real one does not have on demand. What a real
 * one does is tested against one (test/e2e/s3.test.ts).
 */

import { createHash, createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { S3Access } from '../../../src/formats/s3/location.ts'

export interface Stored {
  readonly bytes: Buffer
  readonly etag: string
  readonly type: string | undefined
  readonly cache: string | undefined
}

/** In place of the answer. `lands`: what was asked for is done all the same. */
export type Fault =
  | {
      readonly status: number
      readonly code?: string
      readonly headers?: Record<string, string>
      readonly lands?: boolean
    }
  | { readonly kind: 'silent' | 'cut'; readonly lands?: boolean }
  | { readonly body: string; readonly lands?: boolean }

export interface FakeStore {
  readonly access: S3Access
  readonly objects: Map<string, Stored>
  /** `METHOD key` of every request, as it came. */
  readonly asked: string[]
  /** Called before each request is looked at. */
  fault: (asked: string, request: IncomingMessage) => Fault | null
  /** `ignored`: conditions are no part of its API. */
  conditions: 'kept' | 'ignored' | 'refused'
  pageSize: number
}

export const BUCKET = 'tlog'
const SECRET = 'secret-access-key'

/** Anything with tap's teardown. */
interface Scope {
  teardown(end: () => unknown): void
}

export async function startStore(scope: Scope, accessKeyId = 'AKIDEXAMPLE'): Promise<FakeStore> {
  const objects = new Map<string, Stored>()
  const server = createServer((request, response) => void answer(request, response, store))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  scope.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as { port: number }
  const access: S3Access = {
    endpoint: `http://127.0.0.1:${port}`,
    region: 'eu-test-1',
    addressing: 'path',
    accessKeyId,
    secretAccessKey: SECRET,
    sessionToken: null,
  }
  const store: FakeStore = { access, objects, asked: [], fault: () => null, conditions: 'kept', pageSize: 1000 }
  return store
}

async function answer(request: IncomingMessage, response: ServerResponse, store: FakeStore): Promise<void> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part)
  const body = Buffer.concat(parts)
  const url = new URL(request.url ?? '', 'http://store')
  const key = url.pathname.replace(`/${BUCKET}/`, '')
  const asked = `${request.method} ${key}${url.searchParams.has('list-type') ? `?${url.searchParams.get('prefix')}` : ''}`
  store.asked.push(asked)
  const fault = store.fault(asked, request)
  if (fault !== null && fault.lands !== true) return fail(fault, response)
  if (!isSigned(request, body, url, store.access)) return refuse(response, 403, 'SignatureDoesNotMatch')
  if (fault !== null) {
    act(request, key, body, store)
    return fail(fault, response)
  }
  if (url.searchParams.has('list-type')) return list(url, response, store)
  const { status, stored } = act(request, key, body, store)
  if (status >= 400) return refuse(response, status, status === 404 ? 'NoSuchKey' : 'PreconditionFailed')
  if (request.method === 'GET' && stored !== undefined)
    return void response.writeHead(200, { etag: stored.etag, 'content-length': stored.bytes.length }).end(stored.bytes)
  response.writeHead(status, stored === undefined ? {} : { etag: stored.etag }).end()
}

function act(
  request: IncomingMessage,
  key: string,
  body: Buffer,
  store: FakeStore,
): { status: number; stored?: Stored | undefined } {
  const held = store.objects.get(key)
  if (request.method === 'GET') return { status: held === undefined ? 404 : 200, stored: held }
  if (request.method === 'DELETE') {
    store.objects.delete(key)
    return { status: 204 }
  }
  const { 'if-match': match, 'if-none-match': noneMatch } = request.headers
  if (store.conditions === 'refused' && (match ?? noneMatch) !== undefined) return { status: 501 }
  if (store.conditions === 'kept') {
    if (noneMatch === '*' && held !== undefined) return { status: 412 }
    if (match !== undefined && held?.etag !== match) return { status: held === undefined ? 404 : 412 }
  }
  const { 'content-type': type, 'cache-control': cache } = request.headers
  const stored = { bytes: body, etag: `"${createHash('md5').update(body).digest('hex')}"`, type, cache }
  store.objects.set(key, stored)
  return { status: 200, stored }
}

function list(url: URL, response: ServerResponse, { objects, pageSize }: FakeStore): void {
  const prefix = url.searchParams.get('prefix') ?? ''
  const after = url.searchParams.get('continuation-token') ?? ''
  const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort()
  const page = keys.slice(0, pageSize)
  const more = keys.length > page.length
  const next = more ? `<NextContinuationToken>${page.at(-1) ?? 'x'}</NextContinuationToken>` : ''
  const contents = page.map((key) => `<Contents><Key>${key}</Key></Contents>`).join('')
  response
    .writeHead(200)
    .end(
      `<?xml version="1.0"?>\n<ListBucketResult>${contents}<IsTruncated>${more}</IsTruncated>${next}</ListBucketResult>`,
    )
}

function fail(fault: Fault, response: ServerResponse): void {
  if ('body' in fault) response.writeHead(200).end(fault.body)
  else if ('status' in fault) refuse(response, fault.status, fault.code ?? 'InternalError', fault.headers)
  else if (fault.kind === 'cut') {
    response.writeHead(200, { etag: '"cut"', 'content-length': 1000 }).write('a part')
    setTimeout(() => response.destroy(), 5)
  }
}

function refuse(response: ServerResponse, status: number, code: string, headers: Record<string, string> = {}): void {
  const words = `<Message>The key ${SECRET} is not shown</Message><AWSAccessKeyId>AKIDEXAMPLE</AWSAccessKeyId>`
  response.writeHead(status, headers).end(`<?xml version="1.0"?>\n<Error><Code>${code}</Code>${words}</Error>`)
}

/** AWS Signature Version 4, as the store computes it: of keys that need no escapes. */
function isSigned(request: IncomingMessage, body: Buffer, url: URL, { accessKeyId }: S3Access): boolean {
  const form =
    /^AWS4-HMAC-SHA256 Credential=([A-Z]+)\/(\d{8})\/eu-test-1\/s3\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/
  const [, who, day = '', signed = '', signature] = form.exec(request.headers.authorization ?? '') ?? []
  const sha256 = (text: string | Buffer) => createHash('sha256').update(text).digest('hex')
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
  if (who !== accessKeyId || request.headers['x-amz-content-sha256'] !== sha256(body)) return false
  const query = [...url.searchParams]
    .map((pair) => pair.map(encodeURIComponent).join('='))
    .sort()
    .join('&')
  const headers = signed.split(';').map((name) => `${name}:${String(request.headers[name])}\n`)
  const canonical = [request.method, url.pathname, query, headers.join(''), signed, sha256(body)].join('\n')
  const time = String(request.headers['x-amz-date'])
  const text = ['AWS4-HMAC-SHA256', time, `${day}/eu-test-1/s3/aws4_request`, sha256(canonical)].join('\n')
  const key = ['eu-test-1', 's3', 'aws4_request'].reduce<Buffer>(hmac, hmac(`AWS4${SECRET}`, day))
  return time.startsWith(day) && signature === hmac(key, text).toString('hex')
}

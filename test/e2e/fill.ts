/** Fills a Rekor v2 log over HTTP with signed entries. As a program: `node test/e2e/fill.ts URL COUNT [CONNECTIONS]`. */

import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { Agent, request } from 'node:http'

const ENTRIES = '/api/v2/log/entries'

/** A P-256 hashedrekord request over random bytes: no two are equal. */
export interface SignedRequest {
  /** SHA-256 of the artifact, base64. */
  readonly digest: string
  readonly body: string
}

export interface Answer {
  readonly status: number
  readonly body: string
}

export interface FillOptions {
  readonly connections?: number
  /** Called with each 201 as it arrives, in no particular order. */
  readonly onReceipt?: (sent: SignedRequest, receipt: string) => void
}

interface Key {
  readonly secret: KeyObject
  /** SPKI DER, base64. */
  readonly spki: string
}

function createKey(): Key {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { secret: privateKey, spki: publicKey.export({ type: 'spki', format: 'der' }).toString('base64') }
}

// A few signers, as in a real log; what is new in each entry is its artifact.
const KEYS = Array.from({ length: 4 }, createKey)
let turn = 0

export function signedRequest(): SignedRequest {
  const { secret, spki } = KEYS[turn++ % KEYS.length] ?? createKey()
  const artifact = randomBytes(32)
  const digest = createHash('sha256').update(artifact).digest('base64')
  const content = sign('sha256', artifact, secret).toString('base64')
  const verifier = { publicKey: { rawBytes: spki }, keyDetails: 'PKIX_ECDSA_P256_SHA_256' }
  return { digest, body: JSON.stringify({ hashedRekordRequestV002: { digest, signature: { content, verifier } } }) }
}

/** A statement in both forms in which it can be logged: the same leaf, but the envelope brings what was signed. */
export interface SignedEnvelope extends SignedRequest {
  readonly envelope: string
}

export function signedEnvelope(): SignedEnvelope {
  const { secret, spki } = KEYS[turn++ % KEYS.length] ?? createKey()
  const payloadType = 'application/octet-stream'
  const payload = randomBytes(64)
  const pae = Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `), payload])
  const digest = createHash('sha256').update(pae).digest('base64')
  const content = sign('sha256', pae, secret).toString('base64')
  const verifier = { publicKey: { rawBytes: spki }, keyDetails: 'PKIX_ECDSA_P256_SHA_256' }
  const envelope = { payload: payload.toString('base64'), payloadType, signatures: [{ sig: content }] }
  return {
    digest,
    body: JSON.stringify({ hashedRekordRequestV002: { digest, signature: { content, verifier } } }),
    envelope: JSON.stringify({ dsseRequestV002: { envelope, verifiers: [verifier] } }),
  }
}

/** One POST of an entry. Rejects only when there is no answer. */
export function post(url: string, body: string, agent?: Agent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const call = request(url + ENTRIES, { method: 'POST', headers, ...(agent && { agent }) }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }))
      response.on('error', reject)
    })
    call.on('error', reject)
    call.end(body)
  })
}

/** Adds `count` entries over parallel connections. @throws Error on the first answer that is not 201. */
export async function fill(url: string, count: number, options: FillOptions = {}): Promise<void> {
  const connections = options.connections ?? 64
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  let left = count
  async function worker(): Promise<void> {
    while (left-- > 0) {
      const sent = signedRequest()
      const answer = await post(url, sent.body, agent)
      if (answer.status !== 201) throw new Error(`POST ${ENTRIES}: ${answer.status} ${answer.body}`)
      options.onReceipt?.(sent, answer.body)
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(connections, count) }, worker))
  } finally {
    left = 0 // stops the other workers when one failed
    agent.destroy()
  }
}

if (import.meta.main) {
  const [url = '', count = '1', connections = '64'] = process.argv.slice(2)
  const start = performance.now()
  await fill(url, Number(count), { connections: Number(connections) })
  const seconds = (performance.now() - start) / 1000
  console.log(`${count} entries in ${seconds.toFixed(1)} s: ${Math.round(Number(count) / seconds)}/s`)
}

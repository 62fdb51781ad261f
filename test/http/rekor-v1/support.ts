/** A server with a Rekor v1 log, and what its answers must be. */

import { createPublicKey, verify } from 'node:crypto'
import type t from 'tap'
import { parseCheckpoint } from '../../../src/formats/c2sp/checkpoint.ts'
import { parseNote } from '../../../src/formats/c2sp/note.ts'
import { promisedBytes } from '../../../src/formats/sigstore/promise.ts'
import { type Hash, leafIndex, treeSize } from '../../../src/kernel/brand.ts'
import { hex, parseBase64, parseHex, parseUtf8, utf8 } from '../../../src/kernel/bytes.ts'
import { leafHash } from '../../../src/kernel/hash.ts'
import { verifyInclusion } from '../../../src/kernel/proof.ts'
import type { Scope } from '../../cli/support.ts'
import { hashOf } from '../../dialects/rekor-v2/support.ts'
import { type Answer, ask, startServer as start, type TestServer } from '../support.ts'

export const BOTH = ['--dialects', 'rekor-v1,rekor-v2']
export const ENTRIES = '/api/v1/log/entries'

export interface LogEntry {
  readonly body: string
  readonly integratedTime: number
  readonly logID: string
  readonly logIndex: number
  readonly attestation?: { readonly data: string }
  readonly verification: {
    readonly signedEntryTimestamp: string
    readonly inclusionProof: {
      readonly checkpoint: string
      readonly hashes: readonly string[]
      readonly logIndex: number
      readonly rootHash: string
      readonly treeSize: number
    }
  }
}

export function startServer(scope: Scope, flags: readonly string[] = [], dir?: string): Promise<TestServer> {
  return start(scope, [...BOTH, ...flags], dir)
}

export function post(server: { port: number }, path: string, body: unknown, headers = {}): Promise<Answer> {
  return ask(server, path, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body), headers })
}

export async function json(server: { port: number }, path: string): Promise<unknown> {
  const { text } = await ask(server, path)
  return JSON.parse(text)
}

/** The entry in an answer, once all that it says of itself was checked with the log's public key. */
export async function entryIn(t: Tap, server: { port: number }, answered: unknown): Promise<[id: string, LogEntry]> {
  const [pair, second] = Object.entries(answered as Record<string, LogEntry>)
  if (pair === undefined || second !== undefined) throw new Error('not one entry')
  const [id, entry] = pair
  const pem = (await ask(server, `/api/v1/log/publicKey?treeID=${BigInt(`0x${id.slice(0, 16)}`)}`)).text
  const key = createPublicKey(pem)
  const logId = hashOf('SHA2_256', new Uint8Array(key.export({ type: 'spki', format: 'der' })))
  t.equal(entry.logID, hex(logId))
  const body = parseBase64(entry.body)
  t.equal(id.slice(16), hex(leafHash(body)), 'the ID is of the body')
  const promised = promisedBytes({
    body,
    integratedTime: entry.integratedTime,
    logId,
    index: leafIndex(entry.logIndex),
  })
  t.ok(verify('sha256', promised, key, parseBase64(entry.verification.signedEntryTimestamp)), 'signed entry timestamp')
  const { checkpoint, hashes, logIndex, rootHash, treeSize: size } = entry.verification.inclusionProof
  const note = parseNote(utf8(checkpoint))
  const [line] = note.signatures
  t.equal(note.signatures.length, 1, 'one signature line')
  t.equal(line?.keyId, new DataView(logId.buffer, logId.byteOffset).getUint32(0), 'with the hint of Rekor v1')
  t.ok(verify('sha256', note.text, key, line?.signature ?? new Uint8Array()), 'checkpoint')
  const { origin, size: signedSize, root } = parseCheckpoint(note.text)
  t.same([origin, signedSize, hex(root)], [`${line?.name} - ${BigInt(`0x${id.slice(0, 16)}`)}`, size, rootHash])
  const head = { size: treeSize(size), root }
  verifyInclusion(
    leafHash(body),
    leafIndex(logIndex),
    head,
    hashes.map((text) => parseHex(text) as Hash),
  )
  return [id, entry]
}

export type Tap = Pick<typeof t, 'equal' | 'ok' | 'same'>

export function bodyOf(entry: LogEntry): unknown {
  return JSON.parse(parseUtf8(parseBase64(entry.body)))
}

/** `422 605 message`. */
export function said({ status, text }: Answer): string {
  const { code, message } = JSON.parse(text) as { code: number; message: string }
  return `${status} ${code} ${message}`
}

/**
 * An entry's keys and attachments, as the columns of `pending` hold them.
 *
 * Keys: for each 1 byte of source (0: leaf, 1: attachment) and the key of 32. Attachments: for each 1 byte of algorithm (its place in
 * ALGORITHMS), 4 bytes of length, big-endian, the digest and the content. What it withdraws: 1 byte of algorithm and the digest, or nothing.
 */

import { hex } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import type { Attachment, ContentName, DigestAlgorithm, LookupKey } from '../../log/ports.ts'

const ALGORITHMS: readonly DigestAlgorithm[] = ['sha256', 'sha384', 'sha512']
const SOURCES: readonly LookupKey['source'][] = ['leaf', 'attachment']
const KEY_BYTES = 33

export function formatKeys(keys: readonly LookupKey[]): Uint8Array {
  return Buffer.concat(keys.flatMap(({ key, source }) => [Uint8Array.of(SOURCES.indexOf(source)), key]))
}

/** @throws TlogError STORE_CORRUPT */
export function parseKeys(bytes: Uint8Array): LookupKey[] {
  if (bytes.length % KEY_BYTES !== 0) throw malformed(bytes)
  return Array.from({ length: bytes.length / KEY_BYTES }, (_, at) => {
    const source = SOURCES[bytes[at * KEY_BYTES] ?? 0]
    if (source === undefined) throw malformed(bytes)
    return { key: bytes.slice(at * KEY_BYTES + 1, (at + 1) * KEY_BYTES), source }
  })
}

export function formatAttachments(attachments: readonly Attachment[]): Uint8Array {
  return Buffer.concat(
    attachments.flatMap(({ algorithm, digest, content }) => {
      const start = Buffer.alloc(5)
      start.writeUInt8(ALGORITHMS.indexOf(algorithm))
      start.writeUInt32BE(content.length, 1)
      return [start, digest, content]
    }),
  )
}

/** @throws TlogError STORE_CORRUPT */
export function parseAttachments(bytes: Uint8Array): Attachment[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const attachments: Attachment[] = []
  for (let at = 0; at < bytes.length; ) {
    const algorithm = ALGORITHMS[bytes[at] ?? 0]
    if (algorithm === undefined || at + 5 > bytes.length) throw malformed(bytes)
    const from = at + 5 + digestBytes(algorithm)
    const end = from + view.getUint32(at + 1)
    if (end > bytes.length) throw malformed(bytes)
    attachments.push({ algorithm, digest: bytes.slice(at + 5, from), content: bytes.slice(from, end) })
    at = end
  }
  return attachments
}

export function formatName(name: ContentName | undefined): Uint8Array {
  if (name === undefined) return new Uint8Array()
  return Buffer.concat([Uint8Array.of(ALGORITHMS.indexOf(name.algorithm)), name.digest])
}

/** @throws TlogError STORE_CORRUPT */
export function parseName(bytes: Uint8Array): ContentName | undefined {
  if (bytes.length === 0) return undefined
  const algorithm = ALGORITHMS[bytes[0] ?? 0]
  if (algorithm === undefined || bytes.length !== 1 + digestBytes(algorithm)) throw malformed(bytes)
  return { algorithm, digest: bytes.slice(1) }
}

function digestBytes(algorithm: DigestAlgorithm): number {
  return Number(algorithm.slice(3)) / 8
}

function malformed(bytes: Uint8Array): TlogError {
  return new TlogError(
    'STORE_CORRUPT',
    `pending: ${bytes.length} bytes that begin with ${hex(bytes.subarray(0, 8))} are no row of ours`,
  )
}

/** Signed certificate timestamps inside a certificate (RFC 6962 §3.3): promises of certificate logs to show it. */

import { type UnixMillis, unixMillis } from '../../kernel/brand.ts'
import { TlogError } from '../../kernel/error.ts'
import { DerReader, TAG } from './der.ts'

export const SCT_EXTENSION = '1.3.6.1.4.1.11129.2.4.2'

export interface Sct {
  /** 32 bytes. */
  readonly logId: Uint8Array
  readonly time: UnixMillis
  /** Behind the two bytes that name its algorithm. */
  readonly signature: Uint8Array
}

/** Version, log ID, time, and the length of its extensions. */
const HEAD_BYTES = 43

/** Of the extension's value. @throws TlogError CERTIFICATE_MALFORMED */
export function parseSctList(extension: Uint8Array): Sct[] {
  const outer = new DerReader(extension, 'CERTIFICATE_MALFORMED')
  const bytes = outer.read(TAG.octetString, 'the SCT list')
  outer.end('the SCT list')
  const list = new Vectors(bytes)
  const inner = new Vectors(list.next())
  list.end()
  const found: Sct[] = []
  while (inner.left > 0) found.push(readSct(inner.next()))
  return found
}

function readSct(bytes: Uint8Array): Sct {
  if (bytes.length < HEAD_BYTES) throw malformed('an SCT is cut short')
  if (bytes[0] !== 0) throw malformed(`an SCT of version ${bytes[0]}`)
  const rest = new Vectors(bytes.subarray(41))
  rest.next() // extensions
  rest.skip(2)
  const signature = rest.next()
  rest.end()
  const millis = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(33)
  if (millis > 8_640_000_000_000_000n) throw malformed('an SCT with a time that no calendar has')
  return { logId: bytes.subarray(1, 33), time: unixMillis(Number(millis)), signature }
}

/** Opaque vectors of TLS (RFC 5246 §4.3), each behind its length in two bytes. */
class Vectors {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  next(): Uint8Array {
    const [high = 0, low = 0] = this.skip(2)
    return this.skip(high * 256 + low)
  }

  skip(length: number): Uint8Array {
    if (this.left < length) throw malformed('the SCT list is cut short')
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  end(): void {
    if (this.left > 0) throw malformed('bytes after the SCT list')
  }
}

function malformed(why: string): TlogError {
  return new TlogError('CERTIFICATE_MALFORMED', why)
}

/**
 * A line of a dataset's manifest: one document, as JSON in one spelling (RFC 8785). In a salted one each has a secret of its own,
 * without which nobody can try out what a leaf is of.
 */

import type { LeafHash } from '../../kernel/brand.ts'
import { concat, equal, hex, utf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { leafHash } from '../../kernel/hash.ts'
import { type Fields, object, parsed, type Read } from '../fields.ts'
import { type JsonObject, parseJson } from '../json.ts'
import { requireModelPath } from '../model/oms.ts'
import { canonicalJson } from '../sigstore/canonical-json.ts'
import { hash32, present, whole } from './resource.ts'

export interface DatasetLine {
  /** From the dataset's root, with `/` between the parts. */
  readonly path: string
  readonly sha256: Uint8Array
  /** In bytes. */
  readonly size: number
  /** 32 bytes, or null. */
  readonly salt: Uint8Array | null
}

/** A path of 1,024 bytes, each escaped, and the rest. */
export const MAX_LINE = 8192

const path = parsed(requireModelPath)

export const datasetLine: Read<DatasetLine> = object(readLine)

function readLine(fields: Fields): DatasetLine {
  return {
    path: fields.required('path', path),
    sha256: fields.required('sha256', hash32),
    size: fields.required('size', whole),
    salt: fields.optional('salt', hash32) ?? null,
  }
}

export function datasetLineJson({ path, sha256, size, salt }: DatasetLine): JsonObject {
  return present({ path, sha256: hex(sha256), size, salt: salt === null ? undefined : hex(salt) })
}

/** Without the end of the line. */
export function formatDatasetLine(line: DatasetLine): Uint8Array {
  return canonicalJson(datasetLineJson(line))
}

/** @throws TlogError FIELD_UNKNOWN, FIELD_MISSING, FIELD_INVALID, also for another spelling; a JSON_ code */
export function parseDatasetLine(bytes: Uint8Array): DatasetLine {
  if (bytes.length > MAX_LINE) throw new TlogError('FIELD_INVALID', `a line of over ${MAX_LINE} bytes`)
  const line = datasetLine(parseJson(bytes), '')
  if (!equal(formatDatasetLine(line), bytes))
    throw new TlogError('FIELD_INVALID', 'the document: not in the one spelling of a line (RFC 8785)')
  return line
}

/**
 * SHA-256(0x00 || salt || line without the salt): what is disclosed with a salt is the line that others have.
 * @param bytes of the line, where they are at hand
 */
export function datasetLeaf(line: DatasetLine, bytes = formatDatasetLine(line)): LeafHash {
  if (line.salt === null) return leafHash(bytes)
  return leafHash(concat(line.salt, formatDatasetLine({ ...line, salt: null })))
}

/** A document as Go's hash of a directory has it (golang.org/x/mod/sumdb/dirhash). */
export function dirHashLine({ path, sha256 }: DatasetLine): Uint8Array {
  return utf8(`${hex(sha256)}  ${path}\n`)
}

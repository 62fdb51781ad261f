/** The lines of a slot: a Sigstore bundle, and the proof file (c2sp.org/tlog-proof) that belongs to it. */

import { utf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { isJsonObject, type JsonObject, parseJson } from '../json.ts'
import { parsePayload } from './slot-payload.ts'

export interface SlotLines {
  /** As JSON. Null: there is none, or none that is the only one. */
  readonly bundle: Uint8Array | null
  /** The text of a proof file, likewise. */
  readonly proof: Uint8Array | null
  /** How many there are, those of other kinds too. */
  readonly count: number
}

const BUNDLE = 'application/vnd.dev.sigstore.bundle'
const LIMITS = { maxValues: 100_000 }

/** Null where a line is no JSON object: what others put there is not for us. */
export function readSlotLines(payload: Uint8Array): SlotLines | null {
  const lines = parsePayload(payload).map(utf8)
  const objects = lines.map(objectOf).filter((object) => object !== null)
  if (objects.length < lines.length) return null
  const bundles = lines.filter((_, i) => isBundle(objects[i] as JsonObject))
  const proofs = objects.flatMap(({ tlogProof }) => (typeof tlogProof === 'string' ? [utf8(tlogProof)] : []))
  return { bundle: only(bundles), proof: only(proofs), count: lines.length }
}

/** @param bundle JSON of a Sigstore bundle @param proof a proof file @throws TlogError of either's JSON or UTF-8 */
export function formatSlotLines(bundle: Uint8Array | null, proof: string | null): Uint8Array {
  const lines = [
    ...(bundle === null ? [] : [parseJson(bundle, LIMITS)]),
    ...(proof === null ? [] : [{ tlogProof: proof }]),
  ]
  return utf8(lines.map((line) => `${ascii(JSON.stringify(line))}\n`).join(''))
}

/** The same JSON. */
function ascii(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function objectOf(line: Uint8Array): JsonObject | null {
  try {
    const json = parseJson(line, LIMITS)
    return isJsonObject(json) ? json : null
  } catch (error) {
    if (error instanceof TlogError) return null
    throw error
  }
}

function isBundle({ mediaType }: JsonObject): boolean {
  return typeof mediaType === 'string' && mediaType.startsWith(BUNDLE)
}

/** Of two, neither: which of them counts would depend on the reader. */
function only<T>(found: readonly T[]): T | null {
  return found.length === 1 ? (found[0] as T) : null
}

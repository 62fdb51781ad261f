/** By what it is verified: files that were named or lie beside it, or a log that is asked. */

import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Flags } from '../../config/flags.ts'
import { parseServiceUrl } from '../../config/parsers.ts'
import type { Problems } from '../../config/problems.ts'
import type { Slot } from '../../formats/model/slot.ts'
import { readSlotLines } from '../../formats/model/slot-lines.ts'
import type { Subject } from './subject.ts'

export type Evidence =
  | { readonly kind: 'bundle'; readonly bundle: string; readonly proof: string | null }
  /** The entry comes from whoever verifies, never from the proof file. */
  | { readonly kind: 'proof'; readonly proof: string; readonly entry: string }
  | { readonly kind: 'log'; readonly url: string }
  /** Inside the file: a bundle, and perhaps the proof file that belongs to it. */
  | { readonly kind: 'slot'; readonly hasProof: boolean }
  /** Nothing was named and nothing found at these paths. */
  | { readonly kind: 'none'; readonly looked: readonly string[] }

/** @returns null when there is a problem. Naming one file turns the search off. */
export function evidenceOf(subject: Subject, flags: Flags, problems: Problems): Evidence | null {
  const { bundle, proof, entry, log } = flags
  if (log !== undefined) return logOf(log, subject, flags, problems)
  if (bundle === undefined && proof === undefined && subject.kind === 'digest') {
    problems.note('', 'a digest has no file beside it: give --bundle, --proof, or --log to ask one')
    return null
  }
  const found = bundle === undefined && proof === undefined ? beside(subject) : { bundle, proof, looked: [] }
  if (found.bundle !== undefined) {
    if (entry !== undefined) problems.note('--entry', 'not together with a bundle, which holds the entry')
    return { kind: 'bundle', bundle: found.bundle, proof: found.proof ?? null }
  }
  if (found.proof === undefined) return { kind: 'none', looked: found.looked }
  if (subject.kind === 'directory') {
    problems.note('--bundle', 'missing: a proof file alone says nothing of a directory')
    return null
  }
  if (entry !== undefined) return { kind: 'proof', proof: found.proof, entry }
  problems.note(
    '--entry',
    `missing: ${found.proof} shows that an entry is in a log, and does not hold the entry; without a bundle it must come from you`,
  )
  return null
}

/** Where nothing lies beside the file: what is inside. Whoever put it there proves no more than whoever lays it beside. */
export function evidenceInside(found: Evidence | null, slot: Slot | null): Evidence | null {
  if (found?.kind !== 'none' || slot === null) return found
  const { bundle, proof } = readSlotLines(slot.payload) ?? { bundle: null, proof: null }
  return bundle === null ? found : { kind: 'slot', hasProof: proof !== null }
}

function logOf(log: string, subject: Subject, flags: Flags, problems: Problems): Evidence | null {
  for (const name of ['bundle', 'proof', 'entry'])
    if (flags[name] !== undefined)
      problems.note('--log', `not together with --${name}: verify by one, then by the other`)
  if (subject.kind === 'directory')
    problems.note('--log', 'a directory has no digest to ask for; --bundle holds the list of its files')
  const url = problems.take('--log', null, () => parseServiceUrl(log))
  return url === null ? null : { kind: 'log', url }
}

interface Beside {
  readonly bundle: string | undefined
  readonly proof: string | undefined
  readonly looked: readonly string[]
}

/** What lies there under the names that are looked for. */
export function beside(subject: Subject): Beside {
  if (subject.kind === 'digest') return { bundle: undefined, proof: undefined, looked: [] }
  const path = subject.kind === 'directory' ? subject.path.replace(/\/+$/, '') : subject.path
  const bundles = [`${path}.sigstore.json`, ...(subject.kind === 'directory' ? [join(path, 'model.sig')] : [])]
  const proof = `${path}.tlog-proof`
  return {
    bundle: bundles.find((one) => existsSync(one)),
    proof: existsSync(proof) ? proof : undefined,
    looked: [...bundles, proof].map((one) => (path.includes('/') ? one : basename(one))),
  }
}

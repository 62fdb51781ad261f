/** What was opened around artifacts, and what could not be. */

import type { CustodyStatement } from '../../formats/lineage/statement.ts'
import type { Signature } from './open.ts'
import type { Withdrawal } from './withdrawn.ts'

export interface OpenedStatement {
  /** SHA-256 of the payload, in hex: by this others link to it. */
  readonly payload: string
  readonly statement: CustodyStatement
  /** At least one; one by a named signer makes the statement count. */
  readonly signatures: Signature[]
}

/** What the server listed and did not show, or what does not hold. */
export interface Fault {
  readonly place: string
  readonly artifact: string
  readonly code: string
  readonly message: string
  /** A lie, or a signature that is not good; else it is withheld, or could not be checked here. */
  readonly isLie: boolean
}

/** What the operator took back, by the log's own word. */
export interface WithdrawnStatement extends Omit<Withdrawal, 'checkpoint'> {
  readonly place: string
  readonly artifact: string
  /** Whether it was one whose word counts. */
  readonly isNamed: boolean
}

/** A file of the caller's of which nothing came. */
export interface Unused {
  readonly path: string
  readonly code: string
  readonly message: string
}

export interface Collected {
  /** What was asked about. */
  readonly artifacts: readonly string[]
  /** Those that the artifacts lead to, over what was opened. */
  readonly statements: readonly OpenedStatement[]
  readonly withdrawn: readonly WithdrawnStatement[]
  readonly faults: readonly Fault[]
  /** Entries by strangers that were in the log and could not be opened: anybody may log anything about any file. */
  readonly passedOver: number
  /** Of these, those in the name of a named signer whose certificate is not his, by that name. */
  readonly forged: ReadonlyMap<string, number>
  /** Artifacts to which strangers alone lead, and which were not asked for. */
  readonly unasked: number
  readonly unused: readonly Unused[]
  /** How far each log was seen: by origin, the largest tree. */
  readonly heads: ReadonlyMap<string, number>
  /** Whether there is more than was looked at: entries, and steps. */
  readonly isCut: boolean
  readonly isDeeper: boolean
}

/** Whether a log knows a part of a model: what kinds of models ask, and `--log` answers. */

import type { Node } from './tree.ts'

/** What is known of a digest; null where nobody is asked. */
export type AskLog = (digest: Uint8Array | null | undefined) => Promise<Logged | null>

export interface Logged {
  /** Whether an entry is about it, and in a log that is trusted. */
  readonly isLogged: boolean
  readonly node: Node
}

export const NOBODY: AskLog = async () => null

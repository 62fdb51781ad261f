/** Where a test's programs run, and how they are reached there. */

export interface Host {
  readonly address: string
  /** What a command is put behind, to run there. */
  readonly within: readonly string[]
}

export const HERE: Host = { address: '127.0.0.1', within: [] }

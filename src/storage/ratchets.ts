/** Where the ratchets of a server's logs are kept: files in a directory here, objects in a bucket in s3/. */

import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { makeDirectory } from '../files/make-directory.ts'
import type { Mark, Ratchet } from '../log/ports.ts'
import { createRatchet, mayHaveSigned, openRatchet, type RatchetIdentity, ratchetPath } from './ratchet.ts'

export interface Ratchets {
  /** The directory that holds them; null: none on this machine. */
  readonly dir: string | null
  /** What a log's ratchet is called, here and in `list`. */
  nameOf(identity: RatchetIdentity): string
  /** All that are there, of whichever logs. @throws TlogError RATCHET_REFUSED when nobody can tell */
  list(): Promise<readonly string[]>
  /** Whether the key of one may have signed more than the empty tree; in doubt, yes. */
  mayHaveSigned(name: string): Promise<boolean>
  /** Makes one, durably, when a log is created. @throws TlogError RATCHET_REFUSED when there is one */
  create(identity: RatchetIdentity, mark: Mark): Promise<Ratchet>
  /** @throws TlogError RATCHET_REFUSED when it is missing, damaged or another log's; the message names the remedy */
  open(identity: RatchetIdentity): Promise<Ratchet>
  /** Takes back what `create` made. */
  discard(identities: readonly RatchetIdentity[]): Promise<void>
}

export function ratchetDirectory(dir: string): Ratchets {
  const nameOf = (identity: RatchetIdentity) => ratchetPath(dir, identity)
  return {
    dir,
    nameOf,
    async list() {
      const names = existsSync(dir) ? readdirSync(dir) : []
      return names.filter((name) => name.endsWith('.ratchet')).map((name) => join(dir, name))
    },
    mayHaveSigned: async (name) => mayHaveSigned(name),
    async create(identity, mark) {
      makeDirectory(dir)
      return await createRatchet(nameOf(identity), identity, mark)
    },
    open: (identity) => openRatchet(nameOf(identity), identity),
    async discard(identities) {
      for (const identity of identities) rmSync(nameOf(identity), { force: true })
      try {
        rmdirSync(dir)
      } catch {
        // It has what is not ours, is mounted there, or was made by somebody whose place it is: empty, it stands in nobody's way.
      }
    },
  }
}

/** A data directory that holds many entries already, written by the log itself: of the usual size, signed by nobody. */

import { randomBytes } from 'node:crypto'
import { startLogs } from '../src/cli/data.ts'
import { sha256 } from '../src/crypto/node/sha256.ts'
import { unixMillis } from '../src/kernel/brand.ts'
import type { Clock, Entry } from '../src/log/ports.ts'
import { createLogIn } from '../src/storage/create-log.ts'
import { createDataDirectory } from '../src/storage/data-directory.ts'

const LEAF_BYTES = 540
const KEYS = 2 // of a digest and of a key
const AT_ONCE = 4096

const clock: Clock = {
  now: () => unixMillis(Date.now()),
  after: (ms, run) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}

export interface Filling {
  readonly dialect: 'rekor-v1' | 'rekor-v2'
  /** The nth entry; nobody checks it. */
  readonly entryOf: (n: number) => Entry
}

const ANY: Filling = { dialect: 'rekor-v2', entryOf: anyEntry }

/** Makes `dir`, with one log of `count` entries, for clients of localhost. */
export async function fillDirectory(dir: string, count: number, { dialect, entryOf }: Filling = ANY): Promise<void> {
  const data = createDataDirectory({ dir, ratchetDir: `${dir}/ratchet`, passphrase: undefined })
  await createLogIn(data, { slug: dialect.slice(-2), dialect, origin: 'localhost' }, clock.now())
  const [log] = await startLogs(data, {
    clock,
    limits: { intervalMs: 1, waitMs: 600_000 }, // a busy machine is no reason to stop
    onStep: () => () => undefined,
    onPublishDelayed: () => undefined,
    onFailure: (_, error) => {
      throw error
    },
  })
  let left = count
  const add = async () => {
    while (left-- > 0) await log?.add(entryOf(left))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, add))
  await log?.close()
  await data.close()
}

function anyEntry(): Entry {
  const leaf = randomBytes(LEAF_BYTES)
  return entryUnder(leaf, ...Array.from({ length: KEYS }, (_, i) => sha256(leaf.subarray(i))))
}

export function entryUnder(leaf: Uint8Array, ...keys: readonly Uint8Array[]): Entry {
  return { leaf, keys: keys.map((key) => ({ key, source: 'leaf' })), attachments: [] }
}

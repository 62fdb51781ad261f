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

/** Makes `dir`, with one log of `count` entries, for clients of localhost. */
export async function fillDirectory(dir: string, count: number): Promise<void> {
  const data = createDataDirectory({ dir, ratchetDir: `${dir}/ratchet`, passphrase: undefined })
  await createLogIn(data, { slug: 'v2', dialect: 'rekor-v2', origin: 'localhost' }, clock.now())
  const [log] = await startLogs(data, {
    clock,
    limits: { intervalMs: 1 },
    onStep: () => () => undefined,
    onPublishDelayed: () => undefined,
    onFailure: (_, error) => {
      throw error
    },
  })
  let left = count
  const add = async () => {
    while (left-- > 0) await log?.add(anyEntry())
  }
  await Promise.all(Array.from({ length: AT_ONCE }, add))
  await log?.close()
  await data.close()
}

function anyEntry(): Entry {
  const leaf = randomBytes(LEAF_BYTES)
  const keys = Array.from({ length: KEYS }, (_, i) => ({
    key: sha256(leaf.subarray(i)),
    source: 'leaf' as const,
  }))
  return { leaf, keys, attachments: [] }
}

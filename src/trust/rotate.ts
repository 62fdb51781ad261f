/** Another key for the TUF repository, so that the clients which have a root of the old one follow. */

import { join } from 'node:path'
import type { SigningKey } from '../crypto/crypto.ts'
import type { UnixMillis } from '../kernel/brand.ts'
import { readRepository, writeTrust } from './directory.ts'
import { advance } from './repository.ts'

export interface Rotation {
  /** DATA/trust. */
  readonly dir: string
  readonly from: SigningKey
  readonly to: SigningKey
  readonly now: UnixMillis
}

/**
 * Writes a root that names the new key, signed by both, and everything else anew under it. Interrupted, it is run again with
 * the same two keys. Returns the path of the newest root.
 *
 * @throws TlogError STORE_CORRUPT, and IDENTITY_CHANGED when the root is not for the old key alone to sign.
 */
export async function rotateKey({ dir, from, to, now }: Rotation): Promise<string> {
  const repository = readRepository(join(dir, 'tuf'))
  const { written } = await advance(repository, null, { key: to, former: from, now })
  writeTrust(dir, new Map([...written].map(([path, bytes]) => [`tuf/${path}`, bytes])))
  const roots = [...repository.keys(), ...written.keys()].filter((path) => path.endsWith('.root.json'))
  return join(dir, 'tuf', `${new Set(roots).size}.root.json`)
}

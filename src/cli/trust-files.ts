/** The trust files of a running server: the key that signs their repository, and keeping them fresh. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { ServeConfig } from '../config.ts'
import type { SigningKey } from '../crypto/crypto.ts'
import type { Policy } from '../formats/c2sp/policy.ts'
import { TlogError } from '../kernel/error.ts'
import type { DataDirectory } from '../storage/data-directory.ts'
import { createKeyFile, type KeyFile, readKeyFile } from '../storage/key-file.ts'
import type { DataPlace } from '../storage/log-keys.ts'
import type { Witnessing } from '../trust/compose.ts'
import { hasRepository } from '../trust/directory.ts'
import { createTrust, REFRESH_MS, type Trust, type TrustLog } from '../trust/trust.ts'
import type { World } from './world.ts'

/** @throws TlogError KEY_FILE_REFUSED, and as createTrust does. */
export async function openTrust(data: DataDirectory, config: ServeConfig, world: World): Promise<Trust> {
  const dir = trustDir(data.place)
  return await createTrust({
    dir,
    url: config.url,
    logs: () => logsOf(data),
    config: config.trust,
    ...(config.data.witnessing !== null && { witnessing: withoutLogs(config.data.witnessing.policy) }),
    key: openKey(data.place, dir),
    clock: world.clock,
    warn: world.warn,
  })
}

/** The logs are this server's, whatever the policy lists. */
function withoutLogs({ witnesses, groups, quorum }: Policy): Witnessing {
  return { witnesses, groups, quorum }
}

/** Until the returned function is called. */
export function keepFresh(trust: Trust, logger: Logger, world: World): () => void {
  let cancel = () => {}
  const again = () => {
    cancel = world.clock.after(REFRESH_MS, () => {
      void refresh(trust, logger)
      again()
    })
  }
  again()
  return () => cancel()
}

/** When it fails, the files stay as they were, until the next time. */
export async function refresh(trust: Trust, logger: Logger): Promise<void> {
  await trust.refresh().catch((error: unknown) => logger.error({ err: error }, 'trust files were not refreshed'))
}

export function trustDir(place: DataPlace): string {
  return join(place.dir, 'trust')
}

export function tufKeyFile({ dir, passphrase }: DataPlace): KeyFile {
  return { path: join(dir, 'keys', 'tuf.pem'), passphrase }
}

/** The one that takes its place, while `trust rotate` is under way. */
export function nextTufKeyFile({ dir, passphrase }: DataPlace): KeyFile {
  return { path: join(dir, 'keys', 'tuf.next.pem'), passphrase }
}

/** Never a new key beside a repository that clients know under another one. */
function openKey(place: DataPlace, dir: string): SigningKey {
  const [file, next] = [tufKeyFile(place), nextTufKeyFile(place)]
  if (existsSync(next.path))
    throw new TlogError(
      'KEY_FILE_REFUSED',
      `${next.path} is there: \`colophon trust rotate\` was interrupted, run it again`,
    )
  if (existsSync(file.path)) return readKeyFile(file)
  if (hasRepository(dir))
    throw new TlogError(
      'KEY_FILE_REFUSED',
      `${file.path} is gone, with which the trust files in ${dir} are signed: bring it back; without it remove ${dir}, and every client must be given the new root`,
    )
  return createKeyFile(file)
}

async function logsOf({ database }: DataDirectory): Promise<TrustLog[]> {
  return (await database.logs()).map((record) => ({ ...record, isCompromised: record.compromisedSince !== null }))
}

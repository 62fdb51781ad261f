/** What a client needs to trust this server, kept fresh while it runs, equal on disk and over HTTP. */

import { join } from 'node:path'
import { sha256 } from '#sha256'
import type { TrustConfig } from '../config/trust.ts'
import type { SigningKey } from '../crypto/crypto.ts'
import { parseVkey } from '../formats/c2sp/vkey.ts'
import { equal, hex, utf8 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import type { Clock } from '../log/ports.ts'
import { composeTrustFiles, NO_WITNESSES, type TrustLog, type Witnessing, withdrawnFiles } from './compose.ts'
import { readRepository, removeTrust, writeTrust } from './directory.ts'
import { advance } from './repository.ts'

export type { TrustLog, Witnessing } from './compose.ts'

export interface TrustOptions {
  /** DATA/trust; made when it is missing. */
  readonly dir: string
  /** What clients reach; no trailing slash. */
  readonly url: string
  /** In order of creation; asked anew by every refresh. */
  readonly logs: () => Promise<readonly TrustLog[]>
  readonly config: TrustConfig
  /** Default: none, and no cosignature asked for. */
  readonly witnessing?: Witnessing
  /** Signs the TUF repository, and nothing else. */
  readonly key: SigningKey
  readonly clock: Pick<Clock, 'now'>
  /** Hears what was found damaged and is made anew. */
  readonly warn: (message: string) => void
}

export interface Trust {
  /** By path below /trust/ and below the directory; another map after each refresh that changed something. */
  files(): ReadonlyMap<string, Uint8Array>
  /**
   * Composes the files anew where the logs have changed, and signs anew what is near its end; true if anything was. An hour
   * between calls is enough while no log changes: nothing is left to its last five days. Errors leave the files as they were.
   */
  refresh(): Promise<boolean>
}

/** Milliseconds between two calls of `refresh`. */
export const REFRESH_MS = 3_600_000

const INDEX = 'index.json'

/** The names that Sigstore's clients look for in a TUF repository, by ours. */
const TARGET_NAMES: ReadonlyMap<string, string> = new Map([
  ['signing_config.json', 'signing_config.v0.2.json'],
  ['signing_config.v1.json', 'signing_config_rekor_v1.v0.2.json'],
  ['signing_config.v2.json', 'signing_config_rekor_v2.v0.2.json'],
])

/**
 * Composes, signs and writes the files.
 * @throws TlogError KEY_FILE_REFUSED when the key is a log's; CERTIFICATE_MALFORMED, KEY_MALFORMED for a service of
 *   the configuration; STORE_CORRUPT, IDENTITY_CHANGED for the TUF repository; what the filesystem says.
 */
export async function createTrust(options: TrustOptions): Promise<Trust> {
  await checkKey(options)
  const trust = new FileTrust(options)
  await trust.refresh()
  removeTrust(options.dir, withdrawnFiles(await options.logs()))
  return trust
}

/** A key signs one kind of thing: what it signs for one must not pass for the other. */
async function checkKey({ key, logs }: TrustOptions): Promise<void> {
  const log = (await logs()).find(({ vkey }) => equal(parseVkey(vkey).publicKey, key.publicKey))
  if (log !== undefined)
    throw new TlogError(
      'KEY_FILE_REFUSED',
      `the key of the TUF repository is that of log ${log.slug}: it needs its own`,
    )
}

class FileTrust implements Trust {
  readonly #options: TrustOptions
  #repository: ReadonlyMap<string, Uint8Array>
  #files: ReadonlyMap<string, Uint8Array> = new Map()
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: TrustOptions) {
    this.#options = options
    this.#repository = readRepository(join(options.dir, 'tuf'))
  }

  files(): ReadonlyMap<string, Uint8Array> {
    return this.#files
  }

  /** One at a time: two would sign two files of one version. */
  refresh(): Promise<boolean> {
    const turn = this.#turn.then(() => this.#refresh())
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  async #refresh(): Promise<boolean> {
    const { key, clock, warn, dir, logs } = this.#options
    const plain = composeTrustFiles({ witnessing: NO_WITNESSES, ...this.#options, logs: await logs() })
    const { written, damaged } = await advance(this.#repository, asTargets(plain), { key, now: clock.now() })
    for (const path of damaged) warn(`${join(dir, 'tuf', path)} is damaged and was signed anew`)
    if (written.size === 0 && this.#files.size > 0) return false
    const repository = new Map([...this.#repository, ...written])
    const files = withIndex(this.#options.url, [...plain, ...inTuf(repository)])
    writeTrust(dir, new Map([...inTuf(written), ...files]))
    this.#repository = repository
    this.#files = files
    return true
  }
}

function asTargets(plain: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, Uint8Array> {
  return new Map([...plain].map(([name, bytes]) => [TARGET_NAMES.get(name) ?? name, bytes]))
}

function inTuf(files: ReadonlyMap<string, Uint8Array>): (readonly [string, Uint8Array])[] {
  return [...files].map(([path, bytes]) => [`tuf/${path}`, bytes])
}

function withIndex(url: string, files: readonly (readonly [string, Uint8Array])[]): ReadonlyMap<string, Uint8Array> {
  const sorted = files.toSorted(([a], [b]) => (a < b ? -1 : 1)) // not in the order of writing: that differs after a restart
  const lines = sorted.map(([path, bytes]) => ({
    url: `${url}/trust/${path}`,
    size: bytes.length,
    sha256: hex(sha256(bytes)),
  }))
  return new Map([...files, [INDEX, utf8(`${JSON.stringify({ files: lines }, null, 2)}\n`)]])
}

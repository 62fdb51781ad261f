/** The next state of a TUF repository, signed by one online key. The files of the repository are all the state there is. */

import { signEd25519 } from '#crypto'
import { sha256 } from '#sha256'
import type { SigningKey } from '../crypto/crypto.ts'
import type { JsonObject } from '../formats/json.ts'
import { ed25519Key, formatEnvelope, signedBytes } from '../formats/tuf/envelope.ts'
import {
  type Common,
  parseSnapshot,
  parseTargets,
  parseTimestamp,
  snapshotJson,
  type TargetFile,
  type Targets,
  targetsJson,
  timestampJson,
} from '../formats/tuf/metadata.ts'
import { soleKeyRootJson } from '../formats/tuf/root.ts'
import type { UnixMillis } from '../kernel/brand.ts'
import { equal, hex } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { checkOnline, isSoleKey, openOwn, readRoots } from './own.ts'

/** By path below the repository's root. */
export type Files = ReadonlyMap<string, Uint8Array>

export interface Signing {
  readonly key: SigningKey
  /** Whose place `key` takes: a root that names the new one is signed by both, and what it signed has ended. */
  readonly former?: SigningKey
  readonly now: UnixMillis
}

export interface Advanced {
  /** What to write, in this order: each file only names those before it. Empty when nothing is due. */
  readonly written: Files
  /** What was there but not as we signed it, and is signed anew. */
  readonly damaged: readonly string[]
}

const DAY_MS = 86_400_000

/** How long each is good, and how much of that must be left or it is signed anew. */
const LIFE = {
  root: { ms: 3652 * DAY_MS, leftMs: 1826 * DAY_MS },
  targets: { ms: 365 * DAY_MS, leftMs: 182 * DAY_MS },
  snapshot: { ms: 365 * DAY_MS, leftMs: 182 * DAY_MS },
  timestamp: { ms: 7 * DAY_MS, leftMs: 6 * DAY_MS },
} as const

type Role = keyof typeof LIFE

/** Whatever the clock says. */
const ENDED = '1970-01-01T00:00:00Z'

/**
 * What must be written so that the repository offers `wanted` (by target path; null: what it does) and nothing in it is
 * near its end.
 * A damaged targets, snapshot or timestamp file is made anew, since nothing in it is lost with it.
 *
 * @throws TlogError STORE_CORRUPT when a root is missing in between or damaged, or when `wanted` is null and so are the
 *   targets; IDENTITY_CHANGED when the newest root does
 *   not give the three online roles to the key.
 */
export async function advance(repository: Files, wanted: Files | null, signing: Signing): Promise<Advanced> {
  const round = new Round(repository, signing)
  await round.root()
  const targets = await round.targets(wanted)
  const snapshot = await round.snapshot(targets)
  await round.timestamp(snapshot)
  return round
}

class Round implements Advanced {
  readonly written = new Map<string, Uint8Array>()
  readonly damaged: string[] = []
  readonly #files: Files
  readonly #signing: Signing

  constructor(files: Files, signing: Signing) {
    this.#files = files
    this.#signing = signing
  }

  /** A newer root only where our key alone may sign one; elsewhere that is for whoever holds the other keys. */
  async root(): Promise<void> {
    const { key, former } = this.#signing
    const newest = await readRoots(this.#files)
    if (newest !== null && former !== undefined && isSoleKey(newest, former.publicKey))
      return await this.#signRoot(newest.version + 1, [former, key])
    if (newest !== null) checkOnline(newest, key.publicKey)
    if (newest !== null && (!this.#isDue('root', newest.expires) || !isSoleKey(newest, key.publicKey))) return
    await this.#signRoot((newest?.version ?? 0) + 1, [key])
  }

  /** Clients take it when the keys of the root before and its own have signed it (TUF specification §5.3.4). */
  async #signRoot(version: number, signers: readonly SigningKey[]): Promise<void> {
    const common = { version, expires: this.#expires('root') }
    await this.#sign(`${version}.root.json`, soleKeyRootJson(common, this.#signing.key.publicKey), signers)
  }

  /** The version of the targets, new when what is wanted is not what it lists. */
  async targets(wanted: Files | null): Promise<number> {
    const current = await this.#current('targets', parseTargets)
    for (const [path, bytes] of wanted ?? []) this.#put(targetPath(path, bytes), bytes)
    const targets = wanted === null ? current?.targets : new Map([...wanted].map(([path, b]) => [path, describe(b)]))
    if (targets === undefined)
      throw new TlogError(
        'STORE_CORRUPT',
        'trust/tuf: what it offers is missing or damaged. Start the server once, it is made anew',
      )
    if (current !== null && !this.#isDue('targets', current.expires) && isSame(current.targets, targets))
      return current.version
    const version = this.#nextVersion('targets', current?.version)
    const signed = targetsJson({ version, expires: this.#expires('targets'), targets })
    await this.#sign(`${version}.targets.json`, signed)
    return version
  }

  async snapshot(targetsVersion: number): Promise<number> {
    const current = await this.#current('snapshot', parseSnapshot)
    if (current?.targetsVersion === targetsVersion && !this.#isDue('snapshot', current.expires)) return current.version
    const version = this.#nextVersion('snapshot', current?.version)
    const signed = snapshotJson({ version, expires: this.#expires('snapshot'), targetsVersion })
    await this.#sign(`${version}.snapshot.json`, signed)
    return version
  }

  async timestamp(snapshotVersion: number): Promise<void> {
    const current = await this.#open('timestamp.json', parseTimestamp)
    if (current?.snapshotVersion === snapshotVersion && !this.#isDue('timestamp', current.expires)) return
    const version = this.#nextVersion('timestamp', current?.version)
    const signed = timestampJson({ version, expires: this.#expires('timestamp'), snapshotVersion })
    await this.#sign('timestamp.json', signed)
  }

  /** The one that the newest timestamp leads to. What lies there with a higher version was never announced. */
  async #current<T extends Common>(role: 'targets' | 'snapshot', parse: (signed: JsonObject) => T): Promise<T | null> {
    const timestamp = await this.#open('timestamp.json', parseTimestamp)
    if (timestamp === null) return null
    if (role === 'snapshot') return await this.#open(`${timestamp.snapshotVersion}.snapshot.json`, parse)
    const snapshot = await this.#open(`${timestamp.snapshotVersion}.snapshot.json`, parseSnapshot)
    return snapshot === null ? null : await this.#open(`${snapshot.targetsVersion}.targets.json`, parse)
  }

  async #open<T extends Common>(path: string, parse: (signed: JsonObject) => T): Promise<T | null> {
    const bytes = this.#files.get(path)
    if (bytes === undefined) return null
    const { key, former } = this.#signing
    const found = await openOwn(bytes, key.publicKey, parse)
    if (found !== null) return found
    const before = former === undefined ? null : await openOwn(bytes, former.publicKey, parse)
    if (before !== null) return { ...before, expires: ENDED }
    if (!this.damaged.includes(path)) this.damaged.push(path)
    return null
  }

  /**
   * Minutes since 1970, and more than every version there is: so that a repository that was lost, or came back from an
   * old copy, goes on above what its clients have seen. Below 2^31 for four thousand years: some clients take no more.
   */
  #nextVersion(role: Role, current = 0): number {
    const suffix = `.${role}.json`
    const there = [...this.#files.keys()]
      .filter((path) => path.endsWith(suffix))
      .map((path) => Number(path.slice(0, -suffix.length)))
    return Math.max(current + 1, Math.floor(this.#signing.now / 60_000), ...there.map((version) => version + 1))
  }

  #expires(role: Role): string {
    const end = new Date(this.#signing.now + LIFE[role].ms)
    return `${end.toISOString().slice(0, 19)}Z`
  }

  /** One that ends later than we ever sign was signed under a clock that was ahead. */
  #isDue(role: Role, expires: string): boolean {
    const left = Date.parse(expires) - this.#signing.now
    return !(left > LIFE[role].leftMs && left <= LIFE[role].ms)
  }

  async #sign(path: string, signed: JsonObject, signers: readonly SigningKey[] = [this.#signing.key]): Promise<void> {
    const message = signedBytes(signed)
    const signatures = signers.map(async (key) => {
      return { keyId: ed25519Key(key.publicKey).id, signature: await signEd25519(key, message) }
    })
    this.#put(path, formatEnvelope({ signed, signatures: await Promise.all(signatures) }))
  }

  #put(path: string, bytes: Uint8Array): void {
    const there = this.#files.get(path)
    if (there === undefined || !equal(there, bytes)) this.written.set(path, bytes)
  }
}

/** As clients with consistent snapshots ask for it (TUF specification §6.2). */
function targetPath(path: string, bytes: Uint8Array): string {
  return `targets/${hex(sha256(bytes))}.${path}`
}

function describe(bytes: Uint8Array): TargetFile {
  return { length: bytes.length, sha256: sha256(bytes) }
}

function isSame(listed: Targets['targets'], wanted: Targets['targets']): boolean {
  const same = [...wanted].every(([path, { length, sha256 }]) => {
    const there = listed.get(path)
    return there !== undefined && there.length === length && equal(there.sha256, sha256)
  })
  return same && listed.size === wanted.size
}

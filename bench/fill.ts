/** A data directory that holds many entries already, written by the log itself: of the usual form, signed by nobody. */

import { startLogs } from '../src/cli/data.ts'
import { sha256 } from '../src/crypto/node/sha256.ts'
import { digestKey, publicKeyKey } from '../src/formats/lookup-key.ts'
import { canonicalPem, formatHashedRekordV1 } from '../src/formats/sigstore/leaf-v1.ts'
import { unixMillis } from '../src/kernel/brand.ts'
import { concat, parseHex, utf8 } from '../src/kernel/bytes.ts'
import type { Log } from '../src/log/log.ts'
import type { Clock, Entry } from '../src/log/ports.ts'
import { quorumNone } from '../src/log/witnesses.ts'
import { createLogIn } from '../src/storage/create-log.ts'
import { createDataDirectory, type DataDirectory, openDataDirectory } from '../src/storage/data-directory.ts'
import type { DataPlace } from '../src/storage/log-keys.ts'
import { ratchetDirectory } from '../src/storage/ratchets.ts'

export type Dialect = 'rekor-v2' | 'rekor-v1'

const SLUGS: Readonly<Record<Dialect, string>> = { 'rekor-v2': 'v2', 'rekor-v1': 'v1' }
const V2_LEAF_BYTES = 540
/** All that a pool holds. */
const AT_ONCE = 4096
/** SubjectPublicKeyInfo of a P-256 key up to its point's coordinates. */
const SPKI_HEAD = parseHex('3059301306072a8648ce3d020106082a8648ce3d03010703420004')

export const clock: Clock = {
  now: () => unixMillis(Date.now()),
  after: (ms, run) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}

export interface Filling {
  readonly dialect: Dialect
  readonly count: number
  /** The n-th entry, in place of one of the usual form; nobody checks it. */
  readonly entryOf?: ((n: number) => Entry) | undefined
}

/** Makes `dir`, with one log of `count` entries in any order, for clients of localhost. */
export async function fillDirectory(dir: string, { dialect, count, entryOf }: Filling): Promise<void> {
  const data = await createDataDirectory(placeOf(dir))
  await createLogIn(data, { slug: SLUGS[dialect], dialect, origin: 'localhost' }, clock.now())
  await withLog(data, (log) => addAll(log, 0, count, entryOf ?? ((n) => filledEntry(dialect, n))))
}

/** The entries from `from` on, to before `to`, in their order; as many at once as a log takes. */
export async function addAll(log: Log, from: number, to: number, entryOf: (n: number) => Entry): Promise<void> {
  let next = from
  const add = async () => {
    while (next < to) await log.add(entryOf(next++))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, add))
}

/** In this process, the only log of a directory. */
export async function withFilled<T>(dir: string, work: (log: Log) => Promise<T>): Promise<T> {
  return await withLog(await openDataDirectory(placeOf(dir)), work)
}

async function withLog<T>(data: DataDirectory, work: (log: Log) => Promise<T>): Promise<T> {
  const log = await startOnly(data)
  const result = await work(log)
  await log.close()
  await data.close()
  return result
}

/** The only log of `data`, without witnesses. */
export async function startOnly(data: DataDirectory): Promise<Log> {
  const [log] = await startLogs(data, {
    clock,
    limits: { intervalMs: 1, waitMs: 600_000 }, // a busy machine is no reason to stop
    onStep: () => () => undefined,
    witnesses: () => quorumNone,
    onPublishDelayed: () => undefined,
    onFailure: (_, error) => {
      throw error
    },
  })
  return log as Log
}

export function placeOf(dir: string, database: DataPlace['database'] = null): DataPlace {
  return { dir, ratchets: ratchetDirectory(`${dir}/ratchet`), passphrase: undefined, database }
}

/** The n-th that was added, which whoever asks for it makes again. */
export function filledEntry(dialect: Dialect, n: number): Entry {
  return dialect === 'rekor-v2' ? entryV2(n) : entryV1(n)
}

/** Of what the n-th is a signature. */
export function filledDigest(n: number): Uint8Array {
  return sha256(utf8(`artifact ${n}`))
}

export function entryUnder(leaf: Uint8Array, ...keys: readonly Uint8Array[]): Entry {
  return { leaf, keys: keys.map((key) => ({ key, source: 'leaf' })), attachments: [] }
}

function entryV2(n: number): Entry {
  const leaf = noise(`leaf ${n}`, V2_LEAF_BYTES)
  return entryUnder(leaf, sha256(leaf), sha256(leaf.subarray(1)))
}

/** A hashedrekord with a plain key, and the keys that such an entry is found by. */
function entryV1(n: number): Entry {
  const bytes = filledDigest(n)
  const verifier = { label: 'PUBLIC KEY', der: concat(SPKI_HEAD, noise(`key ${n}`, 64)) } as const
  const leaf = formatHashedRekordV1({
    digest: { algorithm: 'sha256', bytes },
    signature: noise(`signature ${n}`, 71),
    verifier,
  })
  const pem = sha256(canonicalPem(verifier))
  return entryUnder(leaf, digestKey('sha256', bytes), digestKey('sha256', pem), publicKeyKey(verifier.der))
}

/** Incompressible, and the same at every call. */
function noise(seed: string, length: number): Uint8Array {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, i) => sha256(utf8(`${seed} ${i}`)))
  return concat(...blocks).subarray(0, length)
}

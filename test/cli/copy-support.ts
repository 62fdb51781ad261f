/** Directories whose logs are to be moved, and all that is to be found again. */

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { importEd25519Seed } from '#crypto'
import { moveLogs } from '../../src/cli/moving.ts'
import { factsOf } from '../../src/dialects/facts.ts'
import { admit } from '../../src/dialects/rekor-v2/admit.ts'
import { paeKeys } from '../../src/dialects/rekor-v2/keys.ts'
import { withdrawalEntry } from '../../src/dialects/withdrawals.ts'
import { makeDirectory } from '../../src/files/make-directory.ts'
import { createVkey, formatVkey, KEY_TYPE } from '../../src/formats/c2sp/vkey.ts'
import { DEFAULT_BASE } from '../../src/formats/custody/vocabulary.ts'
import { leafIndex, unixMillis } from '../../src/kernel/brand.ts'
import { base64, parseUtf8, utf8 } from '../../src/kernel/bytes.ts'
import type { Attachment, Entry, LogReader } from '../../src/log/ports.ts'
import { createSigner } from '../../src/log/signer.ts'
import { rowsOf } from '../../src/log/transfer/pages.ts'
import { type CopyEnd, type HeldEnd, openSource, openTarget } from '../../src/storage/copy-ends.ts'
import type { Copied, LogDatabase, MovableDatabase } from '../../src/storage/database.ts'
import { openDatabase as openPostgres } from '../../src/storage/postgres/open.ts'
import { openDatabase } from '../../src/storage/sqlite/open.ts'
import { Feeder } from '../contract/feeder.ts'
import { digestRequest, hashOf, MESSAGE, P256 } from '../dialects/rekor-v2/support.ts'
import { testWorld } from './support.ts'

const MINUTE = 60_000
const TEMPLATE = parseUtf8((await admit(digestRequest(P256), { attachmentLimit: 0 })).leaf)
const HELD = base64(hashOf('SHA2_256', MESSAGE))

/** What a client would have sent, but for its signature, which no reader of a log looks at. */
export function rekord(name: string, isKept = false, content = utf8(name)): Entry {
  const digest = new Uint8Array(createHash('sha256').update(content).digest())
  const leaf = utf8(TEMPLATE.replace(HELD, base64(digest)))
  return {
    leaf,
    keys: [...factsOf('rekor-v2')(leaf).keys, ...(isKept ? paeKeys(content) : [])],
    attachments: isKept ? [{ algorithm: 'sha256', digest, content }] : [],
  }
}

export interface LogShape {
  readonly slug: string
  /** The sizes of its heads after the first. */
  readonly heads: readonly number[]
  /** Every so many entries one brings its content. */
  readonly keeps?: number
  /** By its name; without, the name itself. */
  readonly content?: (name: string) => Uint8Array
  readonly ended?: 'frozen' | 'compromised'
  /** Of whose content, by name, its last entry takes back. */
  readonly withdraws?: string
}

/** Each head a minute after the one before, and every other one with a checkpoint. */
export async function fillDirectory(dir: string, shapes: readonly LogShape[]): Promise<void> {
  makeDirectory(dir)
  const database = openDatabase(join(dir, 'log.db'), { create: true })
  for (const [n, { slug, heads, keeps = 0, content = utf8, ended, withdraws }] of shapes.entries()) {
    const key = importEd25519Seed(new Uint8Array(32).fill(n + 1))
    const [origin, createdAt] = [`${slug}.example`, unixMillis(MINUTE)]
    const vkey = createVkey(origin, KEY_TYPE.ed25519, key.publicKey)
    const signer = createSigner(vkey, key)
    const { number } = await database.createLog({
      slug,
      dialect: 'rekor-v2',
      origin,
      vkey: formatVkey(vkey),
      createdAt,
    })
    const store = database.store(number)
    const feeder = await Feeder.after(store)
    for (const [i, size] of heads.entries()) {
      const { head } = feeder
      const entries = Array.from({ length: size - head.size }, (_, i) => {
        const [at, name] = [head.size + i, `${slug} ${head.size + i}`]
        return rekord(name, keeps > 0 && at % keeps === 0, content(name))
      })
      await store.append(head, feeder.batch(entries, unixMillis(MINUTE * (i + 2))))
      const checkpoint = { origin, size: feeder.head.size, root: feeder.head.root, extensions: [] }
      if (i % 2 === 0) await store.publish({ ...feeder.head, note: await signer.sign(checkpoint, 60 * (i + 2)) })
    }
    if (withdraws !== undefined) {
      const [{ algorithm, digest } = never()] = rekord(withdraws, true).attachments
      const identity = { dialect: 'rekor-v2', vkey: formatVkey(vkey), ecdsaKey: null }
      const withdrawal = {
        base: DEFAULT_BASE,
        algorithm,
        digest,
        reason: 'a test',
        effectiveFrom: '2026-01-01T00:00:00Z',
      }
      const entry = await withdrawalEntry(identity, { key, ecdsa: null }, withdrawal)
      const { head } = feeder
      await store.append(head, feeder.batch([entry]))
    }
    const at = unixMillis(MINUTE * 1000)
    if (ended === 'frozen') await database.freezeLog(number, at)
    if (ended === 'compromised') await database.compromiseLog(number, at, unixMillis(5))
  }
  await database.close()
}

export const at = (dir: string) => ({ kind: 'directory', dir }) as const
export const on = (url: string) => ({ kind: 'database', server: { url, password: undefined } }) as const

async function read<T>(database: MovableDatabase, use: (database: MovableDatabase) => Promise<T>): Promise<T> {
  try {
    return await use(database)
  } finally {
    await database.close()
  }
}

export const inDirectory = <T>(dir: string, use: (database: MovableDatabase) => Promise<T>) =>
  read(openDatabase(join(dir, 'log.db'), { readonly: true }), use)
export const inPostgres = async <T>(url: string, use: (database: MovableDatabase) => Promise<T>) =>
  read(await openPostgres({ url, readonly: true }), use)

export async function move(
  from: CopyEnd,
  to: CopyEnd,
  held: (end: HeldEnd) => HeldEnd = (end) => end,
): Promise<readonly Copied[]> {
  const source = await openSource(from, testWorld().clock)
  try {
    const target = await openTarget(to)
    try {
      return await moveLogs({
        source: held(source),
        target: held(target),
        name: 'a copy',
        progress: () => () => undefined,
      })
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
}

/** All that its readers say of every log. */
export async function contentOf(database: LogDatabase): Promise<unknown> {
  const records = await database.logs()
  const logs = await Promise.all(records.map(({ number }) => logContent(database.store(number))))
  const names = records.length === 0 ? [] : await database.store(0).withdrawals(0, 9999)
  const withdrawn = await Promise.all(
    names.map(async (name) => [
      name,
      ...(await Promise.all(records.map((log) => database.store(log.number).withdrawn(name)))),
    ]),
  )
  return { records, logs, withdrawn }
}

async function logContent(store: LogReader): Promise<unknown> {
  const head = await store.head()
  const bundles: string[] = []
  for (let first = 0; head !== null && first < head.size; first += 256) {
    const width = Math.min(256, head.size - first)
    const hash = createHash('sha256')
    for (const bytes of [await store.bundle(first / 256, width), await store.tile(0, first / 256, width)])
      hash.update(bytes ?? new Uint8Array())
    const [found] = await store.find([((await store.leafHashes(leafIndex(first), 1)) ?? []) as never])
    bundles.push(`${hash.digest('hex')} ${found?.index} ${found?.time}`)
  }
  const all = async <T>(read: (after: T | null) => Promise<readonly T[]>) => await everything(rowsOf(read))
  return {
    bundles,
    tile: head !== null && head.size >= 65_536 ? await store.tile(1, 0, 256) : null,
    heads: await store.heads(null, 99_999),
    history: await store.history(null, 99_999),
    published: await store.published(),
    lookups: (await store.lookups(null, 999_999)).map(({ key, ...rest }) => [Buffer.from(key).toString('hex'), rest]),
    attachments: await all<Attachment>((after) => store.attachments(after, 999)),
    totals: await store.totals(),
  }
}

function never(): never {
  throw new Error('it was kept')
}

async function everything<T>(rows: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = []
  for await (const row of rows) all.push(row)
  return all
}

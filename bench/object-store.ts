/**
 * What a copy in an object store costs: `node bench/object-store.ts [--entries 100000] [--steps 10,100,1000]`. The store is
 * versitygw on this machine; requests are counted where they leave, so that they are the same with any other.
 */

import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { exportTo } from '../src/cli/export.ts'
import { openCopy, type Place } from '../src/cli/places.ts'
import { parseS3Url } from '../src/formats/s3/location.ts'
import { formatHashedRekordV1 } from '../src/formats/sigstore/leaf-v1.ts'
import { Sweep } from '../src/log/export.ts'
import { openDataDirectory } from '../src/storage/data-directory.ts'
import { ratchetDirectory } from '../src/storage/ratchets.ts'
import { partsAt, startS3 } from '../test/e2e/s3-server.ts'
import { entryUnder, fillDirectory, filledDigest, withFilled } from './fill.ts'

interface Counts {
  requests: number
  bytes: number
  readonly kinds: Map<string, number>
}

const none = (): Counts => ({ requests: 0, bytes: 0, kinds: new Map() })
let counts = none()

function countRequests(): void {
  const { fetch } = globalThis
  globalThis.fetch = async (input, init) => {
    const kind = String(input).includes('list-type') ? 'LIST' : (init?.method ?? 'GET')
    counts.requests++
    counts.kinds.set(kind, (counts.kinds.get(kind) ?? 0) + 1)
    counts.bytes += (init?.body as Uint8Array | undefined)?.length ?? 0
    return await fetch(input, init)
  }
}

/** As `colophon export` does. Returns seconds. */
async function copy(dir: string, place: Place, outside: Parameters<typeof openCopy>[2]): Promise<number> {
  const data = await openDataDirectory({ dir, ratchets: ratchetDirectory(join(dir, 'ratchet')), passphrase: undefined })
  const [record] = await data.database.logs()
  if (record === undefined) throw new Error('no log')
  const target = await openCopy(place, record.slug, outside, (why) => console.log(why))
  counts = none() // the look whether conditions are kept is one of each start
  const start = performance.now()
  const parts = {
    reader: data.store(record.number),
    sweep: new Sweep(),
    rest: async () => undefined,
    onProgress: () => undefined,
  }
  await exportTo(target, record, parts)
  const seconds = (performance.now() - start) / 1000
  await target.close()
  await data.close()
  return seconds
}

const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const verifier = {
  label: 'PUBLIC KEY',
  der: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
} as const

/** Read by the export as any other; the signature is nobody's. */
function entry(n: number) {
  const digest = { algorithm: 'sha256', bytes: filledDigest(n) } as const
  const leaf = formatHashedRekordV1({ digest, signature: new Uint8Array(randomBytes(71)), verifier })
  return entryUnder(leaf, digest.bytes)
}

function per(entries: number, unit: number): string {
  const kinds = [...counts.kinds].map(([kind, count]) => `${((count / entries) * unit).toFixed(1)} ${kind}`)
  return `${((counts.requests / entries) * unit).toFixed(1)} requests a ${unit} entries: ${kinds.sort().join(', ')}`
}

const { values } = parseArgs({
  options: { entries: { type: 'string', default: '100000' }, steps: { type: 'string', default: '10,100,1000' } },
})
const count = Number(values.entries)
const folder = mkdtempSync(join(tmpdir(), 'colophon-bench-'))
const ends: (() => unknown)[] = [() => rmSync(folder, { recursive: true })]
try {
  const dir = join(folder, 'data')
  await fillDirectory(dir, { dialect: 'rekor-v1', count, entryOf: entry })
  const store = await startS3({ teardown: (end) => void ends.unshift(end) }, 'bench')
  const location = parseS3Url('s3://bench/logs')
  const access = store.access('bench')
  const place: Place = { kind: 'objects', location, access }
  const outside = partsAt(location, access)
  countRequests()
  const ofFiles = await copy(dir, { kind: 'directory', dir: join(folder, 'www') }, outside)
  const before = process.cpuUsage()
  const seconds = await copy(dir, place, outside)
  const { user, system } = process.cpuUsage(before)
  const { size } = await store.contents('bench', 'logs/v1')
  const rate = (n: number) => Math.round(n / seconds)
  console.log(
    `whole: ${count} entries in ${seconds.toFixed(1)} s, ${rate(count)} entries/s, ${rate(counts.requests)} requests/s`,
  )
  console.log(
    `  ${((user + system) / 1e6).toFixed(1)} s of them on the processor; into a directory, ${ofFiles.toFixed(1)} s in all`,
  )
  console.log(`  ${per(count, 1000)}; ${size} objects`)
  console.log(`  ${(((counts.bytes / count) * 1e6) / 1e6).toFixed(0)} MB a million entries`)
  let next = count
  for (const step of values.steps.split(',').map(Number)) {
    const total = { ...none(), entries: 0, seconds: 0 }
    const rounds = Math.max(10, Math.ceil(1024 / step))
    const kinds = new Map<string, number>()
    for (let round = 0; round < rounds; round++) {
      await withFilled(dir, async (log) => {
        await Promise.all(Array.from({ length: step }, () => log.add(entry(next++))))
      })
      total.seconds += await copy(dir, place, outside)
      for (const [kind, n] of counts.kinds) kinds.set(kind, (kinds.get(kind) ?? 0) + n)
      total.requests += counts.requests
      total.bytes += counts.bytes
      total.entries += step
    }
    counts = { requests: total.requests, bytes: total.bytes, kinds }
    console.log(`a checkpoint every ${step} entries: ${per(total.entries, 1000)}`)
    console.log(
      `  ${Math.round((total.seconds / rounds) * 1000)} ms and ${(counts.requests / rounds).toFixed(1)} requests a checkpoint; ${Math.round(counts.bytes / total.entries)} bytes sent an entry`,
    )
  }
} finally {
  for (const end of ends) await end()
}

/** Bundles that are read in the place of entries that left a database: what is shared, remembered and waited for. */

import t from 'tap'
import { formatBundle } from '../../src/formats/c2sp/bundle.ts'
import { concat } from '../../src/kernel/bytes.ts'
import { TlogError } from '../../src/kernel/error.ts'
import { parseTilePath } from '../../src/kernel/tile.ts'
import { CopiedBundles, NOWHERE } from '../../src/storage/copied-bundles.ts'
import { leafHash } from '../contract/feeder.ts'
import { ManualClock, settle } from '../log/support.ts'

const WIDE = 2000 // bytes of an entry: a bundle has half a million

function entryOf(index: number): Uint8Array {
  return new Uint8Array(WIDE).fill(index % 251).fill(index >> 8, 0, 2)
}

const bundleOf = (index: number) => formatBundle(Array.from({ length: 256 }, (_, i) => entryOf(index * 256 + i)))
const leafHashes = async (first: number, count: number) =>
  concat(...Array.from({ length: count }, (_, i) => leafHash(entryOf(first + i))))
const log = { slug: 'v2', leafHashes }

/** A copy that answers when it is told to. */
function scene() {
  const clock = new ManualClock()
  const asked: number[] = []
  const waiting: (() => void)[] = []
  let isHeld = false
  const read = async (path: string) => {
    const { index } = parseTilePath(path)
    asked.push(index)
    if (isHeld) await new Promise<void>((resolve) => waiting.push(resolve))
    return bundleOf(index)
  }
  const bundles = new CopiedBundles({ copyOf: () => read, clock })
  const hold = (held: boolean) => {
    isHeld = held
    for (const answer of waiting.splice(0)) if (!held) answer()
  }
  return { bundles, clock, asked, hold }
}

t.test('who asks for one bundle at once shares one answer', async (t) => {
  const { bundles, asked, hold } = scene()
  hold(true)
  const all = Array.from({ length: 50 }, (_, i) => bundles.read(log, 256 + i, 2))
  await settle()
  hold(false)
  for (const [i, found] of (await Promise.all(all)).entries()) t.same(found, [entryOf(256 + i), entryOf(257 + i)])
  t.same(asked, [1])
  await bundles.read(log, 511, 1)
  t.same(asked, [1], 'and it is remembered')
  await bundles.read({ ...log, slug: 'v1' }, 511, 1)
  t.same(asked, [1, 1], 'of one log')
})

t.test('what is remembered is bounded, and what was asked for last stays', async (t) => {
  const { bundles, asked } = scene()
  const inMemory = Math.floor((32 * 2 ** 20) / bundleOf(0).length)
  for (let index = 0; index < inMemory; index++) await bundles.read(log, index * 256, 1)
  await bundles.read(log, 0, 1)
  await bundles.read(log, inMemory * 256, 1)
  asked.length = 0
  await bundles.read(log, 0, 1)
  t.same(asked, [])
  await bundles.read(log, 256, 1)
  t.same(asked, [1], 'the oldest went')
})

t.test('nobody waits for long, and few bundles are on their way at once', async (t) => {
  const { bundles, clock, asked, hold } = scene()
  hold(true)
  const all = Array.from({ length: 8 + 256 }, (_, i) => bundles.read(log, i * 256, 1).catch((error: unknown) => error))
  await settle()
  t.equal(asked.length, 8)
  await t.rejects(bundles.read(log, 900 * 256, 1), { code: 'STORE_UNAVAILABLE', message: /too many others wait/ })
  await clock.advance(10_000)
  for (const error of await Promise.all(all))
    t.match(error, { code: 'STORE_UNAVAILABLE', message: /^v2: tile\/entries\/\d+ has left the database: no answer/ })
  hold(false)
  t.same(await bundles.read(log, 256, 1), [entryOf(256)], 'asked anew')
  const others = Array.from({ length: 40 }, (_, i) => bundles.read(log, (300 + i) * 256, 1))
  t.equal((await Promise.all(others)).length, 40, 'all places are free again')
})

t.test('without a copy it is said what is missing', async (t) => {
  const message =
    'v2: tile/entries/x001/000 has left the database: --publish must say which object store has it (s3://BUCKET/PREFIX)'
  await t.rejects(NOWHERE.read(log, 256_000, 1), { code: 'CONFIG_INVALID', message })
  const wrong = () => {
    throw new TlogError('CONFIG_INVALID', 'AWS_REGION: must be set')
  }
  const bundles = new CopiedBundles({ copyOf: wrong, clock: new ManualClock() })
  await t.rejects(bundles.read(log, 0, 1), { code: 'CONFIG_INVALID', message: /AWS_REGION/ })
})

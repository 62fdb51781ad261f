/** A place in the fake store. */

import type { Test } from 'tap'
import { parseS3Url } from '../../../src/formats/s3/location.ts'
import { unixMillis } from '../../../src/kernel/brand.ts'
import type { S3Parts } from '../../../src/storage/s3/client.ts'
import { type BucketParts, openExportBucket } from '../../../src/storage/s3/export-bucket.ts'
import type { TargetPlace } from '../../contract/export-target.ts'
import { BUCKET, type FakeStore, startStore } from './store.ts'

/** Pauses end at once; patience ends when a test says so. */
export function quickClock() {
  const clock = {
    pauses: [] as number[],
    patience: [] as (() => void)[],
    endPatience(): void {
      for (const end of clock.patience.splice(0)) end()
    },
    now: () => unixMillis(Date.now()),
    after(ms: number, run: () => void) {
      if (ms >= 5000) clock.patience.push(run)
      else {
        clock.pauses.push(ms)
        setImmediate(run)
      }
      return () => undefined
    },
  }
  return clock
}

export interface FakePlace extends TargetPlace {
  readonly store: FakeStore
  readonly parts: S3Parts
  readonly clock: ReturnType<typeof quickClock>
  /** What was said of a store that keeps no conditions. */
  readonly said: string[]
}

export async function fakePlace(t: Test, prefix = 'logs/v2'): Promise<FakePlace> {
  const store = await startStore(t)
  const [clock, said] = [quickClock(), [] as string[]]
  const location = parseS3Url(`s3://${BUCKET}/${prefix}`)
  const parts: BucketParts = {
    location,
    access: store.access,
    clock,
    random: () => Uint8Array.of(128),
    onUnguarded: (why) => void said.push(why),
  }
  return {
    store,
    parts,
    clock,
    said,
    open: () => openExportBucket(parts),
    contents: async () => {
      const keys = [...store.objects].filter(([key]) => key.startsWith(location.prefix) && !key.includes('/.work/'))
      return new Map(keys.map(([key, { bytes }]) => [key.slice(location.prefix.length), new Uint8Array(bytes)]))
    },
  }
}

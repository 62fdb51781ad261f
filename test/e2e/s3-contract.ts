/**
 * What a store must do to hold copies and ratchets. As a program it tries any store, reached as our own program would reach it:
 * `AWS_ENDPOINT_URL_S3=… AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=… node test/e2e/s3-contract.ts s3://BUCKET/PREFIX`.
 */

import t from 'tap'
import { readAccess } from '../../src/config/object-store.ts'
import { Problems } from '../../src/config/problems.ts'
import { below, parseS3Url, type S3Access, type S3Location } from '../../src/formats/s3/location.ts'
import { utf8 } from '../../src/kernel/bytes.ts'
import { type Condition, S3Client } from '../../src/storage/s3/client.ts'
import { openExportBucket } from '../../src/storage/s3/export-bucket.ts'
import { ratchetObjects } from '../../src/storage/s3/ratchets.ts'
import { exportTargetContract } from '../contract/export-target.ts'
import { ratchetsContract } from '../contract/ratchets.ts'
import { partsAt } from './s3-server.ts'

const MAX_BYTES = 2 ** 25

/** Leaves what it wrote below `location`. */
export function s3Contract(name: string, location: S3Location, access: S3Access): void {
  let places = 0
  const fresh = () => partsAt(below(location, `${Date.now()}-${places++}`), access)

  exportTargetContract(name, async (t) => {
    const parts = fresh()
    return {
      open: () => openExportBucket({ ...parts, onUnguarded: (why) => t.fail(why) }),
      contents: () => contentsOf(new S3Client(parts)),
    }
  })

  ratchetsContract(name, async () => {
    const parts = fresh()
    return () => ratchetObjects(parts)
  })

  t.test(`${name}: of many who swap, or make, the same object one succeeds`, async (t) => {
    const store = new S3Client(fresh())
    const race = async (round: number, condition: Condition) => {
      const put = { type: 'text/plain', cache: 'no-cache', condition }
      const writers = Array.from({ length: 24 }, (_, i) => store.put('a', { ...put, bytes: utf8(`${round}/${i}`) }))
      return (await Promise.all(writers)).filter((outcome) => outcome === 'written').length
    }
    t.equal(await race(0, { absent: true }), 1)
    for (let round = 1; round <= 10; round++) {
      const { etag = '' } = (await store.get('a', 99)) ?? {}
      t.equal(await race(round, { etag }), 1)
    }
  })
}

async function contentsOf(client: S3Client): Promise<ReadonlyMap<string, Uint8Array>> {
  const keys = (await client.list('', 10_000)).filter((key) => !key.startsWith('.work/'))
  const objects = keys.map(async (key) => [key, (await client.get(key, MAX_BYTES))?.bytes ?? utf8('gone')] as const)
  return new Map(await Promise.all(objects))
}

if (import.meta.main) {
  const problems = new Problems()
  const [location, access] = [parseS3Url(process.argv[2] ?? ''), readAccess(process.env, 'copies', problems)]
  problems.check()
  t.setTimeout(15 * 60_000)
  s3Contract(access.endpoint, location, access)
}

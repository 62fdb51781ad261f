/** Whether a store keeps the conditions of writes: some refuse them, and some write all the same. */

import { utf8 } from '../../kernel/bytes.ts'
import type { S3Client } from './client.ts'

/** It stays: two who look at once would else each see what the other removes. */
const PROBE = '.work/probe'

/** Writes one small object, below the client's prefix. @throws TlogError as the client does */
export async function keepsConditions(client: S3Client): Promise<boolean> {
  const probe = { bytes: utf8('colophon\n'), type: 'text/plain; charset=utf-8', cache: 'no-cache' }
  const first = await client.put(PROBE, { ...probe, condition: { absent: true } })
  const again = first === 'written' ? await client.put(PROBE, { ...probe, condition: { absent: true } }) : first
  if (again !== 'refused') return false
  return (await client.put(PROBE, { ...probe, condition: { etag: `"${'0'.repeat(32)}"` } })) === 'refused'
}

import { createHash } from 'node:crypto'
import { openSync, writeFileSync, writeSync } from 'node:fs'
import { open, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { digestParts } from '../../src/files/digest-parts.ts'
import { hex } from '../../src/kernel/bytes.ts'
import { scratch } from '../cli/support.ts'

const MIB = 2 ** 20

/** `mebibytes` of them, each filled with its number. */
function write(path: string, mebibytes: number): string {
  const fd = openSync(path, 'w')
  for (let i = 0; i < mebibytes; i++) writeSync(fd, new Uint8Array(MIB).fill(i))
  return path
}

function slow(from: number, to: number): string {
  const hash = createHash('sha256')
  for (let i = from; i < to; i++) hash.update(new Uint8Array(MIB).fill(i))
  return hash.digest('hex')
}

async function digest(path: string, size: number, ranges: readonly (readonly [number, number])[]): Promise<string[]> {
  const file = await open(path)
  try {
    const wanted = ranges.map(([from, to]) => [{ from: from * MIB, to: to * MIB }])
    return (await digestParts(file, { size, wanted, onBytes: () => undefined })).map(hex)
  } finally {
    await file.close()
  }
}

const folder = scratch(t)

t.test('on one thread and on two', async (t) => {
  const large = write(join(folder, 'large'), 70)
  const ranges = [
    [1, 35],
    [0, 70],
    [35, 70],
    [0, 3],
  ] as const
  t.same(
    await digest(large, 70 * MIB, ranges),
    ranges.map(([from, to]) => slow(from, to)),
  )
  const small = write(join(folder, 'small'), 3)
  t.same(
    await digest(small, 3 * MIB, [
      [0, 3],
      [1, 2],
    ]),
    [slow(0, 3), slow(1, 2)],
  )
})

t.test('a file that became shorter', async (t) => {
  const path = write(join(folder, 'shorter'), 70)
  await truncate(path, 69 * MIB)
  await t.rejects(
    digest(path, 70 * MIB, [
      [0, 70],
      [1, 70],
    ]),
    { code: 'MODEL_MALFORMED' },
  )
  writeFileSync(path, '')
  await t.rejects(digest(path, 70 * MIB, [[1, 70]]), { code: 'MODEL_MALFORMED' })
})

/** What must hold of the copy in the bucket once everything has ended: it is the database's tree, and nothing contradicts it. */

import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { equal } from '../../src/kernel/bytes.ts'
import { openDatabase } from '../../src/storage/postgres/open.ts'
import type { Checker } from './checker.ts'

export interface CopyParts {
  /** Its objects, as files. */
  readonly folder: string
  readonly database: string
  readonly checker: Checker
}

export async function checkCopy({ folder, database, checker }: CopyParts): Promise<void> {
  const read = (path: string) => readFile(join(folder, path)).catch(() => null)
  await checker.final(read)
  const opened = await openDatabase({ url: database, password: undefined, readonly: true })
  const store = opened.store((await opened.logs())[0]?.number ?? -1)
  const [published, copied] = [await store.published(), await read('checkpoint')]
  if (published === null || copied === null || !equal(published.note, copied))
    checker.report(`the copy's checkpoint is not the database's: ${copied?.toString().slice(0, 100)}`)
  await checker.contents((digest) => store.attachment('sha256', digest))
  await opened.close()
  for (const path of await partials(folder)) {
    const whole = await readFile(await whatItBecame(folder, path))
    const part = await readFile(join(folder, path))
    if (!whole.subarray(0, part.length).equals(part)) checker.report(`the copy's ${path} is of another tree`)
  }
}

/** Of tiles and bundles: earlier checkpoints leave them behind, and so does a writer that was killed or paused. */
async function partials(folder: string): Promise<readonly string[]> {
  const found = await readdir(join(folder, 'tile'), { recursive: true })
  return found.map((path) => join('tile', path)).filter((path) => /\.p\/\d+$/.test(path))
}

/** The full one, or the widest that there is. */
async function whatItBecame(folder: string, path: string): Promise<string> {
  const full = join(folder, dirname(path).slice(0, -'.p'.length))
  if (existsSync(full)) return full
  const widths = (await readdir(`${full}.p`)).map(Number)
  return `${full}.p/${Math.max(...widths)}`
}

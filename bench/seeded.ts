/** A log of the synthetic dialect in a database that stays, so that filling it goes on where it ended. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../src/log/log.ts'
import { createLogIn } from '../src/storage/create-log.ts'
import { createDataDirectory, type DataDirectory, openDataDirectory } from '../src/storage/data-directory.ts'
import { startTestServer, type TestServer } from '../test/storage/postgres/server.ts'
import { addAll, clock, placeOf, startOnly } from './fill.ts'
import { SYNTHETIC, syntheticEntry } from './synthetic.ts'

export interface Opened {
  readonly data: DataDirectory
  readonly log: Log
  close(): Promise<void>
}

export interface OpenOptions {
  /** As one of several nodes has it: entries go through the intake. Else a sequencer alone writes. */
  readonly isNode?: boolean
}

/** PostgreSQL on the files in `dir`. */
export async function startKept(dir: string, settings: readonly string[]): Promise<TestServer> {
  return await startTestServer({ keep: join(dir, 'postgres'), settings })
}

/** Keys and ratchet are in `dir`, which is made where there is none; the log too, but when `url` names a database. */
export async function openSeeded(
  dir: string,
  url: string | null,
  { isNode = false }: OpenOptions = {},
): Promise<Opened> {
  const place = placeOf(dir, url === null ? null : { url, password: undefined })
  const data = existsSync(dir) ? await openDataDirectory(place) : await createDataDirectory(place)
  if ((await data.database.logs()).length === 0)
    await createLogIn(data, { slug: SYNTHETIC, dialect: SYNTHETIC, origin: 'localhost' }, clock.now())
  const log = await startOnly(isNode ? data : { ...data, shared: null })
  return {
    data,
    log,
    async close() {
      await log.close()
      await data.close()
    },
  }
}

/** The n-th entry is the n-th that went in, so that what is there says where to go on. */
export async function seed(log: Log, to: number): Promise<void> {
  await addAll(log, log.status().durable, to, syntheticEntry)
}

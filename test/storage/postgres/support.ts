/** Databases on one test server, each of its own, and what looks at them from outside. */

import pg from 'pg'
import t, { type Test } from 'tap'
import type { LogStore } from '../../../src/log/ports.ts'
import type { CopiedBundles } from '../../../src/storage/copied-bundles.ts'
import type { PostgresDatabase } from '../../../src/storage/postgres/logs.ts'
import { openDatabase } from '../../../src/storage/postgres/open.ts'
import { attachment, entry, Feeder, lookupKey, published } from '../../contract/feeder.ts'
import { NEW_LOG } from '../../contract/fresh.ts'
import { startTestServer, type TestServer } from './server.ts'

/** Of this test file, until it ends. */
export async function fileServer(): Promise<TestServer> {
  const server = await startTestServer()
  t.teardown(() => server.stop())
  return server
}

let databases = 0

export interface Opened {
  readonly url: string
  readonly database: PostgresDatabase
}

/** A new database with our tables. Closed at teardown. */
export async function freshDatabase(t: Test, server: TestServer, copied?: CopiedBundles): Promise<Opened> {
  const url = await server.create(`test_${databases++}`)
  const database = await openDatabase({ url, create: true, ...(copied && { copied }) })
  t.teardown(() => database.close())
  return { url, database }
}

export interface Filled extends Opened {
  readonly store: LogStore
  readonly feeder: Feeder
}

/** Three entries, the first with a lookup key and an attachment, and a published checkpoint. */
export async function filledDatabase(t: Test, server: TestServer): Promise<Filled> {
  const { url, database } = await freshDatabase(t, server)
  const store = database.store((await database.createLog(NEW_LOG)).number)
  const feeder = await Feeder.after(store)
  const { head } = feeder
  const first = entry('entry zero', [lookupKey('key')], [attachment('content')])
  await store.append(head, feeder.batch([first, entry('entry one'), entry('entry two')]))
  await store.publish(published(feeder.head))
  return { url, database, store, feeder }
}

/** A connection of its own, with our schema as the search path; `triggers: false`: as who switches them off. */
export async function rawClient(t: Test, url: string, { triggers = true } = {}): Promise<pg.Client> {
  const client = new pg.Client(url)
  client.on('error', () => undefined) // the server may go before it
  await client.connect()
  t.teardown(() => client.end())
  await client.query('SET search_path = colophon')
  if (!triggers) await client.query('SET session_replication_role = replica')
  return client
}

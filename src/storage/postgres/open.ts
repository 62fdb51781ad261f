/** Opens the database of the logs on a PostgreSQL server. */

import { TlogError } from '../../kernel/error.ts'
import { type CopiedBundles, NOWHERE } from '../copied-bundles.ts'
import { POSTGRES_FOLDER, readMigrations } from '../migrate.ts'
import { createLogDatabase, type PostgresDatabase } from './logs.ts'
import { checkSchema, checkServer, migrate } from './migrate.ts'
import { openServer, type Server, type ServerOptions } from './server.ts'

export interface PostgresOptions extends ServerOptions {
  /** Makes the tables where there are none. */
  readonly create?: boolean
  /** Never writes, never migrates. */
  readonly readonly?: boolean
  /** Where entries are that left it; absent: nobody said. */
  readonly copied?: CopiedBundles
}

/**
 * @throws TlogError STORE_UNAVAILABLE; STORE_MISSING when there are no tables of ours, STORE_SCHEMA when they or the server are of
 *   another version, CONFIG_INVALID when the server does not keep what it says it keeps.
 */
export async function openDatabase(options: PostgresOptions): Promise<PostgresDatabase> {
  const server = openServer(options)
  try {
    await prepare(server, options)
    return await createLogDatabase(server, options.copied ?? NOWHERE)
  } catch (error) {
    await server.close()
    throw error
  }
}

async function prepare(server: Server, { create = false, readonly = false }: PostgresOptions): Promise<void> {
  const migrations = readMigrations(POSTGRES_FOLDER)
  await checkServer(server)
  const applied = await checkSchema(server, migrations)
  if (applied === 0 && !create)
    throw new TlogError(
      'STORE_MISSING',
      `${server.where} has no logs: it is another database, or what was in it is lost`,
    )
  if (!readonly) return await migrate(server, migrations)
  if (applied < migrations.length)
    throw new TlogError('STORE_SCHEMA', `${server.where}: of an older version; start a server once to bring it forward`)
}

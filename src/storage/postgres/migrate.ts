/** The schema of a PostgreSQL database: made, brought forward, or refused. */

import { TlogError } from '../../kernel/error.ts'
import { type Applied, checkApplied, type Migration } from '../migrate.ts'
import type { Server } from './server.ts'

/** What must hold of the server, or what is answered may be lost, or seen before it is certain. */
const SETTINGS: Readonly<Record<string, RegExp>> = {
  server_version_num: /^(1[5-9]|[2-9]\d)\d{4}$/,
  fsync: /^on$/,
  full_page_writes: /^on$/,
  synchronous_commit: /^(on|remote_apply|remote_write)$/,
  default_transaction_isolation: /^read committed$/,
}

/** @throws TlogError STORE_SCHEMA on an older server, CONFIG_INVALID on one that does not keep what it says it keeps. */
export async function checkServer({ query, where }: Server): Promise<void> {
  const names = Object.keys(SETTINGS)
  const columns = names.map((name) => `current_setting('${name}') AS ${name}`)
  const [found = {}] = await query<Record<string, string>>(`SELECT ${columns.join(', ')}`)
  for (const name of names)
    if (!SETTINGS[name]?.test(found[name] ?? ''))
      throw new TlogError(
        name === 'server_version_num' ? 'STORE_SCHEMA' : 'CONFIG_INVALID',
        `${where}: ${name} is ${found[name]}, which must match ${SETTINGS[name]?.source}`,
      )
}

/**
 * The number of migrations the database has; 0 when it has nothing of ours.
 * @throws TlogError STORE_SCHEMA as checkApplied does.
 */
export async function checkSchema({ query }: Pick<Server, 'query'>, migrations: readonly Migration[]): Promise<number> {
  const [there] = await query<{ is: boolean }>("SELECT to_regclass('colophon.migration') IS NOT NULL AS is")
  if (there?.is !== true) return 0
  const applied = await query<Applied>('SELECT number, name, sha256 FROM colophon.migration ORDER BY number')
  checkApplied(applied, migrations)
  return applied.length
}

/** Of nodes that start at once, one does it, all of it in one transaction; the others wait. @throws TlogError as checkSchema does. */
export async function migrate(server: Server, migrations: readonly Migration[]): Promise<void> {
  if ((await checkSchema(server, migrations)) === migrations.length) return
  await server.session(async (query) => {
    await query(CREATE).catch(() => query(CREATE)) // of two at once the one that fails finds it made
    await query('BEGIN')
    await query('LOCK TABLE colophon.migration IN ACCESS EXCLUSIVE MODE')
    await query('SET LOCAL search_path = colophon, pg_temp')
    for (const { number, name, sql, sha256 } of migrations.slice(await checkSchema({ query }, migrations))) {
      await query(sql)
      await query('INSERT INTO migration (number, name, sha256) VALUES ($1, $2, $3)', [number, name, sha256])
    }
    await query('COMMIT')
  })
}

const CREATE = `
  CREATE SCHEMA IF NOT EXISTS colophon;
  CREATE TABLE IF NOT EXISTS colophon.migration (
    number integer PRIMARY KEY,
    name   text NOT NULL,
    sha256 bytea NOT NULL CHECK (length(sha256) = 32)
  )`

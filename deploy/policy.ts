/**
 * Makes, once, the witness of docker-compose.yml, and the policy that demands its cosignatures, for the nodes and the auditor.
 * Usage: node policy.ts DIR PUBLIC: the witness's data directory, and where the list of logs is and the policy comes.
 */

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatVkey } from '../src/formats/c2sp/vkey.ts'
import { openWitnessDirectory } from '../src/storage/witness/directory.ts'

const [dir = '', shared = ''] = process.argv.slice(2)
const policy = join(shared, 'policy')
if (!existsSync(policy)) make()

function make(): void {
  const { WITNESS_NAME: name = '', WITNESS_URL: url, COLOPHON_KEY_PASSPHRASE: passphrase } = process.env
  const directory = openWitnessDirectory({ dir, name, passphrase })
  const { ed25519, mlDsa44 } = directory.keys
  const logs = readFileSync(join(shared, 'logs'), 'utf8').matchAll(/^vkey (.*)$/gm)
  const lines = [
    ...[...logs].map(([, vkey]) => `log ${vkey}`),
    `witness w-ed25519 ${formatVkey(ed25519.vkey)} ${url}`,
    `witness w-mldsa ${formatVkey(mlDsa44.vkey)} ${url}`,
    'group w any w-ed25519 w-mldsa',
    'quorum w',
  ]
  directory.close()
  writeFileSync(`${policy}.new`, `${lines.join('\n')}\n`)
  renameSync(`${policy}.new`, policy)
}

/** The witness network's Go witness, with its key in an SSH agent and its logs in a database, as its operators run it. */

import { spawn } from 'node:child_process'
import { createPublicKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Sqlite from 'better-sqlite3'
import { createVkey, formatVkey, KEY_TYPE } from '../../src/formats/c2sp/vkey.ts'
import { parseSshKey } from '../../src/formats/ssh/key.ts'
import { client, freePort, run, type Scope, scratch } from './support.ts'

export interface Litewitness {
  readonly url: string
  readonly vkey: string
}

export interface WitnessedLog {
  readonly origin: string
  readonly vkey: string
}

const EMPTY = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='
const NAME = 'witness.example/lite'

export async function startLitewitness(scope: Scope, logs: readonly WitnessedLog[]): Promise<Litewitness> {
  const program = await client('litewitness')
  const folder = await scratch(scope)
  const at = (name: string) => join(folder, name)
  const must = async (command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) => {
    const done = await run(command, args, { cwd: folder, env })
    if (done.code !== 0) throw new Error(`${command}: ${done.stderr}`)
    return done.stdout
  }
  await must('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', 'key'])
  const agent = spawn('ssh-agent', ['-D', '-a', at('agent')], { stdio: 'ignore' })
  scope.teardown(() => agent.kill('SIGKILL'))
  await until(async () => (await run('ssh-add', ['key'], { cwd: folder, env: agentEnv(at('agent')) })).code === 0)
  const [, fingerprint = ''] = (await must('ssh-keygen', ['-l', '-f', 'key.pub'])).split(' ')
  addLogs(at('db'), logs)
  const listen = `127.0.0.1:${await freePort()}`
  const flags = ['-name', NAME, '-db', 'db', '-ssh-agent', at('agent'), '-key', fingerprint, '-listen', listen]
  const child = spawn(program, flags, { cwd: folder, stdio: 'ignore' })
  scope.teardown(() => child.kill('SIGKILL'))
  await until(() =>
    fetch(`http://${listen}/`).then(
      ({ ok }) => ok,
      () => false,
    ),
  )
  const { key } = parseSshKey(await readFile(at('key.pub'), 'utf8'))
  const jwk = createPublicKey({ key: Buffer.from(key.der), format: 'der', type: 'spki' }).export({ format: 'jwk' })
  const publicKey = new Uint8Array(Buffer.from(String(jwk.x), 'base64url'))
  return { url: `http://${listen}`, vkey: formatVkey(createVkey(NAME, KEY_TYPE.cosignature, publicKey)) }
}

function agentEnv(socket: string): NodeJS.ProcessEnv {
  return { ...process.env, SSH_AUTH_SOCK: socket }
}

/** As its `witnessctl add-log` and `add-key` do, which needs a module that no proxy has. */
function addLogs(path: string, logs: readonly WitnessedLog[]): void {
  const db = new Sqlite(path)
  db.exec(
    `CREATE TABLE log (origin TEXT PRIMARY KEY, tree_size INTEGER NOT NULL, tree_hash TEXT NOT NULL);
     CREATE TABLE key (origin TEXT NOT NULL, key TEXT NOT NULL, FOREIGN KEY(origin) REFERENCES log(origin));
     CREATE TABLE bastion (origin TEXT NOT NULL, bastion TEXT NOT NULL, FOREIGN KEY(origin) REFERENCES log(origin));`,
  )
  for (const { origin, vkey } of logs) {
    db.prepare('INSERT INTO log VALUES (?, 0, ?)').run(origin, EMPTY)
    db.prepare('INSERT INTO key VALUES (?, ?)').run(origin, vkey)
  }
  db.close()
}

async function until(isDone: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (await isDone()) return
    await sleep(50)
  }
  throw new Error('it never came up')
}

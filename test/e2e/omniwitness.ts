/** The witness network's other Go witness, with keys of both kinds and its heads in a database, as its operators run it. */

import { spawn } from 'node:child_process'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createVkey, formatVkey, KEY_TYPE } from '../../src/formats/c2sp/vkey.ts'
import type { WitnessedLog } from './litewitness.ts'
import { client, freePort, type Scope, scratch } from './support.ts'

export interface Omniwitness {
  readonly url: string
  /** Of Ed25519, and of ML-DSA-44. */
  readonly vkeys: readonly [string, string]
}

const NAME = 'witness.example/omni'

export async function startOmniwitness(scope: Scope, logs: readonly WitnessedLog[]): Promise<Omniwitness> {
  const program = await client('omniwitness')
  const folder = await scratch(scope)
  const at = (name: string) => join(folder, name)
  const [classical, postQuantum] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ml-dsa-44')]
  const keys = [
    noteKey(KEY_TYPE.cosignature, classical.privateKey),
    noteKey(KEY_TYPE.mlDsa44, postQuantum.privateKey),
  ] as const
  await Promise.all(keys.map(({ skey }, i) => writeFile(at(`key${i}`), skey, { mode: 0o600 })))
  const known = logs.map(({ origin, vkey }) => ({ Origin: origin, PublicKey: vkey, Feeder: 'none' }))
  await writeFile(at('logs.yaml'), JSON.stringify({ Logs: known })) // which is YAML
  const listen = `127.0.0.1:${await freePort()}`
  const flags = [
    '--listen',
    listen,
    '--metrics_listen',
    '',
    '--db_file',
    at('db'),
    '--additional_logs',
    at('logs.yaml'),
  ]
  const signing = keys.flatMap((_, i) => ['--private_key_path', at(`key${i}`)])
  const child = spawn(program, [...flags, ...signing], { cwd: folder, stdio: 'ignore' })
  scope.teardown(() => child.kill('SIGKILL'))
  const url = `http://${listen}`
  for (let i = 0; i < 400; i++) {
    if (child.exitCode !== null) break
    const answer = await fetch(`${url}/add-checkpoint`, { method: 'POST' }).catch(() => null) // not listening yet
    if (answer !== null) return { url, vkeys: [keys[0].vkey, keys[1].vkey] }
    await sleep(50)
  }
  throw new Error('OmniWitness never came up')
}

/** As Go's note package reads it: the seed after the type, under the ID of the public key. */
function noteKey(type: number, privateKey: KeyObject): { vkey: string; skey: string } {
  const jwk: Readonly<Record<string, unknown>> = { ...privateKey.export({ format: 'jwk' }) }
  const [seed, publicKey] = [jwk.d ?? jwk.priv, jwk.x ?? jwk.pub].map((text) => Buffer.from(String(text), 'base64url'))
  const vkey = formatVkey(createVkey(NAME, type, new Uint8Array(publicKey ?? [])))
  const [, id] = vkey.split('+')
  const typed = Buffer.concat([Buffer.of(type), seed ?? Buffer.of()])
  return { vkey, skey: `PRIVATE+KEY+${NAME}+${id}+${typed.toString('base64')}` }
}

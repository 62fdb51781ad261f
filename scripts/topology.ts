/**
 * `npm run topology`: starts the services of docker-compose.yml as plain processes, until Ctrl-C ends them in order.
 *
 *   npm run topology [-- --data DIR]    keeps the volumes in DIR; else they are gone at the end
 *   npm run topology -- --check         tries it, on free ports: see topology/check.ts. Exit code 0: all of it holds
 *
 * The variables of docker-compose.yml are taken from the environment.
 */

import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { freePort } from '../test/e2e/support.ts'
import { check } from './topology/check.ts'
import { Topology } from './topology/topology.ts'

const { values } = parseArgs({
  options: { check: { type: 'boolean' }, data: { type: 'string' }, verbose: { type: 'boolean' } },
})
const folder = values.data === undefined ? mkdtempSync(join(tmpdir(), 'colophon-topology-')) : resolve(values.data)
mkdirSync(folder, { recursive: true })
chmodSync(folder, 0o711) // PostgreSQL runs as another user where we are root

const stopped = new Promise<void>((stop) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop())
})
const env = values.check === true ? await freePlaces() : process.env
const said: string[] = []
const say = (line: string) => {
  said.push(line)
  if (values.check !== true || values.verbose === true) console.log(line)
}

const topology = await Topology.read({ folder, env, say })
try {
  await Promise.race([topology.up(), stopped])
  if (values.check === true) await Promise.race([check(topology, join(folder, 'check'), console.log), cutOff()])
  else {
    console.log(
      `\nThe log: ${topology.url('balancer', 3000)}   its copy: ${topology.url('objects', 7070)}/tlog/logs/v2/checkpoint`,
    )
    await stopped
  }
} catch (error) {
  if (values.check === true) console.error(said.slice(-200).join('\n'))
  console.error(error)
  process.exitCode = 1
} finally {
  const bad = await topology.down()
  for (const line of bad) console.error(line)
  if (bad.length > 0) process.exitCode = 1
  if (values.data === undefined) rmSync(folder, { recursive: true, force: true })
}

async function cutOff(): Promise<never> {
  await stopped
  throw new Error('stopped before it was over')
}

async function freePlaces(): Promise<NodeJS.ProcessEnv> {
  const [port, objects] = [await freePort(), await freePort()]
  const places = {
    COLOPHON_PORT: `${port}`,
    COLOPHON_OBJECTS_PORT: `${objects}`,
    COLOPHON_URL: `http://localhost:${port}`,
  }
  return { ...process.env, ...places }
}

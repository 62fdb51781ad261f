/** Where a test starts a server, two nodes: over one PostgreSQL and one S3 store, asked in turn, so that any request may come to either. */

import { cpSync, existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import t from 'tap'
import { roundRobin } from './proxy.ts'
import { startS3 } from './s3-server.ts'
import { freePort, type Server } from './support.ts'

const [COPIES, MEMORY] = ['tlog', 'memory']
const store = startS3(t, COPIES, MEMORY)

/** What both nodes are told of the store, for the logs of this name. */
export async function storeOf(name: string): Promise<NodeJS.ProcessEnv> {
  const s3 = await store
  const places = { COLOPHON_PUBLISH: `s3://${COPIES}/${name}`, COLOPHON_RATCHET: `s3://${MEMORY}/${name}` }
  return { ...places, ...s3.env(COPIES), ...s3.env(MEMORY, 'ratchet') }
}

/** The data directory of the other node: keys and first trust files are those of the first, as docs/operate.md says. */
export function otherData(data: string): string {
  return join(dirname(data), `other-node-${basename(data)}`)
}

/** @param launch starts one that is ready, which listens where it pleases */
export async function startNodes(
  launch: (data: string, ...flags: readonly string[]) => Promise<Server>,
  data: string,
  flags: readonly string[],
): Promise<Server> {
  const port = await freePort()
  const words = flags.includes('--url') ? flags : [...flags, '--url', `http://localhost:${port}`]
  const first = await launch(data, ...words)
  const other = otherData(data)
  if (!existsSync(other)) {
    mkdirSync(other, { mode: 0o700 })
    symlinkSync(join(data, 'keys'), join(other, 'keys'))
    cpSync(join(data, 'trust'), join(other, 'trust'), { recursive: true })
  }
  const second = await launch(other, ...words).catch(async (error: unknown) => {
    await first.kill()
    throw error
  })
  const nodes = [first, second]
  const close = await roundRobin(
    port,
    nodes.map(({ url }) => url),
  )
  return {
    url: `http://127.0.0.1:${port}`,
    pid: first.pid,
    output: () => nodes.map((node) => node.output()).join(''),
    async stop() {
      await Promise.all(nodes.map((node) => node.stop())).finally(close)
    },
    async kill() {
      await Promise.all(nodes.map((node) => node.kill())).finally(close)
    },
  }
}

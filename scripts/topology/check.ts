/**
 * That the topology does what it is for: a publisher writes through the balancer and verifies offline; the node that sequences is
 * killed and the next write succeeds; the witness has cosigned what is shown; the auditor is content; and with every node
 * stopped the bucket serves all of it.
 */

import { createHash, generateKeyPairSync } from 'node:crypto'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { post, signedRequest } from '../../test/e2e/fill.ts'
import { type Finished, ROOT, run } from '../../test/e2e/support.ts'
import type { Topology } from './topology.ts'

const NODES = ['node-a', 'node-b']
const LOGS = ['v1', 'v2']
const SOON_MS = 60_000

/** @throws Error at the first thing that does not hold. */
export async function check(topology: Topology, folder: string, say: (line: string) => void): Promise<void> {
  const visit = await Visit.begin(topology, folder)
  for (let i = 0; i < 2 * NODES.length; i++) await visit.publish(`before-${i}`)
  say(
    `${2 * NODES.length} entries of each log through the balancer, all verified offline with the trust files and the policy`,
  )

  const leader = await visit.leader()
  await topology.kill(leader)
  say(`${leader} sequenced and was killed; the next receipt came after ${await visit.resumed()} ms`)
  await visit.publish('after')
  await topology.again(leader)
  for (let i = 0; i < NODES.length; i++) await visit.publish(`again-${i}`)
  say(`${leader} is back, and both take entries`)

  const sizes = await visit.sizes()
  for (const log of LOGS) await until(`the witness has cosigned ${log}`, () => visit.isCosigned(log))
  await until('the auditor has verified it all', () => visit.isAudited(sizes))
  if (!(await topology.isHealthy('auditor'))) throw new Error('the auditor is not content')
  say(`cosigned and audited: ${LOGS.map((log, i) => `${log} with ${sizes[i]} entries`).join(', ')}`)

  for (const log of LOGS) await until(`the copy of ${log}`, () => visit.isCopied(log))
  for (const name of ['auditor', 'balancer', ...NODES]) {
    const code = await topology.stop(name)
    if (code !== 0) throw new Error(`${name} ended with ${code}`)
  }
  for (const [i, log] of LOGS.entries()) await visit.auditCopy(log, sizes[i] ?? 0)
  say('every node stopped: an audit of the bucket alone finds both logs whole and honest')
}

/** A publisher's folder, with the trust that was fetched first and never again. */
class Visit {
  readonly #topology: Topology
  readonly #folder: string
  readonly #url: string

  private constructor(topology: Topology, folder: string) {
    this.#topology = topology
    this.#folder = folder
    this.#url = topology.url('balancer', 3000)
  }

  static async begin(topology: Topology, folder: string): Promise<Visit> {
    mkdirSync(folder)
    const visit = new Visit(topology, folder)
    writeFileSync(visit.#file('trusted_root.json'), await visit.#read('/trust/trusted_root.json'))
    copyFileSync(topology.path('node-a', '/public/policy'), visit.#file('policy'))
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    writeFileSync(visit.#file('key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
    writeFileSync(visit.#file('key.pub'), publicKey.export({ type: 'spki', format: 'pem' }))
    return visit
  }

  /** Signs a file, logs it in both logs, and verifies what came without asking anybody. */
  async publish(name: string): Promise<void> {
    for (const version of ['1', '2']) {
      const file = `${name}-${version}`
      writeFileSync(this.#file(file), `${name} of v${version}`)
      // A v1 API shows the log's own line alone, for its clients refuse any other.
      const trust = ['--trusted-root', 'trusted_root.json', ...(version === '2' ? ['--policy', 'policy'] : [])]
      const where = ['--rekor-url', this.#url, '--rekor-version', version]
      await until(
        `${file} is logged`,
        async () => (await this.#ours('sign', file, '--key', 'key.pem', ...where, ...trust)).code === 0,
      )
      const { code, stdout, stderr } = await this.#ours('verify', file, '--key', 'key.pub', ...trust)
      if (code !== 0 || !stdout.startsWith('VERIFIED')) throw new Error(`${file}: ${stdout}${stderr}`)
    }
  }

  /** Until v2 gives a receipt for a new entry. In milliseconds. */
  async resumed(): Promise<number> {
    const before = performance.now()
    const isTaken = () =>
      post(this.#url, signedRequest().body).then(
        ({ status }) => status === 201,
        () => false,
      )
    await until('a receipt', isTaken)
    return Math.round(performance.now() - before)
  }

  /** Of v2. */
  async leader(): Promise<string> {
    for (const name of NODES) {
      const metrics = await (await fetch(`${this.#topology.url(name, 3000)}/metrics`)).text()
      if (/^colophon_log_leads\{log="v2"\} 1$/m.test(metrics)) return name
    }
    throw new Error('no node sequences')
  }

  async sizes(): Promise<readonly number[]> {
    return await Promise.all(LOGS.map(async (log) => (await this.#head(log)).size))
  }

  async isCosigned(log: string): Promise<boolean> {
    const { origin, size } = await this.#head(log)
    const witness = this.#topology.url('witness', 3001)
    const answer = await fetch(`${witness}/${createHash('sha256').update(origin).digest('hex')}/checkpoint`)
    return answer.ok && headOf(await answer.text()).size === size
  }

  async isAudited(sizes: readonly number[]): Promise<boolean> {
    const metrics = await (await fetch(`${this.#topology.url('auditor', 9465)}/metrics`)).text()
    const verified = [...metrics.matchAll(/^colophon_audit_tree_size\{.*kind="verified".*\} (\d+)$/gm)]
    const found = verified.map(([, size]) => Number(size)).sort()
    return found.join() === sizes.toSorted().join()
  }

  async isCopied(log: string): Promise<boolean> {
    const answer = await fetch(`${this.#copy(log)}/checkpoint`)
    return answer.ok && headOf(await answer.text()).size === (await this.#head(log)).size
  }

  async auditCopy(log: string, size: number): Promise<void> {
    const flags = ['--once', '--json', '--policy', 'policy', '--state', `state-${log}`]
    const { code, stdout, stderr } = await this.#ours('audit', this.#copy(log), ...flags)
    const look = code === 0 ? JSON.parse(stdout) : {}
    if (look.outcome !== 'honest' || look.verified !== size) throw new Error(`the copy of ${log}: ${stdout}${stderr}`)
  }

  #copy(log: string): string {
    return `${this.#topology.url('objects', 7070)}/tlog/logs/${log}`
  }

  async #head(log: string): Promise<Head> {
    return headOf(await this.#read(`/logs/${log}/checkpoint`))
  }

  async #read(path: string): Promise<string> {
    const answer = await fetch(this.#url + path)
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return await answer.text()
  }

  #file(name: string): string {
    return join(this.#folder, name)
  }

  async #ours(...words: readonly string[]): Promise<Finished> {
    const env = { PATH: process.env.PATH, HOME: process.env.HOME }
    return await run(process.execPath, [join(ROOT, 'src/main.ts'), ...words], { cwd: this.#folder, env })
  }
}

interface Head {
  readonly origin: string
  readonly size: number
}

function headOf(checkpoint: string): Head {
  const [origin = '', size] = checkpoint.split('\n')
  return { origin, size: Number(size) }
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + SOON_MS; Date.now() < deadline; await sleep(200)) if (await holds()) return
  throw new Error(`in vain: ${what}`)
}

/** Hosts of their own on one machine, and ways between them that can be cut: network namespaces at a bridge, itself in another. */

import { execFileSync } from 'node:child_process'
import type { Host } from '../host.ts'

/** From the first to the second, from the second to the first, or both. */
export type Way = 'there' | 'back' | 'both'

const NEEDS =
  'this needs root, iproute2, nftables, and a kernel with network namespaces, veth, bridges and nftables for them: ' +
  '`apt-get install iproute2 nftables`, or run it on another machine'
/** Kept for measurements of networks (RFC 2544), so that nobody's own is hidden: 256 of them, for runs side by side. */
const SUBNET = `198.18.${process.pid % 256}`
/** Of this process. */
const OWN = `${SUBNET}.1`
const PREFIX = `colophon-${process.pid}`
const LINK = `cph${process.pid}` // a name of an interface has 15 characters

export class Network {
  readonly #hosts: ReadonlyMap<string, Host>

  private constructor(names: readonly string[]) {
    this.#hosts = new Map(
      names.map((name, i) => {
        const within = ['ip', 'netns', 'exec', `${PREFIX}-${name}`]
        return [name, { address: `${SUBNET}.${i + 2}`, within }]
      }),
    )
  }

  /** This process reaches each host, and they each other. @throws Error with what it needs, where it cannot be made */
  static create(...names: readonly string[]): Network {
    const network = new Network(names)
    process.once('exit', () => network.close())
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1)) // else it would stay
    try {
      network.#make()
    } catch (error) {
      network.close()
      throw new Error(`no network of its own: ${(error as Error).message.trim()}. ${NEEDS}`)
    }
    return network
  }

  /** @throws Error for a name that is none of them */
  host(name: string): Host {
    const host = this.#hosts.get(name)
    if (host === undefined) throw new Error(`no host ${name}`)
    return host
  }

  /** What is sent so vanishes: nobody is told, and connections stay as they are. Until `heal`. */
  cut(from: string, to: string, way: Way): void {
    const [a, b] = [this.host(from).address, this.host(to).address]
    if (way !== 'back') this.#drop(a, b)
    if (way !== 'there') this.#drop(b, a)
  }

  heal(): void {
    this.#atHub('nft', 'flush', 'chain', 'bridge', 'cut', 'forward')
  }

  /** And what still runs there: once it hears nothing any more, it would wait for ever. */
  close(): void {
    for (const name of [...this.#hosts.keys(), 'hub']) {
      const pids = quietly('ip', 'netns', 'pids', `${PREFIX}-${name}`).split('\n').filter(Boolean)
      if (pids.length > 0) quietly('kill', '-KILL', ...pids)
      quietly('ip', 'netns', 'delete', `${PREFIX}-${name}`)
    }
    quietly('ip', 'link', 'delete', LINK)
  }

  #make(): void {
    sh('ip', 'netns', 'add', `${PREFIX}-hub`)
    this.#atHub('ip', 'link', 'add', 'bridge', 'type', 'bridge')
    this.#atHub('ip', 'link', 'set', 'bridge', 'up')
    const chain = 'add chain bridge cut forward { type filter hook forward priority 0; }'
    this.#atHub('nft', `add table bridge cut; ${chain}`)
    sh('ip', 'link', 'add', LINK, 'type', 'veth', 'peer', 'name', 'own', 'netns', `${PREFIX}-hub`)
    this.#plug('own')
    sh('ip', 'address', 'add', `${OWN}/24`, 'dev', LINK)
    sh('ip', 'link', 'set', LINK, 'up')
    for (const [name, { address, within }] of this.#hosts) {
      sh('ip', 'netns', 'add', `${PREFIX}-${name}`)
      this.#atHub('ip', 'link', 'add', 'dev', name, 'type', 'veth', 'peer', 'name', 'eth', 'netns', `${PREFIX}-${name}`)
      this.#plug(name)
      sh(...within, 'ip', 'address', 'add', `${address}/24`, 'dev', 'eth')
      for (const link of ['lo', 'eth']) sh(...within, 'ip', 'link', 'set', 'dev', link, 'up')
    }
  }

  #plug(link: string): void {
    this.#atHub('ip', 'link', 'set', 'dev', link, 'master', 'bridge', 'up')
  }

  #drop(from: string, to: string): void {
    this.#atHub('nft', `add rule bridge cut forward ip saddr ${from} ip daddr ${to} drop`)
  }

  #atHub(...argv: readonly string[]): void {
    sh('ip', 'netns', 'exec', `${PREFIX}-hub`, ...argv)
  }
}

function sh(...argv: readonly string[]): string {
  const [program = '', ...rest] = argv
  return execFileSync(program, rest, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' })
}

/** What is not there needs no end. */
function quietly(...argv: readonly string[]): string {
  try {
    return sh(...argv)
  } catch {
    return ''
  }
}

/** Which peers are believed when they say for whom they speak, and in which words. */

import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'
import { TlogError } from '../kernel/error.ts'

/** Whether a peer is a proxy of ours. On a unix socket a peer has no address. */
export type TrustsPeer = (address: string | undefined) => boolean

export const MAX_PROXIES = 256

/** Of one X-Forwarded-For: no chain of proxies is that long. */
const MAX_HOPS = 16
const HOST = /^(?:[a-zA-Z0-9]([a-zA-Z0-9.-]{0,251}[a-zA-Z0-9])?|\[[0-9a-fA-F:.]{2,45}\])(:[0-9]{1,5})?$/

/** A list with commas: addresses, CIDR blocks, `loopback`, and `unix` for whoever may open the socket. */
export function parseTrustedProxies(text: string): TrustsPeer {
  const parts = text.split(',').map((part) => part.trim())
  if (parts.length > MAX_PROXIES) throw new Error(`at most ${MAX_PROXIES} proxies, not ${parts.length}`)
  if (new Set(parts).size < parts.length) throw new Error('the same proxy twice')
  const blocks = new BlockList()
  for (const part of parts) addBlock(blocks, part)
  const unix = parts.includes('unix')
  return (address) => {
    if (address === undefined) return unix
    const family = isIP(address)
    return family !== 0 && blocks.check(address, family === 4 ? 'ipv4' : 'ipv6')
  }
}

function addBlock(blocks: BlockList, text: string): void {
  if (text === 'unix') return
  if (text === 'loopback') {
    blocks.addSubnet('127.0.0.0', 8, 'ipv4')
    blocks.addAddress('::1', 'ipv6')
    return
  }
  const [, address = '', prefix] = /^([0-9a-fA-F.:]{2,45})(?:\/([1-9][0-9]{0,2}))?$/.exec(text) ?? []
  const family = isIP(address)
  const bits = family === 4 ? 32 : 128
  if (family === 0 || Number(prefix ?? bits) > bits)
    throw new Error(`not an address, a CIDR block, loopback or unix: ${text.slice(0, 64)}`)
  blocks.addSubnet(address, Number(prefix ?? bits), family === 4 ? 'ipv4' : 'ipv6')
}

/**
 * What a proxy of ours forwards must be well formed: the host decides which log is meant. What others forward is not read.
 * @throws TlogError REQUEST_MALFORMED
 */
export function checkForwarded(request: IncomingMessage, trusts: TrustsPeer): void {
  if (!trusts(request.socket.remoteAddress)) return
  check(request, 'x-forwarded-host', 'one host name', (text) => HOST.test(text))
  check(request, 'x-forwarded-proto', 'http or https', (text) => text === 'http' || text === 'https')
  check(request, 'x-forwarded-for', `1 to ${MAX_HOPS} addresses`, (text) => {
    const hops = text.split(',').map((hop) => hop.trim())
    return hops.length <= MAX_HOPS && hops.every((hop) => isIP(hop) !== 0)
  })
}

/** Node joins several headers of one name with a comma. */
function check(request: IncomingMessage, name: string, taken: string, fits: (text: string) => boolean): void {
  const value = request.headers[name]
  if (value !== undefined && !fits(String(value)))
    throw new TlogError('REQUEST_MALFORMED', `${name} must be ${taken}, as the proxy before us says it once`)
}

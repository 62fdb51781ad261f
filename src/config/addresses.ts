/** Whether two listeners would want the same address, however each is written. */

import { BlockList, isIPv4, isIPv6 } from 'node:net'
import type { Endpoint } from '../http/listen.ts'

/** A free port is another one for each. */
export function collide(a: Endpoint, b: Endpoint): boolean {
  if (a.kind === 'unix' || b.kind === 'unix') return a.kind === 'unix' && b.kind === 'unix' && a.path === b.path
  if (a.port !== b.port || a.port === 0) return false
  return hostsOf(a.host).some((one) => hostsOf(b.host).some((other) => covers(one, other) || covers(other, one)))
}

/** `localhost` is whichever the system says first. Another name stands for itself: only listening will tell. */
function hostsOf(host: string): readonly string[] {
  const name = host.toLowerCase()
  if (name === 'localhost' || name.endsWith('.localhost')) return ['127.0.0.1', '::1']
  return [/^::ffff:([0-9.]+)$/.exec(name)?.[1] ?? name]
}

/** The address of every interface covers all of its family; that of IPv6 takes IPv4 as well. */
function covers(wide: string, other: string): boolean {
  if (isIPv6(wide) && same(wide, '::')) return isIPv4(other) || isIPv6(other)
  if (wide === '0.0.0.0') return isIPv4(other)
  return same(wide, other)
}

function same(a: string, b: string): boolean {
  if (!isIPv6(a) || !isIPv6(b)) return a === b
  const list = new BlockList() // knows [::1] and [0:0:0:0:0:0:0:1] as one
  list.addAddress(a, 'ipv6')
  return list.check(b, 'ipv6')
}

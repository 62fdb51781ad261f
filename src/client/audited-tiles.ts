/** A tiled log (c2sp.org/tlog-tiles), and what witnesses show of it, as an auditor asks them. Nothing has been checked. */

import { sha256 } from '#sha256'
import { MAX_ENTRY_BYTES } from '../formats/c2sp/bundle.ts'
import { hex, utf8 } from '../kernel/bytes.ts'
import { TILE_WIDTH } from '../kernel/tile.ts'
import { type Ask, below, refusal } from './ask.ts'

const OK = 200
const ABSENT = new Set([404, 410])
const MAX_BUNDLE_BYTES = TILE_WIDTH * (2 + MAX_ENTRY_BYTES)

/** @param prefix what checkpoint and tiles are below */
export function tiledLog(ask: Ask, prefix: string) {
  const file = (path: string) => fileAt(ask, below(prefix, `/${path}`))
  return {
    kind: 'tiles' as const,
    file,
    async checkpoint(): Promise<Uint8Array> {
      const place = below(prefix, '/checkpoint')
      const answer = await ask({ url: place })
      if (answer.status !== OK) throw refusal(place, answer)
      return answer.bytes
    },
  }
}

/** The monitoring endpoint (c2sp.org/tlog-witness). */
export function witnessView(ask: Ask, url: string) {
  return {
    url,
    checkpoint: (origin: string) => fileAt(ask, below(url, `/${hex(sha256(utf8(origin)))}/checkpoint`)),
  }
}

async function fileAt(ask: Ask, url: string): Promise<Uint8Array | null> {
  const answer = await ask({ url, maxBytes: MAX_BUNDLE_BYTES })
  if (ABSENT.has(answer.status)) return null
  if (answer.status !== OK) throw refusal(url, answer)
  return answer.bytes
}

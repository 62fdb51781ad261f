/** Evidence of every kind, for readers of it: whether it holds is another question. */

import { parseVkey } from '../../src/formats/c2sp/vkey.ts'
import type { Evidence, Found } from '../../src/formats/evidence.ts'
import { parseLogKey } from '../../src/formats/log-key.ts'
import { hash, leafIndex, unixMillis } from '../../src/kernel/brand.ts'
import { utf8 } from '../../src/kernel/bytes.ts'

const ORIGIN = 'example.com/log'
const VKEY = 'example.com/log+9be5d3c6+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c'
const WITNESS = parseVkey('witness.example/w1+df1c0a35+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU')

const note = (size: number) => utf8(`${ORIGIN}\n${size}\nroot\n\n— ${ORIGIN} c2lnbmF0dXJl\n`)
const root = hash(new Uint8Array(32).fill(1))
const two = { first: note(3), second: note(5) }
const proof = [root, hash(new Uint8Array(32).fill(2))]
const place = { level: 'entries', index: 1234, width: 3 } as const

export const FOUND: readonly Found[] = [
  { kind: 'fork', ...two, root, proof },
  { kind: 'fork', ...two, root, proof: [] },
  { kind: 'rollback', ...two },
  { kind: 'stale', ...two },
  { kind: 'time', ...two, signer: WITNESS },
  { kind: 'content', checkpoint: note(5), place, bytes: utf8('bytes'), root, proof },
  { kind: 'content', checkpoint: note(5), place: { ...place, level: 1 }, bytes: new Uint8Array(), root, proof },
  {
    kind: 'content',
    checkpoint: note(5),
    place: { level: 'entry', index: leafIndex(7) },
    bytes: utf8('entry'),
    root,
    proof,
  },
  {
    kind: 'tiles',
    checkpoint: note(257),
    tiles: [
      { tile: { level: 0, index: 1, width: 1 }, bytes: new Uint8Array(32) },
      { tile: { level: 1, index: 0, width: 1 }, bytes: utf8('short') },
    ],
  },
  { kind: 'consistency', ...two, proof },
  { kind: 'inclusion', checkpoint: note(5), index: leafIndex(4), entry: utf8('entry'), proof },
]

export function evidenceOf(found: Found, origin = ORIGIN, keys: readonly string[] = [VKEY]): Evidence {
  return { origin, keys: keys.map(parseLogKey), observed: unixMillis(1_700_000_000_123), said: 'seen “so”', found }
}

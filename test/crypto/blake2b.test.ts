import t from 'tap'
import { closeCrypto } from '../../src/crypto/node.ts'
import { hex, utf8 } from '../../src/kernel/bytes.ts'
import { SIDES } from './sides.ts'

t.teardown(closeCrypto)

/** RFC 7693, appendix A. */
const ABC =
  'ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923'

t.test('BLAKE2b as the RFC has it, and both sides alike', (t) => {
  for (const [name, side] of SIDES) t.equal(hex(side.blake2b512(utf8('abc'))), ABC, name)
  for (const length of [0, 1, 127, 128, 129, 1000, 100_000]) {
    const [one, other] = SIDES.map(([, side]) => hex(side.blake2b512(new Uint8Array(length).fill(length % 251))))
    t.equal(one, other, `${length} bytes`)
  }
  t.end()
})

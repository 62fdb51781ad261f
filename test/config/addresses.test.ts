/** Which listeners would want the same address. */

import t from 'tap'
import { collide } from '../../src/config/addresses.ts'
import { parseEndpoint } from '../../src/config/parsers.ts'

const SAME: readonly (readonly [string, string])[] = [
  ['127.0.0.1:3000', '127.0.0.1:3000'],
  ['localhost:3000', '127.0.0.1:3000'],
  ['localhost:3000', '[::1]:3000'],
  ['LOCALHOST:3000', 'localhost:3000'],
  ['[::1]:3000', '[0:0:0:0:0:0:0:1]:3000'],
  ['[::ffff:127.0.0.1]:3000', '127.0.0.1:3000'],
  ['0.0.0.0:3000', '127.0.0.1:3000'],
  ['0.0.0.0:3000', '[::]:3000'],
  ['[::]:3000', '10.0.0.1:3000'],
  ['[0::0]:3000', 'localhost:3000'],
  ['log.example:3000', 'log.example:3000'],
  ['unix:/run/a.sock', 'unix:/run/a.sock'],
]

const APART: readonly (readonly [string, string])[] = [
  ['127.0.0.1:3000', '127.0.0.1:3001'],
  ['127.0.0.1:3000', '127.0.0.2:3000'],
  ['127.0.0.1:3000', '[::1]:3000'],
  ['0.0.0.0:3000', '[::1]:3000'],
  ['localhost:3000', '10.0.0.1:3000'],
  ['127.0.0.1:0', '127.0.0.1:0'],
  ['[::1]:3000', '[::2]:3000'],
  ['log.example:3000', '127.0.0.1:3000'],
  ['unix:/run/a.sock', 'unix:/run/b.sock'],
  ['unix:/run/a.sock', '127.0.0.1:3000'],
]

t.test('the same address, whichever comes first', async (t) => {
  for (const [pairs, expected] of [
    [SAME, true],
    [APART, false],
  ] as const)
    for (const [a, b] of pairs) {
      t.equal(collide(parseEndpoint(a), parseEndpoint(b)), expected, `${a} and ${b}`)
      t.equal(collide(parseEndpoint(b), parseEndpoint(a)), expected, `${b} and ${a}`)
    }
})

/** SCT lists: their lengths must fit, to the byte. */

import t from 'tap'
import { formatDer, TAG } from '../../../src/formats/pki/der.ts'
import { parseSctList } from '../../../src/formats/pki/sct.ts'
import { concat } from '../../../src/kernel/bytes.ts'
import { refused } from '../support.ts'

const vector = (bytes: Uint8Array) => concat(Uint8Array.of(Math.floor(bytes.length / 256), bytes.length % 256), bytes)
const LOG = new Uint8Array(32).fill(7)
const TIME = Uint8Array.of(0, 0, 1, 0x8b, 0xcf, 0xe5, 0x68, 0)
const sct = (version: number, extensions: Uint8Array, time = TIME) =>
  concat(Uint8Array.of(version), LOG, time, vector(extensions), Uint8Array.of(4, 3), vector(Uint8Array.of(1, 2, 3)))
const extension = (...scts: readonly Uint8Array[]) => formatDer(TAG.octetString, vector(concat(...scts.map(vector))))

t.test('promises of two logs, one with extensions', async (t) => {
  const found = parseSctList(extension(sct(0, new Uint8Array()), sct(0, Uint8Array.of(9, 9))))
  const one = { logId: LOG, time: 1_700_000_000_000, signature: Uint8Array.of(1, 2, 3) }
  t.same(found, [one, one])
  t.same(parseSctList(extension()), [])
})

t.test('what is refused', async () => {
  const good = sct(0, new Uint8Array())
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ['no octet string', vector(vector(good))],
    ['another version', extension(sct(1, new Uint8Array()))],
    ['a time beyond every calendar', extension(sct(0, new Uint8Array(), new Uint8Array(8).fill(255)))],
    ['cut short', extension(good.subarray(0, 40))],
    ['cut short at the end', extension(good.subarray(0, -1))],
    ['bytes after the signature', extension(concat(good, Uint8Array.of(0)))],
    ['bytes after the list', formatDer(TAG.octetString, concat(vector(vector(good)), Uint8Array.of(0)))],
    ['bytes after the extension', concat(extension(good), Uint8Array.of(0))],
  ]
  for (const [name, bytes] of cases) refused(() => parseSctList(bytes), 'CERTIFICATE_MALFORMED', name)
})

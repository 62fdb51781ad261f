/** Distinguished names, as people read them. */

import t from 'tap'
import { formatDer, formatOid, TAG } from '../../../src/formats/pki/der.ts'
import { parseName } from '../../../src/formats/pki/name.ts'
import { encode, refused } from '../support.ts'

const attribute = (oid: string, tag: number, value: Uint8Array) =>
  formatDer(TAG.sequence, formatOid(oid), formatDer(tag, value))
const name = (...sets: readonly Uint8Array[]) => formatDer(TAG.sequence, ...sets.map((set) => formatDer(0x31, set)))

t.test('parts in their order; what is unknown by its number, what is no text by its hex', async (t) => {
  const bytes = name(
    attribute('2.5.4.10', 0x13, encode('sigstore.dev')),
    attribute('2.5.4.3', TAG.utf8String, encode('Zürich')),
    attribute('1.2.3.4', 0x16, encode('x')),
    attribute('2.5.4.11', 0x1e, Uint8Array.of(0, 65)),
  )
  t.same(parseName(bytes), [
    { type: 'O', value: 'sigstore.dev' },
    { type: 'CN', value: 'Zürich' },
    { type: '1.2.3.4', value: 'x' },
    { type: 'OU', value: '#0041' },
  ])
  t.same(parseName(name()), [])
})

t.test('what is refused', async () => {
  const many = Array.from({ length: 65 }, () => attribute('2.5.4.3', 0x13, encode('x')))
  refused(() => parseName(name(...many)), 'CERTIFICATE_MALFORMED', 'too many parts')
  refused(() => parseName(formatDer(TAG.sequence, formatDer(TAG.null))), 'CERTIFICATE_MALFORMED', 'no set')
  refused(
    () => parseName(name(attribute('2.5.4.3', TAG.utf8String, Uint8Array.of(255)))),
    'UTF8_MALFORMED',
    'not UTF-8',
  )
})

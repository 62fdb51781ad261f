import t from 'tap'
import { parseApeSignatures } from '../../../src/formats/model/apesig.ts'
import { concat, utf8 } from '../../../src/kernel/bytes.ts'
import { apesig, number } from './make-apesig.ts'

t.test('what it says', async (t) => {
  const said = { path: 'a', issued: 1_700_000_000, expires: 1, identity: 'Someone', github: 'someone' }
  t.same(parseApeSignatures(apesig({ ...said, machines: [62, 183] }, {})), [
    {
      ...said,
      algorithm: 1,
      publicKey: new Uint8Array(32).fill(7),
      machines: [
        { machine: 62, segments: 2 },
        { machine: 183, segments: 2 },
      ],
    },
    {
      ...said,
      path: 'toy',
      issued: 0,
      expires: 0,
      identity: '',
      github: '',
      algorithm: 1,
      publicKey: new Uint8Array(32).fill(7),
      machines: [{ machine: 62, segments: 2 }],
    },
  ])
})

t.test('fields that were added later are passed over', async (t) => {
  t.same(parseApeSignatures(apesig({ more: utf8('more') })), parseApeSignatures(apesig({})))
  t.same(parseApeSignatures(concat(apesig(), utf8('more'))), parseApeSignatures(apesig()))
})

t.test('cut anywhere, it is malformed', async (t) => {
  const whole = apesig({ identity: 'x' })
  for (let length = 0; length < whole.length; length++)
    t.throws(() => parseApeSignatures(whole.subarray(0, length)), { code: 'MODEL_MALFORMED' }, `${length} bytes`)
})

t.test('what cannot be read', async (t) => {
  const magic = apesig().subarray(0, 7)
  for (const [name, bytes, why] of [
    ['another magic', concat(number(1), apesig().subarray(7)), /byte 0: not the magic/],
    ['a number without an end', new Uint8Array(20).fill(0xff), /the magic: not a number that ends/],
    ['too many', concat(magic, number(2000)), /2000 signatures, of at most 1024/],
    ['a record beyond the end', concat(magic, number(1), number(2 ** 40)), /signatures: 1099511627776 bytes/],
    ['a time beyond all', apesig({ issued: Number.MAX_SAFE_INTEGER + 1 }), /issued: 9007199254740992/],
  ] as const)
    t.throws(() => parseApeSignatures(bytes), { code: 'MODEL_MALFORMED', message: why }, name)
})

import fc from 'fast-check'
import t from 'tap'
import { createVkey, formatVkey, KEY_TYPE, keyId, logId, parseVkey } from '../../../src/formats/c2sp/vkey.ts'
import { base64, parseBase64, parseHex } from '../../../src/kernel/bytes.ts'
import { bytesOf, decode, encode, everyByteCounts, readBytes, readVector, refusal, refused } from '../support.ts'

const computed = readVector<{ vkeys: Record<string, string> }>('computed/worked-examples.json').vkeys
const golang = readVector<{ vkeys: Record<string, string>; badVkeys: string[] }>('signed-note/note-cases.json')
const formats = readVector<{ validVkeys: string[]; invalidKeyIdVkeys: { vkey: string; why: string }[] }>(
  'formats/vkeys.json',
)
const c2sp = readVector<{ vkey: string }>('signed-note/c2sp-example.json').vkey
const rekor = readVector<{ origin: string; vkey: string; logId: string }>('sigstore/rekor-local.json')
const ours = 'example.com/log+9be5d3c6+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c'

t.test('vectors of C2SP, golang.org/x/mod, transparency-dev/formats and Rekor', async (t) => {
  const good = [c2sp, rekor.vkey, ...Object.values(computed), ...Object.values(golang.vkeys), ...formats.validVkeys]
  for (const text of good) t.equal(formatVkey(parseVkey(text)), text, text.slice(0, 60))
  for (const text of golang.badVkeys) refused(() => parseVkey(text), 'VKEY_MALFORMED', text)
  for (const { vkey, why } of formats.invalidKeyIdVkeys) refused(() => parseVkey(vkey), 'VKEY_MALFORMED', why)
})

t.test('the logs of the witness network', async (t) => {
  for (const list of ['testing.1', 'staging-10qps-4klogs.1', 'staging-100qps-40klogs.1']) {
    const text = decode(readBytes(`witness-network/${list}`))
    const keys = [...text.matchAll(/^vkey (.*)$/gm)].map(([, key = '']) => key)
    t.ok(keys.length > 0, list)
    for (const key of keys) t.equal(formatVkey(parseVkey(key)), key)
  }
})

t.test('the ID binds name, type and key', async (t) => {
  const key = parseHex('8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c')
  t.equal(keyId('example.com/log', KEY_TYPE.ed25519, key), 0x9be5d3c6)
  t.equal(keyId('example.com/log', KEY_TYPE.cosignature, key), 0xe17fa332)
  t.equal(formatVkey(createVkey('example.com/log', 1, key)), ours)
})

t.test('the log ID of a Rekor v2 log', async (t) => {
  const { name, publicKey } = parseVkey(rekor.vkey)
  t.equal(name, rekor.origin)
  t.equal(base64(logId(name, publicKey)), rekor.logId)
})

t.test('malformed keys', async (t) => {
  const key = parseBase64('AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c')
  const cases: [text: string, reason: RegExp][] = [
    ['', /expected NAME/],
    ['example.com/log', /expected NAME/],
    [ours.replace('9be5d3c6', '9BE5D3C6'), /expected NAME/],
    [ours.replace('9be5d3c6', '9be5d3c'), /expected NAME/],
    [ours.replace('9be5d3c6', '9be5d3c7'), /the ID of example.com\/log is 9be5d3c6, not 9be5d3c7/],
    [ours.replace('example', 'Example'), /the ID/],
    [ours.replace('.com', '.c m'), /expected NAME/],
    [ours.slice(ours.indexOf('+')), /expected NAME/],
    [`${ours}\n`, /expected NAME/],
    [` ${ours}`, /expected NAME/],
    [`${ours}=`, /base64/],
    ['n+00000000+', /expected NAME/],
    [`n+00000000+${base64(key.subarray(0, 32))}`, /31 bytes, not 32/],
    [`n+00000000+${base64(Uint8Array.from([...key, 0]))}`, /33 bytes, not 32/],
    [`n+00000000+${base64(Uint8Array.from([2, ...key.subarray(1)]))}`, /unknown type 2/],
    [`n+00000000+${base64(Uint8Array.from([6, ...key.subarray(1)]))}`, /32 bytes, not 1312/],
  ]
  for (const [text, reason] of cases) {
    t.match(
      refusal(() => parseVkey(text)),
      /^VKEY_MALFORMED /,
      JSON.stringify(text),
    )
    t.match(
      refusal(() => parseVkey(text)),
      reason,
    )
  }
  for (const name of ['', 'a b', 'a+b', 'a\nb'])
    refused(() => createVkey(name, 1, key.subarray(1)), 'VKEY_MALFORMED', JSON.stringify(name))
  const [longest, longer] = ['é'.repeat(127).concat('e'), 'é'.repeat(128)]
  t.equal(createVkey(longest, KEY_TYPE.mlDsa44, new Uint8Array(1312)).name, longest, '255 bytes')
  refused(() => createVkey(longer, KEY_TYPE.mlDsa44, new Uint8Array(1312)), 'VKEY_MALFORMED', '256 bytes')
  t.equal(createVkey(longer, KEY_TYPE.cosignature, key.subarray(1)).name, longer, 'which Ed25519 does not sign')
})

t.test('format and parse are inverse', async () => {
  const keys = fc.oneof(fc.tuple(fc.constantFrom(1, 4), bytesOf(32, 32)), fc.tuple(fc.constant(6), bytesOf(1312, 1312)))
  fc.assert(
    fc.property(fc.webUrl(), keys, (url, [type, key]) => {
      const vkey = createVkey(url.replace(/[+\s]/g, ''), type, key)
      return JSON.stringify(parseVkey(formatVkey(vkey))) === JSON.stringify(vkey)
    }),
  )
})

t.test('every byte counts', async () =>
  everyByteCounts(encode(ours), (bytes) => encode(formatVkey(parseVkey(decode(bytes))))),
)

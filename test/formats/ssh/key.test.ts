import t from 'tap'
import { formatSshKey, parseSshKey } from '../../../src/formats/ssh/key.ts'
import { sshString } from '../../../src/formats/ssh/wire.ts'
import { base64, concat, parseBase64, parseUtf8, utf8 } from '../../../src/kernel/bytes.ts'
import { vector } from '../../dialects/rekor-v2/support.ts'
import { refusal } from '../support.ts'

const read = (name: string) => parseUtf8(vector(`ssh/${name}.pub`))
const line = (type: string, ...parts: readonly (Uint8Array | string)[]) =>
  `${type} ${base64(concat(...parts.map((part) => sshString(typeof part === 'string' ? utf8(part) : part))))}`

t.test("ssh-keygen's keys, without their comments", (t) => {
  for (const [name, kind] of [
    ['ed25519', 'ed25519'],
    ['ecdsa-256', 'ec'],
    ['ecdsa-384', 'ec'],
    ['ecdsa-521', 'ec'],
  ] as const) {
    const text = read(name)
    const key = parseSshKey(text)
    t.equal(key.key.kind, kind)
    t.equal(formatSshKey(key), `${text.split(' ', 2).join(' ')}\n`, name)
    for (const spelling of [formatSshKey(key), ` \n${text}\n`, text.replace('\n', '\r\n'), text.trimEnd()])
      t.same(parseSshKey(spelling), key, JSON.stringify(spelling))
  }
  t.end()
})

t.test('what may not sign, and what is no key', (t) => {
  const point = parseSshKey(read('ecdsa-256')).blob.slice(-65)
  const twisted = point.with(64, (point[64] ?? 0) ^ 1)
  const [ed25519, p256] = ['ssh-ed25519', 'ecdsa-sha2-nistp256']
  for (const [text, message] of [
    [read('rsa-3072'), /^KEY_NOT_ALLOWED of SSH keys, ssh-ed25519 and/],
    [line('ssh-dss', 'ssh-dss'), /^KEY_NOT_ALLOWED/],
    [line('sk-ssh-ed25519@openssh.com', 'sk-ssh-ed25519@openssh.com', point), /^KEY_NOT_ALLOWED/],
    [line('ecdsa-sha2-constructor', 'ecdsa-sha2-constructor'), /^KEY_NOT_ALLOWED/],
    [line(ed25519, ed25519, new Uint8Array(31)), /^KEY_MALFORMED an Ed25519 key of 31 bytes/],
    [line(ed25519, ed25519), /^KEY_MALFORMED the Ed25519 key is cut short/],
    [line(ed25519, ed25519, new Uint8Array(32), ''), /^KEY_MALFORMED bytes after the SSH key/],
    [line('ssh-rsa', ed25519, new Uint8Array(32)), /^KEY_MALFORMED two types of key/],
    [line(p256, p256, 'nistp384', point), /^KEY_MALFORMED two curves/],
    [line(p256, p256, 'nistp256', twisted), /^KEY_MALFORMED no point of P-256/],
    [line(p256, p256, 'nistp256', point.with(0, 2)), /^KEY_MALFORMED no point of P-256/],
    [line(p256, p256, 'nistp256', point.subarray(0, 33)), /^KEY_MALFORMED no point of P-256/],
    [`${read('ed25519')}${read('git')}`, /^KEY_MALFORMED not one line/],
    [`restrict ${read('ed25519')}`, /^KEY_MALFORMED|^BASE64_MALFORMED/],
    [`ssh-ed25519 ${'A'.repeat(2048)}`, /^KEY_MALFORMED not one line/],
    [`ssh-ed25519 AAAA${' '.repeat(2_000_000)}\nx`, /^KEY_MALFORMED not one line/],
    [`ssh-ed25519 AAAA${' '.repeat(2000)}\nx`, /^KEY_MALFORMED not one line/],
    [' '.repeat(2_000_000), /^KEY_MALFORMED not one line/],
    ['ssh-ed25519 A', /^BASE64_MALFORMED/],
    ['ssh-ed25519', /^KEY_MALFORMED/],
    ['', /^KEY_MALFORMED/],
  ] as const)
    t.match(
      refusal(() => parseSshKey(text)),
      message,
      text.slice(0, 60),
    )
  t.end()
})

t.test('no length reaches beyond the bytes', (t) => {
  const { blob } = parseSshKey(read('ecdsa-521'))
  for (let at = 0; at < blob.length; at++)
    t.match(
      refusal(() => parseSshKey(`ecdsa-sha2-nistp521 ${base64(blob.subarray(0, at))}`)),
      /^(KEY|BASE64)_MALFORMED|^KEY_NOT_ALLOWED/,
    )
  t.same(parseBase64(base64(blob)), blob)
  t.end()
})

import t from 'tap'
import { formatPem, parsePem } from '../../../src/formats/pki/pem.ts'
import { parseSshKey } from '../../../src/formats/ssh/key.ts'
import { formatSshSignature, parseSshSignature } from '../../../src/formats/ssh/signature.ts'
import { concat, parseUtf8, utf8 } from '../../../src/kernel/bytes.ts'
import { vector } from '../../dialects/rekor-v2/support.ts'
import { refusal } from '../support.ts'

const LABEL = 'SSH SIGNATURE'
const read = (name: string) => parseUtf8(vector(`ssh/${name}`))
const wrapped = (name: string) => parsePem(read(`${name}.sig`), LABEL)[0] ?? new Uint8Array()

t.test("ssh-keygen's signatures, in lines of 64", (t) => {
  for (const name of ['ed25519', 'ecdsa-256', 'ecdsa-384', 'ecdsa-521']) {
    const signature = parseSshSignature(read(`${name}.sig`))
    t.same(signature.signer, parseSshKey(read(`${name}.pub`)))
    t.equal(formatSshSignature(signature), formatPem(wrapped(name), LABEL), name)
    t.same(parseSshSignature(formatSshSignature(signature)), signature)
  }
  t.end()
})

t.test('what is none of a file', (t) => {
  const bytes = wrapped('ed25519')
  const changed = (change: (text: string) => string) =>
    formatPem(
      Uint8Array.from(change(String.fromCharCode(...bytes)), (letter) => letter.charCodeAt(0)),
      LABEL,
    )
  for (const [text, message] of [
    [read('git.sig'), /^SIGNATURE_INVALID an SSH signature with another namespace/],
    [read('sha256.sig'), /^SIGNATURE_INVALID an SSH signature with another hash/],
    [read('rsa-3072.sig'), /^KEY_NOT_ALLOWED/],
    [changed((text) => text.replace('SSHSIG', 'SSHSIH')), /^SIGNATURE_INVALID not an SSH signature/],
    [changed((text) => text.replace('SSHSIG\0\0\0\x01', 'SSHSIG\0\0\0\x02')), /another version/],
    [changed((text) => text.replace('file\0\0\0\0', 'file\0\0\0\x01a')), /another reserved part/],
    [changed((text) => `${text}a`), /bytes after the SSH signature/],
    [changed((text) => text.replace(/ssh-ed25519(?=\0\0\0@)/, 'ssh-ed25518')), /another type than its key/],
    [read('ed25519.sig').repeat(2), /^SIGNATURE_INVALID several signatures/],
    [read('ed25519.pub'), /^DER_MALFORMED/],
  ] as const)
    t.match(
      refusal(() => parseSshSignature(text)),
      message,
    )
  for (let length = 0; length < bytes.length; length++)
    t.match(
      refusal(() => parseSshSignature(formatPem(bytes.subarray(0, length), LABEL))),
      /cut short|not an SSH signature|not PEM/,
    )
  t.end()
})

t.test('numbers of ECDSA have one spelling', (t) => {
  const bytes = wrapped('ecdsa-256')
  const { blob } = parseSshSignature(read('ecdsa-256.sig'))
  const before = bytes.subarray(0, bytes.length - blob.length - 4)
  const sized = (inner: Uint8Array) => {
    const size = new Uint8Array(4)
    new DataView(size.buffer).setUint32(0, inner.length)
    return concat(size, inner)
  }
  const type = sized(utf8('ecdsa-sha2-nistp256'))
  const of = (...numbers: readonly number[][]) =>
    formatPem(
      concat(before, sized(concat(type, sized(concat(...numbers.map((each) => sized(Uint8Array.from(each)))))))),
      LABEL,
    )
  t.same(parseSshSignature(of([1], [0, 0x80])).bytes, Uint8Array.of(0x30, 7, 2, 1, 1, 2, 2, 0, 0x80))
  for (const [pem, message] of [
    [of([], [1]), /r is not a positive number/],
    [of([0], [1]), /r is not a positive number/],
    [of([0, 1], [1]), /r is not a positive number/],
    [of([1], [0x80]), /s is not a positive number/],
    [of([1], [1], [1]), /bytes after s/],
    [of([1]), /s is cut short/],
  ] as const)
    t.match(
      refusal(() => parseSshSignature(pem)),
      message,
    )
  t.end()
})

/** PEM against Node's own printer, and whatever is not it. */

import { createPublicKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { formatPem, parsePem, parsePemBlock } from '../../../src/formats/pki/pem.ts'

const vector = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../vectors/x509/${name}.der`, import.meta.url)))
const certificates = ['cert-email-p256', 'cert-names-p521', 'cert-plain-rsa2048'].map(vector)

t.test('as Node prints it, and back', async (t) => {
  for (const der of certificates) t.equal(formatPem(der, 'CERTIFICATE'), new X509Certificate(der).toString())
  for (const name of ['key-p256', 'key-rsa4096', 'key-ed25519']) {
    const der = vector(name)
    const key = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' })
    t.equal(formatPem(der, 'PUBLIC KEY'), key.export({ type: 'spki', format: 'pem' }))
    t.same(parsePem(formatPem(der, 'PUBLIC KEY'), 'PUBLIC KEY'), [der])
  }
  const chain = certificates.map((der) => formatPem(der, 'CERTIFICATE'))
  for (const [name, text] of Object.entries({
    'one after the other': chain.join(''),
    'with empty lines': `\n\n${chain.join('\n\n')}\n`,
    'from Windows': chain.join('').replaceAll('\n', '\r\n'),
    'without a last line end': chain.join('').trimEnd(),
  }))
    t.same(parsePem(text, 'CERTIFICATE'), certificates, name)
})

t.test('not PEM', async (t) => {
  const good = formatPem(vector('cert-email-p256'), 'CERTIFICATE')
  const bad = {
    nothing: '',
    'white space': ' \n',
    'another label': good.replaceAll('CERTIFICATE', 'X509 CERTIFICATE'),
    'labels that differ': good.replace('END CERTIFICATE', 'END PUBLIC KEY'),
    'text before it': `subject=x\n${good}`,
    'text after it': `${good}and more`,
    'no end': good.slice(0, -30),
    'a space in a line': good.replace('\nMII', '\nM II'),
    'a header': good.replace('-----\n', '-----\nProc-Type: 4\n\n'),
    empty: '-----BEGIN CERTIFICATE-----\n\n-----END CERTIFICATE-----\n',
    'a byte order mark': `\ufeff${good}`,
    'a space that is none in ASCII': `${good}\u00a0`,
    'an empty line and nothing else': '-----BEGIN CERTIFICATE-----\n\n\n-----END CERTIFICATE-----\n',
    'an empty line inside': good.replace('\nMII', '\n\nMII'),
  }
  for (const [name, text] of Object.entries(bad))
    t.throws(() => parsePem(text, 'CERTIFICATE'), { code: 'DER_MALFORMED' }, name)
  t.throws(() => parsePem(good.replace(/.\n-----END/, '\n-----END'), 'CERTIFICATE'), { code: 'BASE64_MALFORMED' })
})

t.test('one block, of either kind', async (t) => {
  const [certificate, key] = [vector('cert-email-p256'), vector('key-p256')]
  const texts = [formatPem(certificate, 'CERTIFICATE'), formatPem(key, 'PUBLIC KEY')] as const
  t.same(parsePemBlock(` ${texts[0]}`), { label: 'CERTIFICATE', der: certificate })
  t.same(parsePemBlock(texts[1]), { label: 'PUBLIC KEY', der: key })
  for (const text of ['', texts[0] + texts[0], texts[1] + texts[1], texts[0] + texts[1], texts[1] + texts[0]])
    t.throws(() => parsePemBlock(text), { code: 'DER_MALFORMED' })
})

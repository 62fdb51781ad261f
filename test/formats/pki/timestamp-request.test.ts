import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { checkTimestampAnswer, formatTimestampRequest } from '../../../src/formats/pki/timestamp-request.ts'
import { refused } from '../support.ts'

const digest = new Uint8Array(createHash('sha256').update('signature').digest())
const question = { digest, nonce: Uint8Array.of(0x40, ...Array(15).fill(7)) }

/** An authority of OpenSSL's, for as long as the test. */
function authority(folder: string): (request: Uint8Array) => Uint8Array {
  const at = (name: string) => join(folder, name)
  writeFileSync(
    at('tsa.cnf'),
    `[req]\ndistinguished_name=dn\nx509_extensions=ext\nprompt=no\n[dn]\nCN=tsa\n[ext]\nextendedKeyUsage=critical,timeStamping\n` +
      `[tsa]\ndefault_tsa=me\n[me]\nserial=${at('serial')}\nsigner_cert=${at('cert.pem')}\nsigner_key=${at('key.pem')}\n` +
      `signer_digest=sha256\ndefault_policy=1.2.3.4\ndigests=sha256\nordering=yes\naccuracy=secs:1\n`,
  )
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' })
  openssl(
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'],
    ...['-config', at('tsa.cnf'), '-keyout', at('key.pem'), '-out', at('cert.pem')],
  )
  return (request) => {
    writeFileSync(at('request'), request)
    openssl('ts', '-reply', '-config', at('tsa.cnf'), '-queryfile', at('request'), '-out', at('reply'))
    return new Uint8Array(readFileSync(at('reply')))
  }
}

t.test('OpenSSL answers, and its answer is about the question', async (t) => {
  const ask = authority(t.testdir())
  const answer = ask(formatTimestampRequest(question))
  checkTimestampAnswer(answer, question)
  refused(
    () => checkTimestampAnswer(answer, { ...question, digest: new Uint8Array(32) }),
    'TIMESTAMP_INVALID',
    'another digest',
  )
  refused(
    () => checkTimestampAnswer(answer, { ...question, nonce: question.nonce.toReversed() }),
    'TIMESTAMP_INVALID',
    'another nonce',
  )
  refused(() => checkTimestampAnswer(answer.subarray(1), question), 'DER_MALFORMED', 'cut short')
})

t.test('the request is the one that OpenSSL makes', async (t) => {
  const folder = t.testdir()
  const path = join(folder, 'request')
  writeFileSync(path, formatTimestampRequest(question))
  const text = execFileSync('openssl', ['ts', '-query', '-in', path, '-text'], { stdio: 'pipe' }).toString()
  t.match(text, /Version: 1\nHash Algorithm: sha256\n/)
  t.match(text, /Nonce: 0x40070707070707070707070707070707\nCertificate required: yes/)
})

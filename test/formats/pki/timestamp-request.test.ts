import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { checkTimestampAnswer, formatTimestampRequest } from '../../../src/formats/pki/timestamp-request.ts'
import { refused } from '../support.ts'
import { opensslAuthority } from './openssl-tsa.ts'

const digest = new Uint8Array(createHash('sha256').update('signature').digest())
const question = { digest, nonce: Uint8Array.of(0x40, ...Array(15).fill(7)) }

t.test('OpenSSL answers, and its answer is about the question', async (t) => {
  const ask = opensslAuthority(t.testdir())
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

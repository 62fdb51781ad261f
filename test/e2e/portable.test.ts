/** Portable crypto in the runtimes that it is for: every vector of the unit tests in Chromium, Deno and Bun. */

import t from 'tap'
import { CCTV, CCTV_GOOD, mustBeRefused } from '../crypto/ed25519.ts'
import { allGroups, type Case, MODELS, nameCases } from './portable/cases.ts'
import { NODE, RUNTIMES } from './portable/runtimes.ts'

t.setTimeout(30 * 60_000)

const SIZES: Readonly<Record<string, number>> = {
  'Wycheproof ecdsa_secp256r1_sha256_test.json': 968,
  'Wycheproof ecdsa_secp384r1_sha384_test.json': 1008,
  'Wycheproof ecdsa_secp521r1_sha512_test.json': 1084,
  'Wycheproof rsa_signature_2048_sha256_test.json': 518,
  'Wycheproof rsa_signature_3072_sha256_test.json': 518,
  'Wycheproof rsa_signature_4096_sha256_test.json': 516,
  'Wycheproof ed25519_test.json': 151,
  'CCTV Ed25519': 914,
  'refusals of ours': 60,
  'keys and signatures': 34,
  digests: 39,
  'transparency-dev/merkle': 518,
  'RFC 6962 reference tree': 9,
}

const tables = await allGroups()
const groups = { ...tables, 'names in package.json': nameCases() }
const cases = Object.values(groups).flat()
const tasks = cases.map(({ task }) => task)

/** Each case whose answer is not the one wanted. */
function wrong(cases: readonly Case[], answers: readonly string[]): string[] {
  return cases.flatMap(({ name, want }, i) => {
    const answer = answers[i] ?? 'no answer'
    const isRight = typeof want === 'string' ? answer === want : want.test(answer)
    return isRight ? [] : [`${name}: ${answer}`]
  })
}

for (const { name, userAgent, ask } of RUNTIMES)
  t.test(name, async (t) => {
    const report = await ask(tasks)
    t.match(report.userAgent, userAgent, 'the runtime that was asked')
    t.equal(report.isPortable, true, '#crypto is the portable side')
    t.equal(report.answers.length, cases.length, 'an answer to each')
    let at = 0
    for (const [group, cases] of Object.entries(groups)) {
      const answers = report.answers.slice(at, at + cases.length)
      t.same(wrong(cases, answers), [], `${group}: ${cases.length} vectors`)
      if (group === 'CCTV Ed25519')
        t.equal(answers.filter((answer) => answer === 'good').length, CCTV_GOOD, `${CCTV_GOOD} are good`)
      at += cases.length
    }
    t.comment(`${cases.length} vectors in ${report.ms} ms, ${report.userAgent}`)
  })

t.test('the tables are whole', async (t) => {
  const { [MODELS]: models, ...others } = tables
  t.ok((models?.length ?? 0) > 400, 'their corpora grow')
  t.same(
    Object.entries(others).map(([group, cases]) => [group, cases.length]),
    Object.entries(SIZES),
  )
  const good = CCTV.filter((_, i) => tables['CCTV Ed25519']?.[i]?.want === 'good')
  t.equal(good.length, CCTV_GOOD, `${CCTV_GOOD} are good`)
  t.same(good.filter(mustBeRefused), [], 'and none of them with points that may not be used')
})

t.test('Node has the native side: what #crypto is can be answered otherwise', async (t) => {
  const report = await NODE.ask([{ ask: 'resolve', name: '#crypto' }])
  t.match(report, { userAgent: NODE.userAgent, isPortable: false, answers: [/\/src\/crypto\/node\.ts$/] })
})

t.test('a wrong answer is seen', async (t) => {
  const [good, bad] = [{ want: 'good' }, { want: /^SIGNATURE_INVALID / }].map((c, i) => ({
    ...c,
    name: `${i}`,
    task: { ask: 'generate' } as const,
  })) as [Case, Case]
  t.same(wrong([good, bad], ['good', 'SIGNATURE_INVALID because']), [])
  t.same(wrong([good, bad], ['SIGNATURE_INVALID because', 'good']), ['0: SIGNATURE_INVALID because', '1: good'])
  t.same(wrong([good, bad], ['bug: SIGNATURE_INVALID ']), ['0: bug: SIGNATURE_INVALID ', '1: no answer'])
})

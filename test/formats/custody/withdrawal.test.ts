import t from 'tap'
import { formatAdvisory } from '../../../src/formats/custody/advisory.ts'
import { DEFAULT_BASE } from '../../../src/formats/custody/vocabulary.ts'
import { formatWithdrawal, parseWithdrawal } from '../../../src/formats/custody/withdrawal.ts'
import { parseUtf8 } from '../../../src/kernel/bytes.ts'
import { refused } from '../support.ts'
import { ADVISORY } from './made.ts'
import { digestSet } from './toy.ts'

const WITHDRAWAL = {
  base: DEFAULT_BASE,
  algorithm: 'sha512',
  digest: new Uint8Array(64).fill(0xab),
  reason: 'names a person',
  effectiveFrom: '2026-01-02T03:04:05.678Z',
} as const

t.test('what a log says is read back as it was said', (t) => {
  const payload = formatWithdrawal(WITHDRAWAL)
  t.equal(
    parseUtf8(payload),
    `{"_type":"https://in-toto.io/Statement/v1","predicate":{"effectiveFrom":"2026-01-02T03:04:05.678Z","reason":"names a person","status":"withdrawn"},"predicateType":"https://colophon.example/advisory/v1","subject":[{"digest":{"sha512":"${'ab'.repeat(64)}"}}]}`,
  )
  t.same(parseWithdrawal(payload), WITHDRAWAL)
  t.end()
})

t.test('other advisories are none', (t) => {
  const one = digestSet({ sha256: 'ab'.repeat(32) })
  const own = { ...ADVISORY, subjects: [{ digests: one }], status: 'withdrawn' as const }
  t.match(parseWithdrawal(formatAdvisory(own)), { algorithm: 'sha256', reason: own.reason })
  const others = {
    'another status': { ...own, status: 'poisoned' as const },
    'two subjects': { ...own, subjects: [{ digests: one }, { digests: one }] },
    'two digests': { ...own, subjects: [{ digests: digestSet({ sha256: 'ab'.repeat(32), sha384: 'ab'.repeat(48) }) }] },
    'an algorithm by which nothing is kept': {
      ...own,
      subjects: [{ digests: digestSet({ dirHash: 'ab'.repeat(32) }) }],
    },
  }
  for (const [name, other] of Object.entries(others))
    refused(() => parseWithdrawal(formatAdvisory(other)), 'FIELD_INVALID', name)
  t.end()
})

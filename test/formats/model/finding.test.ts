import { readFileSync } from 'node:fs'
import t from 'tap'
import { FINDING_CODES } from '../../../src/formats/model/finding.ts'

t.test('every finding is documented, and no other', async (t) => {
  const page = readFileSync(new URL('../../../docs/inspect.md', import.meta.url), 'utf8')
  const [, section = ''] = page.split('| finding | what |')
  t.same(
    [...section.matchAll(/^\| `([A-Z0-9_]+)` \|/gm)].map(([, code]) => code),
    FINDING_CODES,
  )
})

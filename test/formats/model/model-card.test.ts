import t from 'tap'
import { readModelCard } from '../../../src/formats/model/model-card.ts'
import { utf8 } from '../../../src/kernel/bytes.ts'

const read = (...lines: string[]) => readModelCard(utf8(`---\n${lines.join('\n')}\n---\n# A model\n`))
const NONE = { baseModels: [], relation: null, datasets: [] }

t.test('what cards say of where a model comes from', async (t) => {
  const cases: readonly (readonly [string, readonly string[], object])[] = [
    ['nothing', ['license: mit'], NONE],
    ['a word', ['base_model: acme/base'], { ...NONE, baseModels: ['acme/base'] }],
    [
      'in quotes',
      ['base_model: "acme/base"', "base_model_relation: 'merge'"],
      { ...NONE, baseModels: ['acme/base'], relation: 'merge' },
    ],
    [
      'a list',
      ['datasets:', '- acme/a', '  - "acme/b"  # both', 'license: mit'],
      { ...NONE, datasets: ['acme/a', 'acme/b'] },
    ],
    ['a list inside', ['datasets: [acme/a, "acme/b"]'], { ...NONE, datasets: ['acme/a', 'acme/b'] }],
    ['a list at the end', ['datasets:', '- acme/a'], { ...NONE, datasets: ['acme/a'] }],
    ['not what is deeper', ['model-index:', '  datasets:', '  - acme/a'], NONE],
    ['nor what is no name', ['base_model: two words', 'datasets: [http://x, a b]'], NONE],
  ]
  for (const [name, lines, expected] of cases) t.same(read(...lines), expected, name)
  t.same(readModelCard(utf8('---\r\nbase_model: a/b\r\n---\r\n')), { ...NONE, baseModels: ['a/b'] }, 'of Windows')
})

t.test('no head', async (t) => {
  for (const text of ['', '# A model', '---\nbase_model: a/b\n', '\n---\nbase_model: a/b\n---\n'])
    t.equal(readModelCard(utf8(text)), null, JSON.stringify(text))
})

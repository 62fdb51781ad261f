import t from 'tap'
import { formatPolicy, type Policy, parsePolicy } from '../../../src/formats/c2sp/policy.ts'
import { createVkey, formatVkey, KEY_TYPE } from '../../../src/formats/c2sp/vkey.ts'
import { concat } from '../../../src/kernel/bytes.ts'
import { decode, encode, refusal, refused } from '../support.ts'

const key = (name: string, fill: number, type: number = KEY_TYPE.cosignature) =>
  createVkey(name, type, new Uint8Array(type === KEY_TYPE.mlDsa44 ? 1312 : 32).fill(fill))

const LOG = formatVkey(key('log.example', 1, KEY_TYPE.ed25519))
const LOG_PQ = formatVkey(key('log.example', 1, KEY_TYPE.mlDsa44))
const [W1, W2, W3] = [1, 2, 3].map((n) => formatVkey(key(`w${n}.example/w`, n))) as [string, string, string]

const EXAMPLE = `log ${LOG} https://log.example/
log ${LOG_PQ}
witness W1 ${W1} https://w1.example/
witness W2 ${W2}
witness W3 ${W3}
group G any W1 W2
group Q all G W3
quorum Q
`

t.test('the example, both ways', async (t) => {
  const policy = parsePolicy(encode(EXAMPLE))
  t.equal(decode(formatPolicy(policy)), EXAMPLE)
  t.same(
    policy.groups,
    [
      { name: 'G', threshold: 1, members: ['W1', 'W2'] },
      { name: 'Q', threshold: 2, members: ['G', 'W3'] },
    ],
    'thresholds as numbers',
  )
  t.equal(policy.quorum, 'Q')
  t.equal(policy.witnesses[0]?.url, 'https://w1.example/')
  t.notOk('url' in (policy.witnesses[1] ?? {}))
})

t.test('what is accepted', async (t) => {
  const table: readonly (readonly [string, string, string])[] = [
    ['nothing but a quorum', 'quorum none\n', 'quorum none\n'],
    [
      'comments, blank lines, tabs',
      `# é\n \t\n\tlog\t ${LOG} \n  # x\nquorum\tnone`.concat('\n'),
      `log ${LOG}\nquorum none\n`,
    ],
    ['a witness for a quorum', `witness W ${W1}\nquorum W\n`, `witness W ${W1}\nquorum W\n`],
    [
      'logs and witnesses after the quorum',
      `quorum none\nwitness W ${W1}\nlog ${LOG}\n`,
      `log ${LOG}\nwitness W ${W1}\nquorum none\n`,
    ],
    [
      'a log and a witness with one key',
      `log ${LOG}\nwitness W ${W1}\nquorum W\n`,
      `log ${LOG}\nwitness W ${W1}\nquorum W\n`,
    ],
    ['two of three', `witness a ${W1}\nwitness b ${W2}\nwitness c ${W3}\ngroup G 2 a b c\nquorum G\n`, ''],
    ['one of one', `witness a ${W1}\ngroup G any a\nquorum G\n`, `witness a ${W1}\ngroup G all a\nquorum G\n`],
    ['a name that looks like a word of the format', `witness group ${W1}\nquorum group\n`, ''],
    ['names by their bytes: a Kelvin sign is no K', `witness K ${W1}\nwitness \u212a ${W2}\nquorum K\n`, ''],
  ]
  for (const [name, text, expected] of table)
    t.equal(decode(formatPolicy(parsePolicy(encode(text)))), expected || text, name)
})

t.test('what is refused', async (t) => {
  const w = `witness W ${W1}\n`
  const table: readonly (readonly [string, string, RegExp?])[] = [
    ['an empty file', ''],
    ['no quorum', `log ${LOG}\n`, /no quorum/],
    ['no newline at the end', 'quorum none'],
    ['a carriage return', 'quorum none\r\n', /line 1: a control character/],
    ['a form feed', 'quorum\fnone\n'],
    ['DEL', '#\u007f\nquorum none\n'],
    ['an unknown word', 'policy none\nquorum none\n', /line 1: no such word: "policy"/],
    ['a word in capitals', 'Quorum none\n'],
    ['a comment at the end of a line', `log ${LOG} https://log.example #c\nquorum none\n`],
    ['one behind a group', `${w}group G any W #c\nquorum G\n`],
    ['one behind the quorum', `${w}quorum W #c\n`],
    ['a log twice', `log ${LOG}\nlog ${LOG}\nquorum none\n`, /line 2: .*here already/],
    ['a log’s key under another name', `log ${LOG}\nlog ${formatVkey(key('x', 1, KEY_TYPE.ed25519))}\nquorum none\n`],
    ['a witness’s key twice', `${w}witness X ${formatVkey(key('x', 1))}\nquorum none\n`],
    ['a name twice', `${w}witness W ${W2}\nquorum none\n`, /line 2: the name "W" is taken/],
    ['a group with a witness’s name', `${w}group W any W\nquorum W\n`],
    ['a witness named none', `witness none ${W1}\nquorum none\n`],
    ['a group named none', `${w}group none any W\nquorum none\n`],
    ['none as a member', `${w}group G any none\nquorum G\n`],
    ['an undefined member', `${w}group G any X\nquorum G\n`],
    ['a group in itself', `${w}group G any W G\nquorum G\n`],
    ['a member defined later', `group G any W\n${w}quorum G\n`],
    ['a member twice', `${w}group G all W W\nquorum G\n`],
    ['a member of two groups', `${w}group G any W\ngroup H any W\nquorum G\n`, /line 3: "W" is a member already/],
    ['a quorum before its definition', `quorum W\n${w}`],
    ['two quorums', 'quorum none\nquorum none\n'],
    ['a quorum of two', `${w}quorum W none\n`],
    ['no members', `${w}group G any\nquorum W\n`],
    ['threshold 0', `${w}group G 0 W\nquorum G\n`],
    ['a threshold above the members', `${w}group G 2 W\nquorum G\n`],
    ['a threshold with a leading zero', `${w}group G 01 W\nquorum G\n`],
    ['a log that is a cosigner’s key', `log ${W1}\nquorum none\n`, /another role/],
    ['a witness that is a log’s key', `witness W ${LOG}\nquorum none\n`],
    ['a broken key', `log ${LOG}x\nquorum none\n`],
    ['no key', 'log\nquorum none\n'],
    ['no witness key', 'witness W\nquorum none\n'],
    ['a line too long', `log ${LOG} u v\nquorum none\n`],
  ]
  for (const [name, text, why] of table) {
    refused(() => parsePolicy(encode(text)), 'POLICY_MALFORMED', name)
    if (why !== undefined)
      t.match(
        refusal(() => parsePolicy(encode(text))),
        why,
        `${name}: says why`,
      )
  }
  refused(
    () => parsePolicy(concat(encode('#'), Uint8Array.of(0xff), encode('\nquorum none\n'))),
    'POLICY_MALFORMED',
    'not UTF-8',
  )
  refused(() => parsePolicy(encode(`#${' '.repeat(2 ** 20)}\nquorum none\n`)), 'POLICY_MALFORMED', 'above 1 MiB')
})

t.test('what cannot be written is not', async () => {
  const base: Policy = { logs: [], witnesses: [{ name: 'W', vkey: key('w', 1) }], groups: [], quorum: 'W' }
  const bad: readonly (readonly [string, Partial<Policy>])[] = [
    ['a name of two words', { witnesses: [{ name: 'W X', vkey: key('w', 1) }] }],
    ['an empty name', { quorum: '' }],
    ['a line in a URL', { witnesses: [{ name: 'W', vkey: key('w', 1), url: 'u\nquorum none' }] }],
    ['an undefined quorum', { quorum: 'X' }],
    ['a threshold of no group', { groups: [{ name: 'G', threshold: 3, members: ['W'] }] }],
  ]
  for (const [name, change] of bad) refused(() => formatPolicy({ ...base, ...change }), 'POLICY_MALFORMED', name)
})

t.test('32 of each, as the specification asks', async (t) => {
  const numbers = Array.from({ length: 32 }, (_, n) => n)
  const lines = [
    ...numbers.map((n) => `log ${formatVkey(key(`l${n}`, n, KEY_TYPE.mlDsa44))}\n`),
    ...numbers.map((n) => `witness w${n} ${formatVkey(key(`w${n}`, n, KEY_TYPE.mlDsa44))}\n`),
    ...numbers.map((n) => `group g${n} all w${n}\n`),
    'quorum g31\n',
  ]
  t.equal(decode(formatPolicy(parsePolicy(encode(lines.join(''))))), lines.join(''))
})

import t from 'tap'
import { parseLogList } from '../../../src/formats/c2sp/log-list.ts'
import { formatVkey } from '../../../src/formats/c2sp/vkey.ts'
import { utf8 } from '../../../src/kernel/bytes.ts'
import { logKey, mlDsaKey, witnessKey } from '../../verify/support.ts'
import { readBytes, refused } from '../support.ts'

const A = formatVkey(logKey('a.example', 1).vkey)
const B = formatVkey(logKey('b.example', 2).vkey)
const parse = (...lines: readonly string[]) => parseLogList(utf8(`logs/v0\n${lines.join('\n')}\n`))

t.test("the witness network's lists", async (t) => {
  for (const [name, count] of [
    ['testing', 9],
    ['staging-10qps-4klogs', 40],
    ['staging-100qps-40klogs', 40],
  ] as const) {
    const { logs, skipped } = parseLogList(readBytes(`witness-network/${name}.1`))
    t.ok(logs.length >= Math.min(count, 1), `${name}: ${logs.length}`)
    t.same(skipped, [], name)
    if (name === 'testing') t.equal(logs.length, count)
    for (const { perDay, contact } of logs) t.ok(perDay > 0 && contact !== '')
  }
})

t.test('an entry, with and without its origin', async (t) => {
  const { logs } = parse(
    `vkey ${A}`,
    'qpd 24',
    'contact me',
    '',
    '# more',
    `\tvkey   ${B} `,
    'origin the b log',
    'qpd 1',
    'contact a  b',
  )
  t.match(logs, [
    { origin: 'a.example', perDay: 24, contact: 'me' },
    { origin: 'the b log', vkey: { name: 'b.example' }, perDay: 1, contact: 'a  b' },
  ])
  const pq = formatVkey(mlDsaKey('pq.example', 3).vkey)
  t.match(parse(`vkey ${pq}`, 'qpd 1', 'contact x').logs, [{ origin: 'pq.example', vkey: { type: 6 } }])
  t.same(parseLogList(utf8('logs/v0')), { logs: [], skipped: [] })
})

t.test('one log that cannot be read stops no other', async (t) => {
  const witness = formatVkey(witnessKey('w.example', 4).vkey)
  const { logs, skipped } = parse(
    ...['vkey a.example+00000000+AAAA', 'qpd 1', 'contact x'],
    ...[`vkey ${witness}`, 'qpd 1', 'contact x'],
    ...[`vkey ${A}`, 'qpd 1', 'contact x'],
    ...[`vkey ${B}`, 'origin a.example', 'qpd 1', 'contact x'],
  )
  t.equal(logs.length, 1)
  t.equal(logs[0]?.vkey.name, 'a.example')
  t.match(skipped, [
    /^line 2: not a verifier key/,
    /^line 5: .*witness/,
    /^line 11: a second log of the origin a\.example/,
  ])
})

t.test('refused as a whole', async () => {
  const bad: Record<string, readonly string[]> = {
    'an unknown keyword': [`vkey ${A}`, 'qpd 1', 'contact x', 'color red'],
    'a keyword before the first log': ['qpd 1', `vkey ${A}`, 'contact x'],
    'no qpd': [`vkey ${A}`, 'contact x'],
    'no contact': [`vkey ${A}`, 'qpd 1'],
    'no contact before the next': [`vkey ${A}`, 'qpd 1', `vkey ${B}`, 'qpd 1', 'contact x'],
    'another order': [`vkey ${A}`, 'contact x', 'qpd 1'],
    'the origin last': [`vkey ${A}`, 'qpd 1', 'contact x', 'origin o'],
    'qpd 0': [`vkey ${A}`, 'qpd 0', 'contact x'],
    'qpd of 2^31': [`vkey ${A}`, 'qpd 2147483648', 'contact x'],
    'qpd 1.5': [`vkey ${A}`, 'qpd 1.5', 'contact x'],
    'an escape': [`vkey ${A}`, 'qpd 1', 'contact \u001b[2J'],
    'an empty contact': [`vkey ${A}`, 'qpd 1', 'contact'],
  }
  for (const [name, lines] of Object.entries(bad)) refused(() => parse(...lines), 'LOG_LIST_MALFORMED', name)
  for (const text of ['', '\n', '#\n', 'logs/v1\n', 'logs/v0 x\n', `vkey ${A}\n`])
    refused(() => parseLogList(utf8(text)), 'LOG_LIST_MALFORMED', JSON.stringify(text))
  refused(() => parseLogList(Uint8Array.of(0xff)), 'LOG_LIST_MALFORMED', 'not UTF-8')
})

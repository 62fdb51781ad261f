/** `colophon prove`: from a data directory, from a server, and from a server that lies. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { parseCheckpoint } from '../../src/formats/c2sp/checkpoint.ts'
import { formatNote, parseNote } from '../../src/formats/c2sp/note.ts'
import { parseTlogProof } from '../../src/formats/c2sp/tlog-proof.ts'
import { createVkey, formatVkey, KEY_TYPE, parseVkey } from '../../src/formats/c2sp/vkey.ts'
import { hash } from '../../src/kernel/brand.ts'
import { parseHex } from '../../src/kernel/bytes.ts'
import { verifyInclusion } from '../../src/kernel/proof.ts'
import { openNote } from '../../src/log/signer.ts'
import { fill } from '../e2e/fill.ts'
import { ask, startServer } from '../http/support.ts'
import { mlDsaKey, witnessKey } from '../verify/support.ts'
import { command, scratch } from './support.ts'

const SIZE = 300
const server = await startServer(t, ['--hostname', 'log.example'])
await fill(server.url, SIZE)
const folder = scratch(t)
const { vkey } = JSON.parse((await ask(server, '/logs/v2')).text)
const entry = JSON.parse((await ask(server, '/logs/v2/entries/257')).text)
const stranger = formatVkey(createVkey('log.example', KEY_TYPE.ed25519, new Uint8Array(32).fill(9)))

const elsewhere = formatVkey(createVkey('other.example', KEY_TYPE.ed25519, new Uint8Array(32).fill(9)))

async function check(file: string | Uint8Array): Promise<void> {
  const proof = parseTlogProof(typeof file === 'string' ? new TextEncoder().encode(file) : file)
  const checkpoint = parseCheckpoint(await openNote(parseVkey(vkey), proof.note))
  verifyInclusion(hash(parseHex(entry.leafHash)), proof.index, checkpoint, proof.path)
}

function policy(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const PINNED = ['--vkey', vkey]
const POLICY = ['--policy', policy('none.policy', `log ${stranger}\nlog ${vkey}\nquorum none\n`)]

t.test('from a data directory, beside its server, and from a server', async (t) => {
  const data = ['--data', server.dir]
  const url = ['--url', server.url]
  const ways: readonly (readonly string[])[] = [
    data,
    [...data, ...PINNED],
    [...data, ...POLICY],
    [...data, '--log', 'v2'],
    [...url, ...PINNED],
    [...url, ...POLICY],
    ['--url', `${server.url}/`, ...PINNED],
  ]
  for (const [i, way] of ways.entries())
    for (const wanted of ['257', entry.leafHash]) {
      const printed = await command(['prove', wanted, ...way])
      t.match(printed, { code: 0, warned: '' }, `${wanted} ${way.join(' ')}`)
      await check(printed.printed)
      const out = join(folder, `${i}-${wanted.slice(0, 8)}.tlog-proof`)
      const written = await command(['prove', wanted, ...way, '--out', out])
      const said = `${out}: entry 257 with the leaf ${entry.leafHash} in the tree of ${SIZE}\n`
      t.same(written, { code: 0, warned: '', printed: said })
      t.equal(readFileSync(out, 'utf8'), printed.printed)
    }
  const file = (await ask(server, '/logs/v2/entries/257/tlog-proof')).text
  t.equal((await command(['prove', '257', ...data])).printed, file, 'the same file that the server gives')
  for (const index of [0, 255, 256, SIZE - 1]) {
    const { code, printed } = await command(['prove', String(index), ...data])
    t.equal(code, 0)
    t.equal(parseTlogProof(new TextEncoder().encode(printed)).index, index)
  }
})

const OUT = join(folder, 'never.tlog-proof')
const LEAF = 'ab'.repeat(32)
const WITNESSES = [witnessKey('w.example', 8), mlDsaKey('x.example', 9)]
const [witness = '', second = ''] = WITNESSES.map((one) => formatVkey(one.vkey))
const QUORUM = policy(
  'quorum.policy',
  `log ${vkey}\nwitness w ${witness}\nwitness x ${second}\ngroup both all w x\nquorum w\n`,
)
const BOTH = policy('both.policy', readFileSync(QUORUM, 'utf8').replace('quorum w', 'quorum both'))

const REFUSED: readonly [argv: readonly string[], code: number, warned: RegExp][] = [
  [[], 2, /^CONFIG_INVALID: prove takes one INDEX or LEAF\n/],
  [['1', '2'], 2, /^CONFIG_INVALID: prove takes one INDEX or LEAF\n/],
  [['01'], 2, /^CONFIG_INVALID: not a decimal number: 01\n/],
  [['-1'], 2, /^CONFIG_INVALID: /],
  [['9007199254740993'], 2, /above 2\^53-1/],
  [[LEAF.toUpperCase()], 2, /neither an index nor 64 lowercase hex digits/],
  [[LEAF.slice(1)], 2, /neither an index nor 64 lowercase hex digits/],
  [['1', '--url', server.url], 2, /--url: needs --vkey or --policy: a server cannot vouch for its own key\n/],
  [['1', '--url', server.url, '--data', server.dir, ...PINNED], 2, /--url: not together with --data\n/],
  [['1', ...PINNED, ...POLICY], 2, /--vkey: not together with --policy\n/],
  [['1', '--vkey', 'log.example'], 2, /--vkey: not a verifier key/],
  [['1', '--vkey', witness], 2, /--vkey: an Ed25519 key of a log is taken/],
  [['1', '--policy', join(folder, 'none')], 2, /--policy: .* cannot be read: ENOENT/],
  [['1', '--policy', policy('bad.policy', 'log\n')], 2, /--policy: line 1: /],
  [['1', '--policy', policy('empty.policy', 'quorum none\n')], 2, /--policy: it names no log/],
  [['x', '--vkey', 'y'], 2, /neither an index .*\n--vkey: /],
  [['1', '--data', '/nowhere'], 3, /^STORE_MISSING: /],
  [['1', '--data', server.dir, '--log', 'v1'], 3, /^LOG_UNKNOWN: no log v1 in /],
  [[String(SIZE), '--data', server.dir], 3, /^NOT_FOUND: the published tree of 300 entries has no such entry/],
  [[LEAF, '--data', server.dir], 3, /^NOT_FOUND: /],
  [['1', '--data', server.dir, '--vkey', stranger], 3, /^CHECKPOINT_UNTRUSTED: no key of "log.example" signed/],
  [['1', '--data', server.dir, '--vkey', elsewhere], 3, /^LOG_NOT_TRUSTED: /],
  [['1', '--data', server.dir, '--policy', QUORUM], 3, /^QUORUM_MISSED: the policy asks for "w".*none/],
  [[String(SIZE), '--url', server.url, ...PINNED], 3, /^NOT_FOUND: /],
  [[LEAF, '--url', server.url, ...PINNED], 3, /^NOT_FOUND: /],
  [['1', '--url', server.url, '--vkey', stranger], 3, /^CHECKPOINT_UNTRUSTED: no key of "log.example" signed/],
  [['1', '--url', server.url, '--log', 'v9', ...PINNED], 3, /^NOT_FOUND: /],
  [['1', '--url', server.url, '--log', '../v2', ...PINNED], 2, /--log: slug: /],
  [['1', '--url', 'log.example', ...PINNED], 2, /--url: a copy is at an http or https URL/],
  [['1', '--url', 'file:///etc/passwd', ...PINNED], 2, /--url: /],
]

t.test('refusals', async (t) => {
  for (const [argv, code, warned] of REFUSED)
    t.match(await command(['prove', ...argv, '--out', OUT]), { code, warned, printed: '' }, argv.join(' '))
  t.notOk(existsSync(OUT), 'nothing was written')
  writeFileSync(OUT, 'mine')
  t.match(await command(['prove', '1', '--data', server.dir, '--out', OUT]), { code: 3, warned: /^EEXIST: / })
  t.equal(readFileSync(OUT, 'utf8'), 'mine', 'a file that was there stays')
})

t.test('a policy with witnesses, met and missed', async (t) => {
  const one = JSON.parse((await ask(server, '/logs/v2/proof/inclusion?index=257')).text)
  const { text, signatures } = parseNote(new TextEncoder().encode(one.checkpoint))
  const lines = await Promise.all(WITNESSES.map((each) => each.line(parseCheckpoint(text))))
  let body = ''
  const other = createServer((_, response) => response.end(body)).listen(0, '127.0.0.1')
  t.teardown(() => other.close())
  await new Promise((resolve) => other.once('listening', resolve))
  const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
  const proveUnder = (path: string, cosigned: typeof lines) => {
    const note = new TextDecoder().decode(formatNote({ text, signatures: [...signatures, ...cosigned] }))
    body = JSON.stringify({ ...one, checkpoint: note })
    return command(['prove', '257', '--url', url, '--policy', path])
  }
  const [first, last] = lines
  if (first === undefined || last === undefined) throw new Error('no lines')
  const proven = await proveUnder(QUORUM, [first])
  t.match(proven, { code: 0, warned: '' })
  t.match(proven.printed, /\n— w\.example /, 'the cosignature is in the file')
  t.match(await proveUnder(BOTH, lines), { code: 0 }, 'ML-DSA-44 too')
  t.match(await proveUnder(BOTH, [first]), { code: 3, warned: /^QUORUM_MISSED: .*"both".*"w"/ })
  t.match(
    await proveUnder(QUORUM, [last]),
    { code: 3, warned: /^QUORUM_MISSED/ },
    'another than the one that is asked for',
  )
  const bad = { ...first, signature: first.signature.map((byte, i) => (i === 20 ? byte ^ 1 : byte)) }
  t.match(await proveUnder(QUORUM, [bad]), { code: 3, warned: /^SIGNATURE_INVALID: .*w\.example/ })
})

t.test('a server that lies', async (t) => {
  const [one, other] = await Promise.all(
    [257, 258].map(async (index) => JSON.parse((await ask(server, `/logs/v2/proof/inclusion?index=${index}`)).text)),
  )
  let reply: (response: ServerResponse) => void = () => undefined
  const liar = createServer((_, response) => reply(response)).listen(0, '127.0.0.1')
  t.teardown(() => liar.close())
  await new Promise((resolve) => liar.once('listening', resolve))
  const url = `http://127.0.0.1:${(liar.address() as AddressInfo).port}`
  const out = join(folder, 'lie.tlog-proof')
  const proveFrom = (wanted: string) => command(['prove', wanted, '--url', url, ...PINNED, '--out', out])
  const flip = (text: string) => (text.startsWith('0') ? '1' : '0') + text.slice(1)
  const { checkpoint: _, ...unsigned } = one

  const lies: readonly [name: string, body: unknown, warned: RegExp][] = [
    ['another entry', other, /^PROOF_INVALID: what came back is about another entry/],
    ['the leaf of another', { ...one, leafHash: other.leafHash }, /^PROOF_INVALID: /],
    ['the path of another', { ...one, path: other.path }, /^PROOF_INVALID: /],
    ['a changed hash', { ...one, path: one.path.map(flip) }, /^PROOF_INVALID: /],
    ['a hash too many', { ...one, path: [...one.path, one.path[0]] }, /^PROOF_INVALID: /],
    ['no path', { ...one, path: [] }, /^PROOF_INVALID: /],
    ['54 hashes', { ...one, path: Array(54).fill(LEAF) }, /^FIELD_INVALID: the answer.path: 0 to 53 items/],
    [
      'a checkpoint of another size',
      { ...one, checkpoint: one.checkpoint.replace('\n300\n', '\n301\n') },
      /^SIGNATURE_INVALID/,
    ],
    ['a checkpoint that is none', { ...one, checkpoint: 'trust me' }, /^NOTE_MALFORMED: /],
    ['no checkpoint', unsigned, /^FIELD_MISSING: the answer.checkpoint/],
    ['an index as text', { ...one, index: '257' }, /^FIELD_INVALID: the answer.index/],
    ['a list', [one], /^FIELD_INVALID: the answer: an object/],
  ]
  for (const [name, body, warned] of lies) {
    reply = (response) => response.end(JSON.stringify(body))
    t.match(await proveFrom('257'), { code: 3, warned, printed: '' }, name)
  }
  const answers: readonly [name: string, reply: typeof reply, warned: RegExp][] = [
    ['no JSON', (response) => response.end('<html>'), /^JSON_MALFORMED: /],
    ['3 MiB', (response) => response.end(' '.repeat(3 * 2 ** 20)), /^COPY_REFUSED: .* above 2097152 bytes/],
    [
      'a redirect',
      (response) => response.writeHead(302, { location: server.url }).end(),
      /^COPY_REFUSED: .* answered 302/,
    ],
    ['400', (response) => response.writeHead(400).end(), /^COPY_REFUSED: .* answered 400/],
  ]
  for (const [name, answer, warned] of answers) {
    reply = answer
    t.match(await proveFrom('257'), { code: 3, warned, printed: '' }, name)
  }
  reply = (response) => response.end(JSON.stringify({ ...one, index: 257, leafHash: other.leafHash }))
  t.match(await proveFrom(other.leafHash), { code: 3, warned: /^PROOF_INVALID: / }, 'the place of another leaf')
  t.notOk(existsSync(out), 'nothing was written')
  reply = (response) => response.end(JSON.stringify({ ...one, later: 'a field that this version does not know' }))
  t.match(await proveFrom('257'), { code: 0, warned: '' }, 'what is added later does not disturb')
})

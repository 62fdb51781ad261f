/**
 * Notes, cosignatures, policies and proof files of c2sp.org against Go's: golang.org/x/mod/sumdb/note and
 * transparency-dev/formats open what we make and make what we open (go/notes). On inputs changed at random, whatever one
 * side takes and the other refuses stands in `notes-differences.ts`, with the reason.
 */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { formatSignatureLine, type NoteSignature, parseNote } from '../../src/formats/c2sp/note.ts'
import { formatPolicy, parsePolicy } from '../../src/formats/c2sp/policy.ts'
import { formatTlogProof } from '../../src/formats/c2sp/tlog-proof.ts'
import { formatVkey, parseVkey } from '../../src/formats/c2sp/vkey.ts'
import { hash, leafIndex } from '../../src/kernel/brand.ts'
import { base64, parseBase64, parseUtf8, utf8 } from '../../src/kernel/bytes.ts'
import { TlogError } from '../../src/kernel/error.ts'
import { openCheckpoint } from '../../src/verify/checkpoint.ts'
import { verifyTlogProof } from '../../src/verify/tlog-proof.ts'
import { verifyMlDsa44 } from '../../src/verify-node/ml-dsa.ts'
import { mutate } from '../fuzz/mutate.ts'
import { randomOf } from '../fuzz/random.ts'
import { treeOf } from '../reference/rfc6962.ts'
import { head, logKey, mlDsaKey, type NoteKey, signedBy, witnessKey } from '../verify/support.ts'
import { createNoteKey } from './note-key.ts'
import { type Difference, REASONS, reasonOf } from './notes-differences.ts'
import { client, run, scratch } from './support.ts'

t.setTimeout(120_000)

const program = await client('notes')
const folder = await scratch(t)

interface Answer {
  readonly ok: boolean
  readonly why?: string
}

async function ask<T = Answer>(tasks: readonly object[]): Promise<T[]> {
  const file = join(folder, 'tasks')
  await writeFile(file, tasks.map((task) => `${JSON.stringify(task)}\n`).join(''))
  const { code, stdout, stderr } = await run(program, [file])
  if (code !== 0) throw new Error(stderr)
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T)
}

interface Made {
  readonly log: string
  readonly witnesses: readonly string[]
  readonly note: string
  readonly proof: string
  readonly entry: string
}

const [THEIRS] = await ask<Made>([{ op: 'make' }])
if (THEIRS === undefined) throw new Error('nothing was made')

/** Both witnesses must have cosigned; Go's wants their URLs. */
const policyOf = (log: string, witnesses: readonly string[]) =>
  `log ${log}\n${witnesses.map((vkey, i) => `witness w${i} ${vkey} https://w${i}.example/\n`).join('')}` +
  `group g all ${witnesses.map((_, i) => `w${i}`).join(' ')}\nquorum g\n`

const ENTRIES = ['one', 'two', 'three', 'four', 'five'].map(utf8)
const TREE = treeOf(ENTRIES)
const HEAD = head('log.example', 5, hash(TREE.mth(0n, 5n)))
const LOG = logKey('log.example', 1)
const WITNESSES = [witnessKey('w0.example', 2), mlDsaKey('w1.example', 3)]
const STRANGER = witnessKey('stranger.example', 4)
const POLICY = utf8(
  policyOf(
    formatVkey(LOG.vkey),
    WITNESSES.map(({ vkey }) => formatVkey(vkey)),
  ),
)
const NOTE = await signedBy(HEAD, LOG, STRANGER, ...WITNESSES)
const proofOf = (note: Uint8Array, extra: Uint8Array | null) =>
  formatTlogProof({ extra, index: leafIndex(2), path: TREE.path(2n, 0n, 5n).map(hash), note })
const PROOF = proofOf(NOTE, utf8('extra'))

interface Trusted {
  readonly log: string
  readonly policy: Uint8Array
}

const ALL: Trusted = { log: formatVkey(LOG.vkey), policy: POLICY }

const asked = (op: string, fields: Readonly<Record<string, Uint8Array>>, { log, policy } = ALL) => ({
  op,
  log,
  policy: base64(policy),
  ...Object.fromEntries(Object.entries(fields).map(([name, bytes]) => [name, base64(bytes)])),
})

t.test('what Go makes opens here', async (t) => {
  const policy = parsePolicy(utf8(policyOf(THEIRS.log, THEIRS.witnesses)))
  const { size, cosigners } = await openCheckpoint(parseBase64(THEIRS.note), policy, verifyMlDsa44)
  t.equal(size, 4)
  t.same(
    cosigners.map(({ keyName }) => keyName),
    ['w1.example/go', 'w2.example/go'],
  )
  const { index } = await verifyTlogProof(parseBase64(THEIRS.proof), parseBase64(THEIRS.entry), policy, verifyMlDsa44)
  t.equal(index, 2)
})

t.test('what we make opens in Go', async (t) => {
  const bare = proofOf(NOTE, null)
  const entry = utf8('three')
  const lacking = await signedBy(HEAD, LOG, STRANGER, ...WITNESSES.slice(0, 1))
  const answers = await ask([
    asked('open', { note: NOTE }),
    asked('proof', { proof: PROOF, entry }),
    asked('proof', { proof: bare, entry }),
    asked('policy', { policy: formatPolicy(parsePolicy(POLICY)) }),
    ...[LOG, ...WITNESSES].map(({ vkey }) => asked('vkey', { vkey: utf8(formatVkey(vkey)) })),
    asked('open', { note: lacking }),
    asked('proof', { proof: PROOF, entry: utf8('four') }),
  ])
  t.same(
    answers.map(({ ok }) => ok),
    [true, true, true, true, true, true, true, false, false],
    JSON.stringify(answers),
  )
})

/** Null when it is taken, else our words. */
async function refusalOf(run: () => unknown): Promise<string | null> {
  try {
    await run()
    return null
  } catch (error) {
    if (error instanceof TlogError) return `${error.code} ${error.message}`
    throw error
  }
}

interface Opener {
  readonly seeds: readonly Uint8Array[]
  readonly field: string
  run(bytes: Uint8Array, trusted: Trusted): unknown
}

const OURS: Readonly<Record<string, Opener>> = {
  open: {
    seeds: [NOTE],
    field: 'note',
    run: (bytes, { policy }) => openCheckpoint(bytes, parsePolicy(policy), verifyMlDsa44),
  },
  proof: {
    seeds: [PROOF, proofOf(NOTE, null)],
    field: 'proof',
    run: (bytes, { policy }) => verifyTlogProof(bytes, utf8('three'), parsePolicy(policy), verifyMlDsa44),
  },
  policy: { seeds: [POLICY], field: 'policy', run: parsePolicy },
  vkey: {
    seeds: [LOG, ...WITNESSES].map(({ vkey }) => utf8(formatVkey(vkey))),
    field: 'vkey',
    run: (bytes) => parseVkey(parseUtf8(bytes)),
  },
}

/** What the two sides say of inputs; every difference needs a reason. */
async function compare(op: string, inputs: readonly Uint8Array[], trusted = ALL) {
  const { field, run: ours } = OURS[op] as Opener
  const theirs = await ask(inputs.map((bytes) => asked(op, { entry: utf8('three'), [field]: bytes }, trusted)))
  const [reasons, unexplained] = [new Set<string>(), new Set<string>()]
  let both = 0
  for (const [i, bytes] of inputs.entries()) {
    const refusal = await refusalOf(() => ours(bytes, trusted))
    const { ok, why = '' } = theirs[i] ?? { ok: false }
    if (ok && refusal === null) both += 1
    if (ok === (refusal === null)) continue
    const difference: Difference = { op, who: ok ? 'Go' : 'we', refusal: refusal ?? why }
    const reason = reasonOf(difference)
    if (reason === null) unexplained.add(`${difference.who}: ${difference.refusal.slice(-160)}`)
    else reasons.add(reason)
  }
  return { reasons: [...reasons], unexplained: [...unexplained], both }
}

const WORDS = [
  'extra ',
  'index ',
  'quorum',
  'none',
  'witness',
  'log',
  'group',
  'any',
  'all',
  '1',
  '2',
  '#',
  ' ',
  '\n',
  '+',
]
const COUNT = 1000

for (const [op, { seeds }] of Object.entries(OURS))
  t.test(`${op}: ${COUNT} inputs changed at random`, async (t) => {
    const random = randomOf(`notes ${op}`)
    const material = { random, corpus: seeds, words: WORDS, maxBytes: 20_000 }
    const inputs = Array.from({ length: COUNT }, () => mutate(random.pick(seeds), material))
    const { reasons, unexplained, both } = await compare(op, inputs)
    t.same(unexplained, [])
    t.ok(both > 20, `${both} taken by both; ${reasons.join('; ')}`)
  })

/** One key and no witness, so that any text can be signed. */
const SOLE = createNoteKey('log.example')
const BARE: Trusted = { log: SOLE.vkey, policy: utf8(`log ${SOLE.vkey}\nquorum none\n`) }
const TEXT = `log.example\n5\n${base64(HEAD.root)}\n`
const SIGNED = SOLE.sign(TEXT)
const PROVEN = parseUtf8(proofOf(utf8(SIGNED), null))
const [P, W0] = [parseUtf8(POLICY), formatVkey((WITNESSES[0] as NoteKey).vkey)]
const LINE = parseNote(utf8(SIGNED)).signatures[0] as NoteSignature
const AGAIN = formatSignatureLine({ ...LINE, signature: LINE.signature.map((byte) => byte ^ 1) })

/** One example of each, at least. */
const PARTED: Readonly<Record<string, readonly string[]>> = {
  open: [
    `${SIGNED}\u2014 stranger AAAAAAB=\n`,
    SIGNED + AGAIN,
    SOLE.sign(`${TEXT}\n`),
    SOLE.sign(TEXT.replace('\n5\n', '\n05\n')),
  ],
  proof: [
    PROVEN.slice(0, -1),
    PROVEN.replace('\n\n', '\r\n\r\n').replace('v1\n', 'v1\r\n').replaceAll('=\n', '=\r\n').replace('2\n', '2\r\n'),
    PROVEN.replace('index 2', 'index 02'),
    PROVEN.replace('index 2', 'extra \nindex 2'),
  ],
  policy: [
    P.replace(/^log .*/, 'log'),
    P.replace(/^log (.*)/, 'log $1x'),
    P.replace(/^log log/, 'log lag'),
    `quorum g\n${P.replace('quorum g\n', '')}`,
    `${P}quorum none\n`,
    P.replaceAll('\n', '\r\n'),
    P.slice(0, -1),
    P.replace('all w0 w1', 'all w0 w1 w0'),
    P.replace('all w0', '0 w0'),
    P.replace('w0.example/\n', 'w0.example/ # the first\n'),
    P.replace(' https://w0.example/', ''),
    P.replaceAll('group g', 'group any').replace('quorum g', 'quorum any'),
  ],
  vkey: [W0.replace(/\+......../, '+00000000'), W0.replace(/\+......../, '+xxxxxxxx')],
}

t.test('where they part ways, and nowhere else', async (t) => {
  t.same((await compare('open', [utf8(SIGNED)], BARE)).both, 1)
  t.same((await compare('proof', [utf8(PROVEN)], BARE)).both, 1)
  const found: string[] = []
  for (const [op, texts] of Object.entries(PARTED))
    for (const text of texts) {
      const trusted = op === 'open' || op === 'proof' ? BARE : ALL
      const { reasons, unexplained, both } = await compare(op, [utf8(text)], trusted)
      t.same([unexplained, both, reasons.length], [[], 0, 1], `${op}: ${JSON.stringify(text.slice(-60))}: ${reasons}`)
      found.push(...reasons)
    }
  t.same([...new Set(found)].sort(), REASONS.toSorted())
})

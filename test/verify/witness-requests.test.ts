/** What Torchwood's litewitness is asked in its tests, and what it answers: the same checks, made by our functions. */

import t from 'tap'
import { parseNote } from '../../src/formats/c2sp/note.ts'
import { parsePolicy } from '../../src/formats/c2sp/policy.ts'
import { createVkey, formatVkey, KEY_TYPE, parseVkey } from '../../src/formats/c2sp/vkey.ts'
import { hash, treeSize } from '../../src/kernel/brand.ts'
import { parseBase64, parseDecimal, parseHex, parseUtf8, utf8 } from '../../src/kernel/bytes.ts'
import { verifyConsistency } from '../../src/kernel/proof.ts'
import { openCheckpoint, receive, type VerifiedCheckpoint } from '../../src/verify/checkpoint.ts'
import { openLine } from '../../src/verify/note-line.ts'
import { readVector } from '../formats/support.ts'
import { codeOf } from './support.ts'

interface Exchange {
  readonly body: string
  readonly status: number
}

const FILES = readVector<Record<string, { readonly requests: readonly Exchange[] }>>(
  'torchwood/add-checkpoint-requests.json',
)
const SIGSUM = FILES['litewitness.txt']?.requests ?? []
const KEY = createVkey(
  'sigsum.org/v1/tree/4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562',
  KEY_TYPE.ed25519,
  parseHex('ffdc2d4d98e4124d3feaf788c0c2f9abfd796083d1f0495437f302ec79cf100f'),
)
const POLICY = parsePolicy(utf8(`log ${formatVkey(KEY)}\nquorum none\n`))

/** `old N`, the proof, an empty line, the note. */
function partsOf(body: string) {
  const blank = body.indexOf('\n\n')
  const [first = '', ...path] = body.slice(0, blank).split('\n')
  const hashes = path.map((line) => hash(parseBase64(line)))
  return { old: treeSize(parseDecimal(first.replace(/^old /, ''))), path: hashes, note: utf8(body.slice(blank + 2)) }
}

/** The status that a witness answers with, by what our checks say of the request. */
async function statusOf(body: string, latest: VerifiedCheckpoint | null): Promise<[number, VerifiedCheckpoint | null]> {
  const { old, path, note } = partsOf(body)
  let next: VerifiedCheckpoint
  try {
    next = await openCheckpoint(note, POLICY, null)
  } catch {
    return [403, latest]
  }
  if (old !== (latest?.size ?? 0)) return [409, latest]
  const grows = () => verifyConsistency(latest ?? { size: treeSize(0), root: EMPTY }, next, path)
  return (await codeOf(grows)) === 'ok' ? [200, next] : [422, latest]
}

const EMPTY = hash(parseHex('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'))

t.test('a log of Sigsum', async (t) => {
  let latest: VerifiedCheckpoint | null = null
  const answers: number[] = []
  for (const { body } of SIGSUM) {
    const [status, next] = await statusOf(body, latest)
    latest = next
    answers.push(status)
  }
  t.same(
    answers,
    SIGSUM.map(({ status }) => status),
  )
  t.equal((latest as VerifiedCheckpoint | null)?.size, 5)
})

t.test('sum.golang.org, whose key has another name than its log', async (t) => {
  const [{ body } = { body: '' }] = FILES['sumdb.txt']?.requests ?? []
  const { note } = partsOf(body)
  const vkey = parseVkey('sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8')
  const received = receive(note)
  t.equal(received.checkpoint.origin, 'go.sum database tree')
  t.same(await openLine(vkey, received, null), { time: null }, 'its line verifies')
  t.match(parseUtf8(parseNote(note).text), /^go.sum database tree\n35225469\n/)
  const policy = parsePolicy(utf8(`log ${formatVkey(vkey)}\nquorum none\n`))
  t.equal(await codeOf(() => openCheckpoint(note, policy, null)), 'LOG_NOT_TRUSTED', 'a policy names logs by their key')
})

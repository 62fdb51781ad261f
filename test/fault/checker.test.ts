/** The checker's own proof: it finds nothing in an honest history, and something in every dishonest one. */

import t from 'tap'
import { formatBundle } from '../../src/formats/c2sp/bundle.ts'
import { logId, parseVkey } from '../../src/formats/c2sp/vkey.ts'
import { createNoteKey, type NoteKey } from '../e2e/note-key.ts'
import { leaf as leafHash, treeOf } from '../reference/rfc6962.ts'
import { Checker } from './checker.ts'
import type { Read } from './tree.ts'

const key = createNoteKey('log.test')
const stranger = createNoteKey('log.test')
const leaves: readonly Buffer<ArrayBuffer>[] = Array.from({ length: 600 }, (_, i) => Buffer.from(`entry ${i}`))
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')

/** A log that holds exactly these entries, made of the RFC's words alone. */
class PaperLog {
  readonly entries: readonly Buffer[]
  readonly tree: ReturnType<typeof treeOf>
  readonly signer: NoteKey

  constructor(entries: readonly Buffer[], signer = key) {
    this.entries = entries
    this.tree = treeOf(entries)
    this.signer = signer
  }

  note(size = this.entries.length, root = this.tree.mth(0n, BigInt(size))): Buffer {
    return Buffer.from(this.signer.sign(`log.test\n${size}\n${base64(root)}\n`))
  }

  receipt(index: number, size: number, change: (entry: Fields) => unknown = () => undefined): string {
    const { name, publicKey } = parseVkey(key.vkey)
    const entry = {
      logIndex: String(index),
      logId: { keyId: base64(logId(name, publicKey)) },
      kindVersion: { kind: 'hashedrekord', version: '0.0.2' },
      integratedTime: '0',
      inclusionPromise: null,
      inclusionProof: {
        logIndex: String(index),
        rootHash: base64(this.tree.mth(0n, BigInt(size))),
        treeSize: String(size),
        hashes: this.tree.path(BigInt(index), 0n, BigInt(size)).map(base64),
        checkpoint: { envelope: this.note(size).toString() },
      },
      canonicalizedBody: base64(this.entries[index] as Buffer),
    }
    change(entry)
    return JSON.stringify(entry)
  }

  /** What it serves, after `change`. */
  read(change: (path: string, body: Uint8Array | null) => Uint8Array | null = (_, body) => body): Read {
    return async (path) => change(path, this.#resource(path))
  }

  #resource(path: string): Uint8Array | null {
    if (path === 'checkpoint') return this.note()
    const [, level, at = 0, width = 256] = /^tile\/(entries|[01])\/(\d{3})(?:\.p\/(\d+))?$/.exec(path) ?? []
    const [start, count] = [Number(at) * 256, Number(width)]
    if (level === 'entries') return formatBundle(this.entries.slice(start, start + count))
    if (level === '0') return Buffer.concat(this.entries.slice(start, start + count).map(leafHash))
    if (level !== '1') return null
    const roots = Array.from({ length: count }, (_, i) => this.tree.mth(BigInt(i) * 256n, BigInt(i + 1) * 256n))
    return Buffer.concat(roots)
  }
}

type Fields = {
  logIndex: string
  logId: { keyId: string }
  inclusionProof: {
    logIndex: string
    rootHash: string
    treeSize: string
    hashes: string[]
    checkpoint: { envelope: string }
  }
  canonicalizedBody: string
}

const honest = new PaperLog(leaves)

/** Receipts of 100 leaves and checkpoints of a few sizes; then the final tree. */
async function history(change: (checker: Checker) => void = () => undefined, read = honest.read()): Promise<string[]> {
  const checker = new Checker(key.vkey)
  for (const leaf of leaves) checker.offered(leaf)
  for (const size of [0, 1, 255, 256, 257, 511]) checker.checkpoint(honest.note(size))
  for (let index = 0; index < 300; index += 3)
    checker.receipt(leaves[index] as Buffer, honest.receipt(index, index + 40))
  change(checker)
  await checker.final(read)
  return checker.findings
}

const at = (index: number) => leaves[index] as Buffer<ArrayBuffer>
const without = (index: number) => new PaperLog(leaves.filter((_, i) => i !== index))
const swapped = leaves.with(3, at(4)).with(4, at(3))
const flipped = (text: string, byte = 0): string => {
  const bytes = Buffer.from(text, 'base64')
  bytes.writeUInt8(bytes.readUInt8(byte) ^ 1, byte)
  return bytes.toString('base64')
}
const changed = (change: (entry: Fields) => unknown) => (checker: Checker) =>
  checker.receipt(at(7), honest.receipt(7, 300, change))

t.test('an honest history', async (t) => {
  t.same(await history(), [])
  t.same(await history((checker) => checker.receipt(at(3), honest.receipt(3, 600))), [], 'a repeat with a newer proof')
  const checker = new Checker(key.vkey)
  for (const leaf of leaves) checker.offered(leaf)
  for (const size of [10, 256, 300, 600]) await checker.against(new PaperLog(leaves.slice(0, size)).read())
  t.same(checker.findings, [], 'read as it grows')
  t.equal(checker.size, 600)
})

interface Lie {
  readonly finds: RegExp
  readonly seen?: (checker: Checker) => void
  readonly read?: Read
}

const upTo = (size: number) => new PaperLog(leaves.slice(0, size)).read()
const serving = (path: string, body: Uint8Array | null) => honest.read((at, was) => (at === path ? body : was))

const LIES: Readonly<Record<string, Lie>> = {
  'an acknowledged entry was dropped': { finds: /the acknowledged leaf/, read: without(99).read() },
  'two leaves changed places': { finds: /index 3: the acknowledged leaf/, read: new PaperLog(swapped).read() },
  'a bundle without its entry': {
    finds: /index 0: the acknowledged leaf/,
    read: serving('tile/entries/000', formatBundle(leaves.slice(1, 257))),
  },
  'a missing bundle': { finds: /tile\/entries\/001 is missing/, read: serving('tile/entries/001', null) },
  'a wrong tile': { finds: /tile\/1\/000\.p\/2 does not/, read: serving('tile/1/000.p/2', Buffer.alloc(64)) },
  'no checkpoint': { finds: /there is no checkpoint/, read: serving('checkpoint', null) },
  'a tree that went back': { finds: /shows a tree of 500, but signed one of 511/, read: upTo(500) },
  'a leaf that nobody asked for': {
    finds: /leaf 600 is .* nobody asked for/,
    read: new PaperLog([...leaves, Buffer.from('stray')]).read(),
  },
  'a leaf stored twice': { finds: /1 leaves stand at a second index/, read: new PaperLog([...leaves, at(5)]).read() },
  'one index for two leaves': {
    finds: /index 3 was given to two leaves/,
    seen: (c) => c.receipt(at(4), new PaperLog(swapped).receipt(3, 42)),
  },
  'two indexes for one leaf': {
    finds: /one leaf was given the indexes 3 and 4/,
    seen: (c) => c.receipt(at(3), new PaperLog(swapped).receipt(4, 42)),
  },
  'a receipt for another leaf': {
    finds: /its body is not what was asked for/,
    seen: (c) => c.receipt(at(8), honest.receipt(7, 300)),
  },
  "a stranger's checkpoint": {
    finds: /signature is not the log's/,
    seen: (c) => c.checkpoint(new PaperLog(leaves, stranger).note()),
  },
  'a forged root': {
    finds: /signed the root .* of size 590/,
    seen: (c) => c.checkpoint(honest.note(590, leafHash(at(1)))),
  },
  'a fork': {
    finds: /signed two roots of size 300/,
    seen(c) {
      for (const log of [honest, without(200)]) c.checkpoint(log.note(300))
    },
  },
  'a fork at a size signed once': {
    finds: /signed the root .* of size 400/,
    seen: (c) => c.receipt(at(9), without(200).receipt(9, 400)),
  },
  'a checkpoint that went back': {
    finds: /went back from 550 to 540/,
    seen(c) {
      for (const size of [550, 540]) c.checkpoint(honest.note(size))
    },
  },
  'a broken signature': {
    finds: /signature does not verify/,
    seen: changed(({ inclusionProof: { checkpoint } }) => {
      checkpoint.envelope = checkpoint.envelope.replace(/\S+\n$/, (line) => `${flipped(line, 40)}\n`)
    }),
  },
  'a broken path': {
    finds: /leaf 7 is not included in 300/,
    seen: changed(({ inclusionProof: { hashes } }) => hashes.splice(2, 1, flipped(hashes[2] ?? ''))),
  },
  'a short path': {
    finds: /leaf 7 is not included in 300/,
    seen: changed(({ inclusionProof: { hashes } }) => hashes.pop()),
  },
  'another index': {
    finds: /leaf 6 is not included in 300/,
    seen: changed((entry) => {
      entry.logIndex = '6'
      entry.inclusionProof.logIndex = '6'
    }),
  },
  'another root in the proof': {
    finds: /another head than its checkpoint/,
    seen: changed(({ inclusionProof }) => {
      inclusionProof.rootHash = flipped(inclusionProof.rootHash)
    }),
  },
  'another log': {
    finds: /names another log/,
    seen: changed(({ logId }) => {
      logId.keyId = flipped(logId.keyId)
    }),
  },
  'half an answer': { finds: /^receipt 101:/, seen: (c) => c.receipt(at(7), honest.receipt(7, 300).slice(0, 200)) },
}

for (const [name, { finds, seen, read }] of Object.entries(LIES))
  t.test(name, async (t) => {
    const findings = await history(seen, read)
    t.ok(
      findings.some((one) => finds.test(one)),
      `found: ${finds}`,
      { findings },
    )
  })

t.test('a past that changes under the eyes of one reader', async (t) => {
  const checker = new Checker(key.vkey)
  for (const leaf of leaves) checker.offered(leaf)
  await checker.against(upTo(10))
  await checker.against(new PaperLog(swapped.slice(0, 20)).read())
  t.match(checker.findings, [/leaf 3 was/])
})

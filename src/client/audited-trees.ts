/** The trees of a Rekor v1 log, as an auditor asks for them (sigstore/rekor openapi.yaml). Nothing has been checked. */

import { parseCheckpoint } from '../formats/c2sp/checkpoint.ts'
import { parseNote } from '../formats/c2sp/note.ts'
import { invalid, list, openObject, parsed, type Read, text } from '../formats/fields.ts'
import { isJsonObject } from '../formats/json.ts'
import { parsePem } from '../formats/pki/pem.ts'
import { hash, type LeafHash, type LeafIndex, leafIndex, type TreeSize } from '../kernel/brand.ts'
import { parseBase64, parseHex, parseUtf8, utf8 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { type Ask, below, readAnswer, refusal } from './ask.ts'
import { count } from './fields.ts'
import { pathOf, type RekorTree, rekorTrees } from './log-server.ts'

const OK = 200
/** Rekor takes no more in one request. */
const MAX_AT_ONCE = 10
/** Requests under way. */
const LANES = 4
/** Ten entries of the longest kind in base64, each with what it attests. */
const MAX_ENTRIES_BYTES = 64 * 2 ** 20
const MAX_PATH = 63

/** All trees of one host. They come in one answer, which each of them takes once. */
export class RekorSite {
  readonly #ask: Ask
  readonly #url: string
  #trees: readonly RekorTree[] = []
  readonly #taken = new Set<string>()

  constructor(ask: Ask, url: string) {
    this.#ask = ask
    this.#url = url
  }

  /** As the server last showed them, the active one first. */
  get trees(): readonly string[] {
    return this.#trees.map(({ treeId }) => treeId)
  }

  /** @throws TlogError SERVICE_UNREACHABLE, SERVICE_REFUSED */
  async refresh(): Promise<void> {
    const at = below(this.#url, '/api/v1/log')
    const answer = await this.#ask({ url: at })
    if (answer.status !== OK) throw refusal(at, answer)
    this.#trees = readAnswer(at, answer, (json) => rekorTrees(json, ''))
    this.#taken.clear()
  }

  /** What it last showed. @throws TlogError SERVICE_REFUSED */
  head(treeId: string): string {
    return this.#find(treeId).checkpoint
  }

  /** DER, by the PEM that the server calls the tree's key. @throws as refresh */
  async key(treeId: string): Promise<Uint8Array> {
    const at = below(this.#url, `/api/v1/log/publicKey?treeID=${treeId}`)
    const answer = await this.#ask({ url: at })
    if (answer.status !== OK) throw refusal(at, answer)
    const [der] = parsePem(parseUtf8(answer.bytes), 'PUBLIC KEY')
    if (der === undefined) throw new TlogError('SERVICE_REFUSED', `${at}: it shows no public key`)
    return der
  }

  /** As the auditor's port wants it. */
  tree(treeId: string) {
    return {
      kind: 'entries' as const,
      checkpoint: async () => utf8((await this.#shown(treeId)).checkpoint),
      entries: (start: LeafIndex, count: number) => this.#entries(treeId, start, count),
      consistency: async (first: TreeSize, last: TreeSize) => {
        const at = below(this.#url, `/api/v1/log/proof?firstSize=${first}&lastSize=${last}&treeID=${treeId}`)
        const answer = await this.#ask({ url: at })
        if (answer.status !== OK) throw refusal(at, answer)
        return readAnswer(at, answer, (json) => pathOf('hashes')(json, ''))
      },
    }
  }

  async #shown(treeId: string): Promise<RekorTree> {
    if (this.#trees.length === 0 || this.#taken.has(treeId)) await this.refresh()
    this.#taken.add(treeId)
    return this.#find(treeId)
  }

  #find(treeId: string): RekorTree {
    const tree = this.#trees.find((one) => one.treeId === treeId)
    if (tree === undefined) throw new TlogError('SERVICE_REFUSED', `${this.#url}: it shows the tree ${treeId} no more`)
    return tree
  }

  /** Entries are counted over all trees: so many come before those of this one. */
  #before(treeId: string): number {
    const [active, ...earlier] = this.#trees
    const inOrder = active === undefined ? [] : [...earlier, active]
    const at = inOrder.findIndex((one) => one.treeId === this.#find(treeId).treeId)
    return inOrder.slice(0, at).reduce((sum, { checkpoint }) => sum + sizeOf(checkpoint), 0)
  }

  async #entries(treeId: string, start: LeafIndex, count: number): Promise<readonly Shown[]> {
    if (this.#trees.length === 0) await this.refresh()
    const first = this.#before(treeId) + start
    const starts = Array.from({ length: Math.ceil(count / MAX_AT_ONCE) }, (_, i) => i * MAX_AT_ONCE)
    const found = new Map<number, Shown>()
    const next = starts.values()
    const lane = async () => {
      for (const at of next)
        for (const entry of await this.#retrieve(first + at, Math.min(MAX_AT_ONCE, count - at)))
          found.set(entry.proof.index, entry)
    }
    await Promise.all(Array.from({ length: LANES }, lane))
    const shown: Shown[] = []
    for (let at = start as number; at < start + count; at++) {
      const entry = found.get(at)
      if (entry === undefined) break
      shown.push(entry)
    }
    return shown
  }

  async #retrieve(first: number, count: number): Promise<readonly Shown[]> {
    const at = below(this.#url, '/api/v1/log/entries/retrieve')
    const body = JSON.stringify({ logIndexes: Array.from({ length: count }, (_, i) => first + i) })
    const answer = await this.#ask({ url: at, body, type: 'application/json', maxBytes: MAX_ENTRIES_BYTES })
    if (answer.status !== OK) throw refusal(at, answer)
    return readAnswer(at, answer, (json) => list(shownEntry, { max: MAX_AT_ONCE })(json, ''))
  }
}

function sizeOf(checkpoint: string): number {
  return parseCheckpoint(parseNote(utf8(checkpoint)).text).size
}

interface Shown {
  readonly body: Uint8Array
  readonly leaf: LeafHash
  readonly proof: {
    readonly index: LeafIndex
    readonly path: readonly ReturnType<typeof hash>[]
    readonly checkpoint: string | null
  }
}

const hashHex = parsed((digits) => hash(parseHex(digits)))

const proof = openObject((fields) => ({
  index: leafIndex(fields.required('logIndex', count)),
  path: fields.optional('hashes', list(hashHex, { max: MAX_PATH })) ?? [],
  checkpoint: fields.optional('checkpoint', text) ?? null,
}))

const entry = openObject((fields) => ({
  body: fields.required('body', parsed(parseBase64)),
  proof: fields.required(
    'verification',
    openObject((verification) => verification.required('inclusionProof', proof)),
  ),
}))

/** One entry under its ID, which ends in the hash of its leaf. */
const shownEntry: Read<Shown> = (value, path) => {
  const [[id, one] = ['', null], second] = isJsonObject(value) ? Object.entries(value) : []
  const [, leaf] = /^(?:[0-9a-f]{16})?([0-9a-f]{64})$/.exec(id) ?? []
  if (leaf === undefined || second !== undefined) throw invalid(path, 'not one entry under its ID')
  return { ...entry(one, `${path}.entry`), leaf: hash(parseHex(leaf)) as LeafHash }
}

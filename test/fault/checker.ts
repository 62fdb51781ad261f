/**
 * The offline checker: takes every receipt ever returned and every checkpoint ever seen, and says what they contradict.
 *
 * A receipt is verified whole the moment it is taken (signature, inclusion, the requested leaf); what it claims is kept,
 * for ever, and held against the tree that the log shows later. Signatures are checked by node:crypto, paths by the RFC's
 * algorithm and roots by a tree rebuilt from the entries: of src/ only parsers are used.
 */

import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { parseCheckpoint } from '../../src/formats/c2sp/checkpoint.ts'
import { parseNote } from '../../src/formats/c2sp/note.ts'
import { formatVkey, logId, parseVkey, type Vkey } from '../../src/formats/c2sp/vkey.ts'
import { parseJson } from '../../src/formats/json.ts'
import { parseEntryV2, type TransparencyLogEntry } from '../../src/formats/sigstore/response-v2.ts'
import { equal, hex, parseHex, utf8 } from '../../src/kernel/bytes.ts'
import { inclusionRoot, leaf as leafHash } from '../reference/rfc6962.ts'
import { type Read, Tree } from './tree.ts'

interface Head {
  readonly size: number
  readonly root: Uint8Array
}

/** One broken page must not print a million lines. */
const MOST_FINDINGS = 50
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex')

export class Checker {
  readonly findings: string[] = []
  receipts = 0
  readonly #vkey: Vkey
  readonly #key: KeyObject
  /** Leaf hashes that a client sent, whole or cut off. */
  #offered = new Set<string>()
  /** What receipts said, both ways round. */
  #leafAt = new Map<number, string>()
  #indexOf = new Map<string, number>()
  /** SHA-256 of contents that the log acknowledged, in hex. */
  #kept = new Set<string>()
  /** Every root that the log signed, by size. */
  #roots = new Map<number, Uint8Array>()
  /** Notes opened already, by their bytes: a checkpoint stands in many receipts. */
  #opened = new Map<string, Head>()
  #tree = new Tree()
  #misfit: Tree | null = null
  #largest = 0
  /** The size that each observer saw last. */
  #last = new Map<string, number>()

  constructor(vkey: string) {
    this.#vkey = parseVkey(vkey)
    this.#key = createPublicKey({
      key: Buffer.concat([ED25519_SPKI, this.#vkey.publicKey]),
      format: 'der',
      type: 'spki',
    })
  }

  /** One that holds all that this one was given, for a copy of the log. */
  copy(): Checker {
    const copy = new Checker(formatVkey(this.#vkey))
    copy.findings.push(...this.findings)
    copy.receipts = this.receipts
    copy.#offered = new Set(this.#offered)
    copy.#leafAt = new Map(this.#leafAt)
    copy.#indexOf = new Map(this.#indexOf)
    copy.#kept = new Set(this.#kept)
    copy.#roots = new Map(this.#roots)
    copy.#largest = this.#largest
    copy.#last = new Map(this.#last)
    return copy
  }

  /** Checkpoints of different sizes or roots that were seen. */
  get heads(): number {
    return this.#roots.size
  }

  get size(): number {
    return this.#tree.leaves.length
  }

  /** A content with this SHA-256 was acknowledged. */
  kept(digest: Uint8Array): void {
    this.#kept.add(hex(digest))
  }

  /** @param read the content under a digest, as it is stored. */
  async contents(read: (digest: Uint8Array) => Promise<Uint8Array | null>): Promise<void> {
    for (const digest of this.#kept)
      if ((await read(parseHex(digest))) === null) this.report(`the content ${digest} was acknowledged, and is lost`)
  }

  /** This leaf was asked for. A leaf in the tree that nobody asked for is a finding. */
  offered(leaf: Uint8Array): void {
    this.#offered.add(hex(leafHash(leaf)))
  }

  /** An answer 201 to the request for `leaf`. */
  receipt(leaf: Uint8Array, answer: string): void {
    this.receipts++
    this.#try(`receipt ${this.receipts}`, () => this.#receipt(leaf, parseEntryV2(parseJson(utf8(answer)))))
  }

  /** In the order in which one observer saw them: a log never shows less than before, but of several nodes one may be behind. */
  checkpoint(note: Uint8Array, observer = ''): void {
    this.#try('a checkpoint', () => {
      const { size } = this.#open(note)
      const last = this.#last.get(observer) ?? 0
      if (size < last) this.report(`the published checkpoint went back from ${last} to ${size}`)
      this.#last.set(observer, size)
    })
  }

  /** Holds everything so far against the tree that the log shows now. Reads what was added since the last time. */
  async against(read: Read): Promise<void> {
    try {
      await this.#grow(read)
    } catch (error) {
      this.report((error as Error).message)
    }
  }

  /** Reads the whole tree anew, tiles too, and holds everything ever taken against it. */
  async final(read: Read): Promise<void> {
    this.#tree = new Tree()
    await this.against(read)
    for (const differing of await this.#tree.compareTiles(read)) this.report(differing)
    const places = new Set(this.#tree.leaves)
    if (places.size < this.#tree.leaves.length)
      this.report(`${this.#tree.leaves.length - places.size} leaves stand at a second index`)
  }

  report(finding: string): void {
    if (this.findings.length < MOST_FINDINGS) this.findings.push(finding)
  }

  #receipt(leaf: Uint8Array, { logIndex, logId: id, inclusionProof, canonicalizedBody }: TransparencyLogEntry): void {
    const hash = leafHash(leaf)
    if (!equal(canonicalizedBody, leaf)) throw new Error('its body is not what was asked for')
    if (!equal(id, logId(this.#vkey.name, this.#vkey.publicKey))) throw new Error('it names another log')
    const head = this.#open(utf8(inclusionProof.checkpoint))
    if (head.size !== inclusionProof.treeSize || !equal(head.root, inclusionProof.rootHash))
      throw new Error('its proof is for another head than its checkpoint')
    const root = inclusionRoot(BigInt(logIndex), BigInt(head.size), hash, inclusionProof.hashes)
    if (root === null || !equal(root, head.root)) throw new Error(`leaf ${logIndex} is not included in ${head.size}`)
    this.#place(hex(hash), logIndex)
  }

  #place(leaf: string, index: number): void {
    const other = this.#leafAt.get(index)
    if (other !== undefined && other !== leaf) throw new Error(`index ${index} was given to two leaves`)
    const elsewhere = this.#indexOf.get(leaf)
    if (elsewhere !== undefined && elsewhere !== index)
      throw new Error(`one leaf was given the indexes ${elsewhere} and ${index}`)
    this.#leafAt.set(index, leaf)
    this.#indexOf.set(leaf, index)
  }

  /** The head in a note that the log's key signed. */
  #open(note: Uint8Array): Head {
    const key = Buffer.from(note).toString('latin1')
    const known = this.#opened.get(key)
    if (known !== undefined) return known
    const { text, signatures } = parseNote(note)
    const [own] = signatures
    if (own === undefined || own.name !== this.#vkey.name || own.keyId !== this.#vkey.keyId)
      throw new Error("the first signature is not the log's")
    if (!verify(null, text, this.#key, own.signature)) throw new Error("the log's signature does not verify")
    const { origin, size, root } = parseCheckpoint(text)
    if (origin !== this.#vkey.name) throw new Error(`the origin is ${origin}`)
    const signed = this.#roots.get(size)
    if (signed !== undefined && !equal(signed, root)) throw new Error(`the log signed two roots of size ${size}`)
    this.#roots.set(size, root)
    this.#opened.set(key, { size, root })
    this.#largest = Math.max(this.#largest, size)
    return { size, root }
  }

  async #grow(read: Read): Promise<void> {
    const note = await read('checkpoint')
    if (note === null) throw new Error('there is no checkpoint')
    const { size } = this.#open(note)
    if (size < this.#largest) throw new Error(`the log shows a tree of ${size}, but signed one of ${this.#largest}`)
    this.#checkRoot(this.#tree)
    await this.#tree.grow(read, size, (leaf, index) => this.#checkLeaf(leaf, index))
    for (const [index, leaf] of this.#leafAt)
      if (this.#tree.leaves[index] !== leaf) this.report(`index ${index}: the acknowledged leaf ${leaf} is not there`)
  }

  #checkLeaf(leaf: string, index: number): void {
    if (!this.#offered.has(leaf)) this.report(`leaf ${index} is ${leaf}, which nobody asked for`)
    this.#checkRoot(this.#tree)
  }

  /** The smallest tree that differs says it for all the larger ones. */
  #checkRoot(tree: Tree): void {
    const { length } = tree.leaves
    const signed = this.#roots.get(length)
    if (signed === undefined || tree === this.#misfit || equal(signed, tree.root())) return
    this.#misfit = tree
    this.report(`the log signed the root ${hex(signed)} of size ${length}, the entries have ${hex(tree.root())}`)
  }

  #try(what: string, check: () => void): void {
    try {
      check()
    } catch (error) {
      this.report(`${what}: ${(error as Error).message}`)
    }
  }
}

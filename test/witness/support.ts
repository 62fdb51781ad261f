/** Witnesses in memory, and logs that grow, fork and sign whatever they are told. */

import { createHash } from 'node:crypto'
import { generateMlDsa44, importEd25519Seed, signEd25519, signMlDsa44 } from '../../src/crypto/node.ts'
import { formatCheckpoint } from '../../src/formats/c2sp/checkpoint.ts'
import { formatNote, type NoteSignature, parseNote } from '../../src/formats/c2sp/note.ts'
import { createVkey, KEY_TYPE } from '../../src/formats/c2sp/vkey.ts'
import { formatAddCheckpoint } from '../../src/formats/c2sp/witness-request.ts'
import { type Hash, hash, treeSize, unixMillis } from '../../src/kernel/brand.ts'
import { utf8 } from '../../src/kernel/bytes.ts'
import { memoryWitnessStore } from '../../src/storage/witness/memory.ts'
import { verifyMlDsa44 } from '../../src/verify-node/ml-dsa.ts'
import { KnownLogs } from '../../src/witness/known-logs.ts'
import type { WitnessKeys } from '../../src/witness/ports.ts'
import { createWitness, type Witness, type WitnessParts } from '../../src/witness/witness.ts'
import { treeOf } from '../reference/rfc6962.ts'
import { head, logKey, type NoteKey } from '../verify/support.ts'

export const NAME = 'witness.example/w'
export const ORIGIN = 'log.example'
export const LOG = logKey(ORIGIN, 1)
export const GENEROUS = { perDay: 1e12, burst: 1e6 }

export const KEYS: WitnessKeys = keysOf(NAME, 9)

export function keysOf(name: string, seed: number): WitnessKeys {
  const ed25519 = importEd25519Seed(new Uint8Array(32).fill(seed))
  const mlDsa44 = generateMlDsa44()
  return {
    ed25519: {
      vkey: createVkey(name, KEY_TYPE.cosignature, ed25519.publicKey),
      sign: (message) => signEd25519(ed25519, message),
    },
    mlDsa44: {
      vkey: createVkey(name, KEY_TYPE.mlDsa44, mlDsa44.mlDsa44PublicKey),
      sign: (message) => signMlDsa44(mlDsa44, message),
    },
  }
}

export interface TestWitness {
  readonly witness: Witness
  /** Notes of forks, as they were reported. */
  readonly forks: Uint8Array[]
  readonly failures: unknown[]
  /** Sets the clock, in milliseconds. */
  readonly at: (ms: number) => void
}

export const NOON = 1_700_000_000_000

export function testWitness(parts: Partial<WitnessParts> = {}): TestWitness {
  let now = NOON
  const forks: Uint8Array[] = []
  const failures: unknown[] = []
  const witness = createWitness({
    keys: KEYS,
    logs: new KnownLogs(NAME, [LOG.vkey], GENEROUS),
    store: memoryWitnessStore(),
    now: () => unixMillis(now),
    verifyMlDsa44,
    onStep: () => undefined,
    watch: { cosigned: () => undefined, limited: () => undefined, forked: (_, ...notes) => void forks.push(...notes) },
    onFailure: (error) => void failures.push(error),
    ...parts,
  })
  const at = (ms: number) => {
    now = ms
  }
  return { witness, forks, failures, at }
}

/** A tree whose leaf at i is `names(i)`: two with other names from some leaf on are a fork. */
export class Tree {
  readonly #tree: ReturnType<typeof treeOf>

  constructor(size: number, names: (index: number) => string = String) {
    this.#tree = treeOf(Array.from({ length: size }, (_, i) => utf8(names(i))))
  }

  root(size: number, start = 0): Hash {
    return hash(this.#tree.mth(BigInt(start), BigInt(size)))
  }

  proof(from: number, to: number): Hash[] {
    if (from === 0 || from >= to) return []
    return this.#tree.proof(BigInt(from), BigInt(to)).map(hash)
  }

  subtreeProof(start: number, end: number, size: number): Hash[] {
    return this.#tree.subtreeProof(BigInt(start), BigInt(end), 0n, BigInt(size), true).map(hash)
  }
}

export interface Asked {
  readonly origin?: string
  readonly old?: number
  readonly proof?: readonly Hash[]
  readonly keys?: readonly NoteKey[]
  /** Before those of the keys. */
  readonly lines?: readonly NoteSignature[]
}

/** The note of a checkpoint of `size` leaves. */
export async function signed(tree: Tree, size: number, asked: Asked = {}): Promise<Uint8Array> {
  const { origin = ORIGIN, keys = [LOG], lines = [] } = asked
  const checkpoint = head(origin, size, tree.root(size))
  const own = await Promise.all(keys.map((key) => key.line(checkpoint)))
  return formatNote({ text: formatCheckpoint(checkpoint), signatures: [...lines, ...own] })
}

/** An honest request, but for what `asked` says. */
export async function request(tree: Tree, size: number, asked: Asked = {}): Promise<Uint8Array> {
  const { old = 0, proof = tree.proof(old, size) } = asked
  return formatAddCheckpoint({ old: treeSize(old), proof, note: await signed(tree, size, asked) })
}

/** The lines of an answer, as a note has them. */
export function linesOf(text: string): readonly NoteSignature[] {
  return parseNote(utf8(`x\n\n${text}`)).signatures
}

export function originHash(origin: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(origin).digest())
}

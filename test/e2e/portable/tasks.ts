/** What a runtime is asked and how it answers, as JSON. Runs in the runtime: browser, Deno, Bun. */

import * as side from '#crypto'
import { algorithmForKey, algorithmOf, type DigestName } from '../../../src/crypto/algorithms.ts'
import * as portable from '../../../src/crypto/portable.ts'
import { parseSpki } from '../../../src/formats/pki/spki.ts'
import { treeSize } from '../../../src/kernel/brand.ts'
import { hex, parseHex, utf8 } from '../../../src/kernel/bytes.ts'
import { leafHash } from '../../../src/kernel/hash.ts'
import { rootAt } from '../../../src/kernel/proof.ts'
import { outcome } from '../../crypto/outcome.ts'
import { checks, fromBase64, type MerkleVector, readerOf } from '../../kernel/merkle.ts'
import { modelDigest, type Reader } from './models.ts'

/** Bytes are in hex; a key of an algorithm is its SubjectPublicKeyInfo. Without an algorithm, the key's own is meant. */
export type Task =
  | {
      readonly ask: 'verifyMessage' | 'verifyDigest'
      readonly algorithm?: string
      readonly key: string
      readonly data: string
      readonly signature: string
    }
  | { readonly ask: 'verifyEd25519'; readonly key: string; readonly data: string; readonly signature: string }
  | { readonly ask: 'digest'; readonly name: DigestName; readonly data: string }
  | { readonly ask: 'sign'; readonly seed: string; readonly data: string }
  | { readonly ask: 'generate' }
  | { readonly ask: 'merkle'; readonly kind: string; readonly vector: MerkleVector }
  | { readonly ask: 'root'; readonly entries: readonly string[] }
  | { readonly ask: 'model'; readonly reader: Reader; readonly data: string }
  | { readonly ask: 'resolve'; readonly name: string }

export interface Report {
  readonly userAgent: string
  /** Whether `#crypto` is portable.ts itself. */
  readonly isPortable: boolean
  readonly ms: number
  /** In the order of the tasks: 'good', a value, code and message of a refusal, or 'bug: …' for any other exception. */
  readonly answers: readonly string[]
}

export async function reportOn(tasks: readonly Task[]): Promise<Report> {
  const start = performance.now()
  const answers: string[] = []
  for (const task of tasks) answers.push(await answer(task))
  return {
    userAgent: navigator.userAgent,
    isPortable: (side as unknown) === portable,
    ms: Math.round(performance.now() - start),
    answers,
  }
}

async function answer(task: Task): Promise<string> {
  let value = 'good'
  try {
    const verdict = await outcome(async () => {
      value = (await perform(task)) ?? value
    })
    return verdict === 'good' ? value : verdict
  } catch (error) {
    return `bug: ${error}`
  }
}

async function perform(task: Task): Promise<string | undefined> {
  switch (task.ask) {
    case 'verifyMessage':
    case 'verifyDigest':
      return verify(task)
    case 'verifyEd25519':
      await side.verifyEd25519(parseHex(task.key), parseHex(task.data), parseHex(task.signature))
      return undefined
    case 'digest':
      return hex(side.digest(task.name, parseHex(task.data)))
    case 'sign': {
      const key = side.importEd25519Seed(parseHex(task.seed))
      return `${hex(key.publicKey)} ${hex(await side.signEd25519(key, parseHex(task.data)))}`
    }
    case 'generate':
      return generate()
    case 'merkle': {
      const check = checks[task.kind]
      if (check === undefined) throw new Error(`no vectors of the kind ${task.kind}`)
      check(task.vector, (task.vector.proof ?? []).map(fromBase64))
      return undefined
    }
    case 'root': {
      const leaves = task.entries.map((entry) => leafHash(parseHex(entry)))
      return hex(await rootAt(treeSize(leaves.length), readerOf(leaves)))
    }
    case 'model':
      return modelDigest(task.reader, parseHex(task.data))
    case 'resolve':
      return import.meta.resolve(task.name)
  }
}

async function verify(task: Task & { readonly ask: 'verifyMessage' | 'verifyDigest' }): Promise<undefined> {
  const key = parseSpki(parseHex(task.key))
  const algorithm = task.algorithm === undefined ? algorithmForKey(key) : algorithmOf(task.algorithm)
  const [data, signature] = [parseHex(task.data), parseHex(task.signature)]
  if (task.ask === 'verifyDigest') await side.verifyDigest({ algorithm, key, signature, digest: data })
  else await side.verifyMessage({ algorithm, key, signature, message: data })
}

/** Two keys of the runtime's own randomness, and whether what the first signs is the first's alone. */
async function generate(): Promise<string> {
  const [key, other] = [side.generateEd25519(), side.generateEd25519()]
  const message = utf8('a message')
  const signature = await side.signEd25519(key, message)
  await side.verifyEd25519(key.publicKey, message, signature)
  return outcome(() => side.verifyEd25519(other.publicKey, message, signature))
}

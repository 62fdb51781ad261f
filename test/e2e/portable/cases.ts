/** Every question with the answer that is right: the tables of the unit tests as plain data. Runs in Node. */

import { createHash } from 'node:crypto'
import { algorithmForKey, type DigestName } from '../../../src/crypto/algorithms.ts'
import type { DigestCheck } from '../../../src/crypto/crypto.ts'
import * as native from '../../../src/crypto/node.ts'
import { parseSpki } from '../../../src/formats/pki/spki.ts'
import { hex, utf8 } from '../../../src/kernel/bytes.ts'
import { encodings } from '../../crypto/ecdsa.ts'
import { CCTV, refusals } from '../../crypto/ed25519.ts'
import { fromHex, outcome } from '../../crypto/outcome.ts'
import { malformed, wrongRsa } from '../../crypto/refusals.ts'
import { FILES, readEd25519Suite, readSuite } from '../../crypto/wycheproof.ts'
import { TOY_GGUF, toyLlamafile } from '../../formats/model/make-llamafile.ts'
import { readCorpus } from '../../fuzz/corpus.ts'
import { checks, type MerkleVector, refusedHere } from '../../kernel/merkle.ts'
import { jsonBelow, readJson } from '../../kernel/support.ts'
import { modelDigest, READERS, type Reader } from './models.ts'
import { importedNames } from './server.ts'
import type { Task } from './tasks.ts'

export interface Case {
  readonly name: string
  readonly task: Task
  /** The whole answer, or how it begins. */
  readonly want: string | RegExp
}

export type Groups = Readonly<Record<string, readonly Case[]>>

export const MODELS = 'models, as Node reads them'
const INVALID = /^SIGNATURE_INVALID /

export async function allGroups(): Promise<Groups> {
  const suites = FILES.map(({ file }) => [`Wycheproof ${file}`, wycheproof(file)] as const)
  return {
    ...Object.fromEntries(suites),
    'Wycheproof ed25519_test.json': wycheproofEd25519(),
    'CCTV Ed25519': await cctv(),
    'refusals of ours': [...[...encodings(), ...malformed(), ...wrongRsa()].map(refusal), ...(await ed25519Refusals())],
    'keys and signatures': await signatures(),
    digests: digests(),
    'transparency-dev/merkle': merkle(),
    'RFC 6962 reference tree': referenceTree(),
    [MODELS]: await models(),
  }
}

/** Each name of package.json's `imports` stands for the same file in all of them. */
export function nameCases(): Case[] {
  return importedNames().map(([name, path]) => ({
    name,
    task: { ask: 'resolve', name },
    want: new RegExp(`^(?:file|http)://.+${path.replaceAll('.', '\\.')}$`),
  }))
}

/** Over the message and over its digest, which take different ways. */
function wycheproof(file: string): Case[] {
  return readSuite(file).testGroups.flatMap(({ publicKeyDer: key, tests }) => {
    const digestName = digestOf(key)
    return tests.flatMap(({ tcId, comment, msg, sig: signature, result }) => {
      const name = `${tcId} (${comment})`
      const want = digestName === null ? /^KEY_NOT_ALLOWED / : result === 'valid' ? 'good' : INVALID
      const digest = hex(native.digest(digestName ?? 'SHA2_256', fromHex(msg)))
      return [
        { name, task: { ask: 'verifyMessage', key, data: msg, signature } as const, want },
        { name: `${name}, its digest`, task: { ask: 'verifyDigest', key, data: digest, signature } as const, want },
      ]
    })
  })
}

/** Which digest goes with the key, or null for one that may not sign. */
function digestOf(der: string): DigestName | null {
  try {
    return algorithmForKey(parseSpki(fromHex(der))).digest
  } catch {
    return null
  }
}

function wycheproofEd25519(): Case[] {
  return readEd25519Suite().testGroups.flatMap(({ publicKey, tests }) =>
    tests.map(({ tcId, comment, msg, sig, result }) => ({
      name: `${tcId} (${comment})`,
      task: { ask: 'verifyEd25519', key: publicKey.pk, data: msg, signature: sig } as const,
      want: result === 'valid' ? 'good' : INVALID,
    })),
  )
}

/** The file holds no verdicts, as rules differ: the native side's words are wanted. */
function cctv(): Promise<Case[]> {
  return Promise.all(
    CCTV.map(async (vector) => {
      const [key, message, signature] = [fromHex(vector.key), utf8(vector.msg), fromHex(vector.sig)]
      const task = { ask: 'verifyEd25519', key: vector.key, data: hex(message), signature: vector.sig } as const
      const want = await outcome(() => native.verifyEd25519(key, message, signature))
      return { name: `${vector.number}`, task, want }
    }),
  )
}

function refusal([name, check, want]: readonly [string, DigestCheck, RegExp]): Case {
  const { algorithm, key, digest, signature } = check
  const bytes = { key: hex(key.der), data: hex(digest), signature: hex(signature) }
  return { name, task: { ask: 'verifyDigest', algorithm: algorithm.keyDetails, ...bytes }, want }
}

async function ed25519Refusals(): Promise<Case[]> {
  return (await refusals()).map(([name, key, signature, want]) => ({
    name,
    task: { ask: 'verifyEd25519', key: hex(key), data: '', signature: hex(signature) },
    want,
  }))
}

/** Ed25519 is deterministic: both sides make the same bytes. */
async function signatures(): Promise<Case[]> {
  const signed = Array.from({ length: 32 }, async (_, length): Promise<Case> => {
    const seed = new Uint8Array(createHash('sha256').update(`seed ${length}`).digest())
    const key = native.importEd25519Seed(seed)
    const message = new Uint8Array(length * 7).fill(length)
    const want = `${hex(key.publicKey)} ${hex(await native.signEd25519(key, message))}`
    return { name: `${message.length} bytes`, task: { ask: 'sign', seed: hex(seed), data: hex(message) }, want }
  })
  return [
    ...(await Promise.all(signed)),
    { name: 'a short seed', task: { ask: 'sign', seed: '00'.repeat(31), data: '' }, want: /^KEY_MALFORMED .*31 bytes/ },
    { name: 'a key of its own', task: { ask: 'generate' }, want: /^SIGNATURE_INVALID the signature does not verify/ },
  ]
}

function digests(): Case[] {
  const names = { SHA2_256: 'sha256', SHA2_384: 'sha384', SHA2_512: 'sha512' } as const
  return (Object.keys(names) as (keyof typeof names)[]).flatMap((name) =>
    [0, 1, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 10_000].map((length) => {
      const bytes = new Uint8Array(length).fill(0x5a)
      const want = createHash(names[name]).update(bytes).digest('hex')
      return { name: `${name} of ${length} bytes`, task: { ask: 'digest', name, data: hex(bytes) }, want }
    }),
  )
}

function merkle(): Case[] {
  return Object.keys(checks).flatMap((kind) =>
    Array.from(jsonBelow(`merkle/testdata/${kind}`), ([file, json]) => {
      const vector = json as MerkleVector
      const isRefused = vector.wantErr || refusedHere.has(file)
      return { name: file, task: { ask: 'merkle', kind, vector } as const, want: isRefused ? /^[A-Z]+_/ : 'good' }
    }),
  )
}

function referenceTree(): Case[] {
  const { leafInputsHex, rootsHexBySize } = readJson('merkle/derived/rfc6962-reference-tree.json') as {
    leafInputsHex: string[]
    rootsHexBySize: string[]
  }
  return rootsHexBySize.map((want, size) => ({
    name: `size ${size}`,
    task: { ask: 'root', entries: leafInputsHex.slice(0, size) },
    want,
  }))
}

/** Inputs that together run all of the readers; none of them is long. */
async function models(): Promise<Case[]> {
  const files = (Object.keys(READERS) as Reader[]).flatMap((reader) =>
    readCorpus(reader).map((bytes) => [reader, bytes] as const),
  )
  const toys = [
    ['gguf', TOY_GGUF],
    ['llamafile', await toyLlamafile()],
  ] as const
  return await Promise.all(
    [...files, ...toys].map(async ([reader, bytes], i): Promise<Case> => {
      let want = ''
      const refused = await outcome(async () => {
        want = await modelDigest(reader, bytes)
      })
      const task = { ask: 'model', reader, data: hex(bytes) } as const
      return { name: `${reader} ${i}, ${bytes.length} bytes`, task, want: refused === 'good' ? want : refused }
    }),
  )
}

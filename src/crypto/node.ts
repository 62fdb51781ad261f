/** `#crypto` on Node: OpenSSL in worker threads. Nothing then holds up the event loop for longer than a copy. */

import { hash, verify } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { formatSpki } from '../formats/pki/spki.ts'
import { TlogError } from '../kernel/error.ts'
import { checkDigest, type DigestName } from './algorithms.ts'
import { checkForm, requireGood } from './check.ts'
import type { Check, DigestCheck, MessageCheck } from './crypto.ts'
import { checkEncodings } from './ed25519.ts'
import { HASH_NAMES } from './node/hash-names.ts'
import type { Job } from './node/job.ts'
import { Pool } from './node/pool.ts'

export type { Crypto, DigestCheck, MessageCheck, MlDsaKey, SigningKey } from './crypto.ts'
export {
  exportPrivateKey,
  generateEcdsa,
  generateEd25519,
  generateMlDsa44,
  importEcdsaKey,
  importEd25519Seed,
  importMlDsaKey,
  importPrivateKey,
  signEcdsa,
  signEd25519,
  signEd25519ph,
  signMlDsa44,
} from './node/keys.ts'

const SCRIPT = new URL(`./node/worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)

let threads = Math.min(availableParallelism(), 4)
const native = new Pool(SCRIPT, nativeLimits(threads))
/** Ed25519ph is JavaScript, about a millisecond a check: its own thread and a short queue, so that it starves nobody. */
const prehashed = new Pool(SCRIPT, { workers: 1, waitingMs: 80 })

function nativeLimits(workers: number) {
  return { workers, waitingMs: 500 * workers }
}

/**
 * Sets the number of threads for all but Ed25519ph, which has one of its own. Default: the processors, at most 4. With 0
 * the caller's does the work: for a program that checks a handful and ends, which a thread's start would take longer than.
 * @throws TlogError CONFIG_INVALID unless from 0 to 64.
 */
export function configureCrypto({ workers }: { readonly workers: number }): void {
  if (!Number.isInteger(workers) || workers < 0 || workers > 64)
    throw new TlogError('CONFIG_INVALID', `the number of crypto workers must be from 0 to 64, not ${workers}`)
  threads = workers
  if (workers > 0) native.limits = nativeLimits(workers)
}

/** Ends the threads; checks under way fail with LOG_CLOSED. A later check starts them again. */
export async function closeCrypto(): Promise<void> {
  await Promise.all([native.close(), prehashed.close()])
}

export async function verifyDigest(check: DigestCheck): Promise<void> {
  checkForm(check)
  checkDigest(check.algorithm, check.digest)
  await run(check, { over: 'digest', subject: check.digest })
}

export async function verifyMessage(check: MessageCheck): Promise<void> {
  checkForm(check)
  await run(check, { over: 'message', subject: check.message })
}

async function run(check: Check, what: Pick<Job, 'over' | 'subject'>): Promise<void> {
  const { algorithm, key, signature } = check
  requireGood(await isGood({ algorithm, spki: key.der, signature, ...what }))
}

function isGood(job: Job): Promise<boolean> {
  if (job.algorithm.key.kind === 'ed25519') return prehashed.check(job)
  return threads === 0 ? isGoodHere(job) : native.check(job)
}

/** What a thread loads is loaded here when it is needed here. */
async function isGoodHere(job: Job): Promise<boolean> {
  const { GOOD, verdictsOn } = await import('./node/verdicts.ts')
  return verdictsOn([job])[0] === GOOD
}

export function digest(name: DigestName, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(hash(HASH_NAMES[name], bytes, 'buffer'))
}

export function blake2b512(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(hash('blake2b512', bytes, 'buffer'))
}

/** In libuv's thread pool: notes come one at a time, a batch would gain nothing. */
export async function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<void> {
  checkEncodings(publicKey, signature)
  const spki = Buffer.from(formatSpki({ kind: 'ed25519', bytes: publicKey }))
  const isGood = await new Promise<boolean>((resolve, reject) => {
    verify(null, message, { key: spki, format: 'der', type: 'spki' }, signature, (error, good) => {
      if (error === null) resolve(good)
      else reject(error)
    })
  })
  requireGood(isGood)
}

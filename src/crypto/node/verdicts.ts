/** What a thread does with a batch. */

import { constants, hash, publicDecrypt, verify } from 'node:crypto'
import type { Curve } from '../../formats/pki/spki.ts'
import { equal } from '../../kernel/bytes.ts'
import { CURVES } from '../curves.ts'
import { verifyStrict } from '../ed25519.ts'
import { pkcs1Block } from '../pkcs1.ts'
import { HASH_NAMES } from './hash-names.ts'
import type { Job } from './job.ts'
import { verifyDigests } from './shifted-key.ts'

/** One byte a job, in order. Zero, what a fresh buffer holds, is neither. */
export const GOOD = 1
export const BAD = 2

export function verdictsOn(jobs: readonly Job[]): Uint8Array<ArrayBuffer> {
  const verdicts = new Uint8Array(jobs.length)
  const overDigest = new Map<Curve, number[]>()
  for (const [at, job] of jobs.entries()) {
    const { key } = job.algorithm
    if (key.kind !== 'ec') verdicts[at] = verdict(key.kind === 'rsa' ? isGoodRsa(job) : isGoodPrehashed(job))
    else if (job.over === 'message') verdicts[at] = verdict(isGoodEcdsa(job))
    else overDigest.set(key.curve, [...(overDigest.get(key.curve) ?? []), at])
  }
  for (const [curve, places] of overDigest) {
    const good = verifyDigests(
      curve,
      places.map((at) => digestCheck(curve, jobs[at])),
    )
    for (const [i, at] of places.entries()) verdicts[at] = verdict(good[i])
  }
  return verdicts
}

function verdict(isGood: boolean | undefined): number {
  return isGood === true ? GOOD : BAD
}

function digestCheck(curve: Curve, job: Job | undefined) {
  if (job === undefined) throw new RangeError('no such job')
  const { spki, subject, signature } = job
  return { point: spki.subarray(-(1 + 2 * CURVES[curve].bytes)), digest: subject, signature }
}

/** A fifth faster than going through the digest, on P-384 and P-521 twice as fast. */
function isGoodEcdsa({ algorithm, spki, signature, subject }: Job): boolean {
  return verify(HASH_NAMES[algorithm.digest], subject, { key: asBuffer(spki), format: 'der', type: 'spki' }, signature)
}

function isGoodRsa(job: Job): boolean {
  const key = { key: asBuffer(job.spki), format: 'der', type: 'spki', padding: constants.RSA_NO_PADDING } as const
  try {
    const block = publicDecrypt(key, job.signature)
    return equal(block, pkcs1Block(job.algorithm.digest, digestOf(job), block.length))
  } catch {
    return false // a signature not below the modulus, or a modulus that OpenSSL does not take
  }
}

/** The last 32 bytes of the SubjectPublicKeyInfo are the key. */
function isGoodPrehashed(job: Job): boolean {
  return verifyStrict('ph', job.spki.subarray(-32), digestOf(job), job.signature)
}

function digestOf({ algorithm, over, subject }: Job): Uint8Array {
  return over === 'digest' ? subject : hash(HASH_NAMES[algorithm.digest], subject, 'buffer')
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}

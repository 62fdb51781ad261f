/**
 * Signature checks a second: on this thread, then through `#crypto`. On a shared machine only the last column, the ratio
 * to the unit, means something.
 *
 *   node bench/crypto.ts
 */

import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { ed25519ph } from '@noble/curves/ed25519.js'
import { algorithmForKey } from '../src/crypto/algorithms.ts'
import type { DigestCheck, MessageCheck } from '../src/crypto/crypto.ts'
import type { Job } from '../src/crypto/node/job.ts'
import { verdictsOn } from '../src/crypto/node/verdicts.ts'
import * as native from '../src/crypto/node.ts'
import * as portable from '../src/crypto/portable.ts'
import { formatSpki, type PublicKey, parseSpki } from '../src/formats/pki/spki.ts'

type Check = DigestCheck & MessageCheck

const DISTINCT = 256
const TRIALS = 5
const TRIAL_MS = 200

function checks(generate: () => { publicKey: KeyObject; privateKey: KeyObject }, count = DISTINCT): Check[] {
  return Array.from({ length: count }, (_, i) => {
    const { publicKey, privateKey } = generate()
    const key = parseSpki(new Uint8Array(publicKey.export({ format: 'der', type: 'spki' })))
    const { digest } = algorithmForKey(key)
    const message = new TextEncoder().encode(`message ${i}`)
    return checkOf(key, message, sign(digest.replace('2_', ''), message, privateKey))
  })
}

function checkOf(key: PublicKey, message: Uint8Array, signature: Uint8Array): Check {
  const algorithm = algorithmForKey(key)
  const digest = native.digest(algorithm.digest, message)
  return { algorithm, key, message, digest, signature: new Uint8Array(signature) }
}

function prehashedChecks(count: number): Check[] {
  return Array.from({ length: count }, (_, i) => {
    const { secretKey, publicKey } = ed25519ph.keygen()
    const message = new TextEncoder().encode(`message ${i}`)
    const key = parseSpki(formatSpki({ kind: 'ed25519', bytes: publicKey }))
    return checkOf(key, message, ed25519ph.sign(message, secretKey))
  })
}

/** What is measured: `run` makes `size` checks, from the one at `at` on. */
interface Round {
  readonly size: number
  readonly run: (at: number) => unknown
}

/** Checks a second. */
async function trial({ size, run }: Round): Promise<number> {
  const start = performance.now()
  let done = 0
  for (; performance.now() - start < TRIAL_MS; done += size) await run(done)
  return (done * 1000) / (performance.now() - start)
}

const jobOf = (over: Job['over'], { algorithm, key, signature, digest, message }: Check): Job => {
  return { algorithm, over, spki: key.der, signature, subject: over === 'digest' ? digest : message }
}

/** One batch on this thread, as a worker does it. */
function inline(all: readonly Check[], over: Job['over'], size: number): Round {
  const jobs = all.map((check) => jobOf(over, check))
  return { size, run: (at) => verdictsOn(jobs.slice(at % jobs.length, (at % jobs.length) + size)) }
}

function noble(all: readonly Check[]): Round {
  return { size: 1, run: (at) => portable.verifyDigest(digestOnly(pick(all, at))) }
}

/** All of them at once, over and over. */
function pooled(all: readonly Check[], one: (check: Check) => Promise<void>): Round {
  return { size: all.length, run: () => Promise.all(all.map(one)) }
}

function pick(all: readonly Check[], at: number): Check {
  const check = all[at % all.length]
  if (check === undefined) throw new RangeError('nothing to check')
  return check
}

function digestOnly({ algorithm, key, signature, digest }: Check): DigestCheck {
  return { algorithm, key, signature, digest }
}

const overDigest = (check: Check) => native.verifyDigest(digestOnly(check))
const overMessage = ({ algorithm, key, signature, message }: Check) =>
  native.verifyMessage({ algorithm, key, signature, message })

const p256 = checks(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }))
const p384 = checks(() => generateKeyPairSync('ec', { namedCurve: 'P-384' }), 64)
const p521 = checks(() => generateKeyPairSync('ec', { namedCurve: 'P-521' }), 64)
const rsa = checks(() => generateKeyPairSync('rsa', { modulusLength: 2048 }), 32)
const ph = prehashedChecks(32)

/** The unit: what OpenSSL does when it has the message, each check bringing its own key. */
const unit: Round = {
  size: 1,
  run: (at) => {
    const { key, message, signature } = pick(p256, at)
    verify('sha256', message, createPublicKey({ key: Buffer.from(key.der), format: 'der', type: 'spki' }), signature)
  },
}

/** Measured in turn with the unit, so that what slows one slows the other. */
async function report(name: string, round: Round): Promise<void> {
  await trial(round)
  const rates: number[] = []
  const ratios: number[] = []
  for (let i = 0; i < TRIALS; i++) {
    const reference = await trial(unit)
    const rate = await trial(round)
    rates.push(rate)
    ratios.push(rate / reference)
  }
  const ratio = ratios.sort((a, b) => a - b)[Math.floor(TRIALS / 2)] ?? 0
  console.log(
    `${name.padEnd(50)} ${Math.max(...rates)
      .toFixed(0)
      .padStart(7)} /s  ${ratio.toFixed(2).padStart(6)}`,
  )
}

console.log('one thread                                            best       of the unit')
await report('P-256, message known, OpenSSL: the unit', unit)
for (const size of [1, 8, 64]) await report(`P-256, digest, shifted key, ${size} a batch`, inline(p256, 'digest', size))
await report('P-256, digest, noble', noble(p256))
await report('P-384, digest, shifted key', inline(p384, 'digest', 64))
await report('P-384, digest, noble', noble(p384))
await report('P-521, digest, shifted key', inline(p521, 'digest', 64))
await report('P-521, digest, noble', noble(p521))
await report('RSA-2048, digest, OpenSSL', inline(rsa, 'digest', 32))
await report('Ed25519ph, noble', inline(ph, 'digest', 32))

const workers = Math.min(availableParallelism(), 4)
console.log(`\n${workers} workers, this thread sending`)
native.configureCrypto({ workers })
await report('P-256, message known', pooled([...p256, ...p256], overMessage))
await report('P-256, digest', pooled([...p256, ...p256], overDigest))
await report('RSA-2048, digest', pooled(Array.from({ length: 8 }, () => rsa).flat(), overDigest))
await report('Ed25519ph, digest, one worker', pooled(ph, overDigest))
await native.closeCrypto()

import t from 'tap'
import { algorithmForKey } from '../../src/crypto/algorithms.ts'
import type { Crypto } from '../../src/crypto/crypto.ts'
import { type PublicKey, parseSpki } from '../../src/formats/pki/spki.ts'
import { fromHex, outcome, SIDES } from './sides.ts'
import { FILES, readEd25519Suite, readSuite, type Vector } from './wycheproof.ts'

t.setTimeout(120_000) // what tap gives a file; on its own a busy machine needs more than the default

async function verdicts(side: Crypto, key: PublicKey, { msg, sig }: Vector): Promise<string[]> {
  const algorithm = algorithmForKey(key)
  const [message, signature] = [fromHex(msg), fromHex(sig)]
  const digest = side.digest(algorithm.digest, message)
  return Promise.all([
    outcome(() => side.verifyMessage({ algorithm, key, message, signature })),
    outcome(() => side.verifyDigest({ algorithm, key, digest, signature })),
  ])
}

function keyOrNull(der: string): PublicKey | null {
  try {
    return parseSpki(fromHex(der))
  } catch {
    return null
  }
}

for (const [name, side] of SIDES) {
  for (const { file, refusedKeys, acceptable } of FILES) {
    t.test(`${name}: ${file}`, async (t) => {
      const wrong: string[] = []
      const flags = new Set<string>()
      const count = { good: 0, bad: 0, refusedKeys: 0 }
      const check = async (key: PublicKey, vector: Vector) => {
        if (vector.result === 'acceptable') for (const flag of vector.flags) flags.add(flag)
        const wanted = vector.result === 'valid' ? /^good$/ : /^SIGNATURE_INVALID /
        const found = await verdicts(side, key, vector)
        for (const verdict of found)
          if (!wanted.test(verdict)) wrong.push(`${vector.tcId} (${vector.comment}): ${verdict}`)
        count[vector.result === 'valid' ? 'good' : 'bad']++
      }
      for (const group of readSuite(file).testGroups) {
        const key = keyOrNull(group.publicKeyDer)
        if (key === null) count.refusedKeys += group.tests.length
        else await Promise.all(group.tests.map((vector) => check(key, vector)))
      }
      t.same(wrong, [], 'every verdict is the one of the vector')
      t.equal(count.refusedKeys, refusedKeys)
      t.same([...flags], acceptable)
      t.ok(count.good >= 6 && count.bad >= 200, `${count.good} good, ${count.bad} bad`)
    })
  }

  t.test(`${name}: ed25519_test.json`, async (t) => {
    const wrong: string[] = []
    for (const { publicKey, tests } of readEd25519Suite().testGroups)
      for (const { tcId, comment, msg, sig, result } of tests) {
        const verdict = await outcome(() => side.verifyEd25519(fromHex(publicKey.pk), fromHex(msg), fromHex(sig)))
        if ((verdict === 'good') !== (result === 'valid')) wrong.push(`${tcId} (${comment}): ${verdict}`)
      }
    t.same(wrong, [])
  })
}

/**
 * For one valid bundle of each kind: no bit of a decoded field can be flipped, no field removed, no two fields taken from
 * another valid bundle. What can be is listed, with the reason. COLOPHON_FULL_MUTATIONS=1 flips every bit; without it,
 * long fields are sampled.
 */

import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { env } from 'node:process'
import t from 'tap'
import { type Bundle, parseSigstoreBundle } from '../../src/formats/sigstore/bundle.ts'
import { utf8 } from '../../src/kernel/bytes.ts'
import { verifyBundle } from '../../src/verify/bundle.ts'
import { type Case, readCase } from './conformance.ts'
import { flips, leaves, removals, replaced } from './mutations.ts'
import { codeOf } from './support.ts'

const isFull = env.COLOPHON_FULL_MUTATIONS === '1'
t.setTimeout(isFull ? 3_600_000 : 120_000)

/** Discriminants that the parser adds; the media type is flipped by itself below. */
const MADE = ['version', 'material.kind', 'content.kind']

type Survivors = Readonly<Record<string, (bit: number, bundle: Bundle) => boolean>>

const always = () => true
/** granted and grantedWithMods are both yes (RFC 3161 §2.4.2). */
const isStatus = (bit: number) => bit === 64
/** With another issuer or serial number it names an authority that nobody trusts, and counts as if it were absent. */
const isSigner = (bit: number) => bit >= 185 * 8 && bit < 228 * 8
/** Lines behind the log's own are of witnesses that the trust does not name. */
const isStranger = (bit: number, { entries }: Bundle) => {
  const note = utf8(entries[0]?.proof?.checkpoint ?? '')
  const lines = new TextDecoder().decode(note).split('\n')
  const own = lines.findIndex((line) => line.startsWith('\u2014'))
  return bit / 8 >= utf8(`${lines.slice(0, own + 1).join('\n')}\n`).length
}

interface Kind {
  readonly name: string
  readonly flips: Survivors
  readonly removals: readonly string[]
}

const ENTRY = 'verificationMaterial.tlogEntries.0'
const STAMPS = 'verificationMaterial.timestampVerificationData'
/** A hint: the signature is over the file. */
const DIGEST_HINT = 'messageSignature.messageDigest'

const KINDS: readonly Kind[] = [
  {
    name: 'happy-path-v0.1',
    flips: {},
    // 0.1 rests on the promise; a proof is a second word.
    removals: [`${ENTRY}.inclusionProof`, `${ENTRY}.inclusionProof.checkpoint`, DIGEST_HINT],
  },
  { name: 'happy-path-v0.3', flips: {}, removals: [DIGEST_HINT] },
  { name: 'happy-path-intoto-in-dsse-v3', flips: {}, removals: [] },
  {
    name: 'intoto-with-custom-trust-root',
    flips: { 'timestamps.0': (bit) => isStatus(bit) || isSigner(bit) },
    removals: [
      // The timestamp is a second word on the time, and so is the promise.
      `${ENTRY}.inclusionPromise`,
      // Absent is zero, and empty.
      `${ENTRY}.inclusionProof.logIndex`,
      `${ENTRY}.inclusionProof.hashes`,
      STAMPS,
      `${STAMPS}.rfc3161Timestamps`,
      `${STAMPS}.rfc3161Timestamps.0`,
      // A hint that nothing signs.
      'dsseEnvelope.signatures.0.keyid',
    ],
  },
  {
    name: 'managed-key-happy-path',
    // Which key it was is for the caller to say. The authority of the timestamp is none of this trusted root.
    flips: { 'material.hint': always, 'timestamps.0': always },
    removals: [
      'verificationMaterial.publicKey.hint',
      // A key needs no time.
      `${ENTRY}.inclusionPromise`,
      STAMPS,
      `${STAMPS}.rfc3161Timestamps`,
      `${STAMPS}.rfc3161Timestamps.0`,
      DIGEST_HINT,
    ],
  },
  { name: 'rekor2-timestamp-without-embedded-cert', flips: { 'timestamps.0': isStatus }, removals: [DIGEST_HINT] },
  {
    name: 'rekor2-dsse-happy-path',
    flips: { 'timestamps.0': isStatus, 'entries.0.proof.checkpoint': isStranger },
    removals: [],
  },
]

const artifactOf = ({ artifact }: Case) =>
  new Map([['SHA2_256' as const, new Uint8Array(hash('sha256', artifact, 'buffer'))]])

const textOf = (name: string) =>
  readFileSync(
    new URL(`../vectors/sigstore-conformance/bundle-verify/${name}/bundle.sigstore.json`, import.meta.url),
    'utf8',
  )

for (const { name, flips: allowed, removals: removable } of KINDS) {
  const given = readCase(name)
  const artifact = artifactOf(given)
  const [bundle, trust] = [given.bundle(), given.trust()]
  const verify = (changed: Bundle) => codeOf(() => verifyBundle(changed, artifact, trust))
  const verifyText = (text: string) => codeOf(() => verifyBundle(parseSigstoreBundle(utf8(text)), artifact, trust))

  t.test(`${name}: flipped bits`, async (t) => {
    t.equal(await verify(bundle), 'ok', 'as it is')
    const survivors: string[] = []
    let tried = 0
    for (const { field, bit, value } of flips(bundle, { made: MADE, isFull })) {
      tried += 1
      if ((await verify(value)) === 'ok' && allowed[field]?.(bit, bundle) !== true) survivors.push(`${field} ${bit}`)
    }
    t.same(survivors, [])
    t.ok(tried > 500, `${tried} flips`)
  })

  t.test(`${name}: removed fields`, async (t) => {
    const survivors: string[] = []
    for (const { field, json } of removals(JSON.parse(textOf(name))))
      if ((await verifyText(JSON.stringify(json))) === 'ok') survivors.push(field)
    t.same(survivors.sort(), [...removable].sort())
  })

  t.test(`${name}: another media type`, async (t) => {
    const { mediaType, ...rest } = JSON.parse(textOf(name)) as { mediaType: string }
    const survivors: string[] = []
    for (const { value } of flips({ mediaType }, { made: [], isFull: true }))
      if ((await verifyText(JSON.stringify({ ...rest, ...value }))) === 'ok') survivors.push(value.mediaType)
    t.same(survivors, [])
  })
}

t.test('no two fields of another valid bundle fit in', async (t) => {
  for (const [name, other] of [
    ['happy-path-v0.1', 'happy-path-v0.3'],
    ['managed-key-happy-path', 'managed-key-and-trusted-root'],
    ['rekor2-happy-path', 'rekor2-timestamp-without-embedded-cert'],
    ['rekor2-timestamp-with-expired-cert-chain', 'rekor2-timestamp-with-embedded-cert'],
  ] as const) {
    const given = readCase(name)
    const [artifact, trust, bundle] = [artifactOf(given), given.trust(), given.bundle()]
    const theirs = new Map([...leaves(readCase(other).bundle())].map(([path, leaf]) => [path.join('.'), leaf]))
    const fields = [...leaves(bundle)]
      .filter(([path]) => !MADE.includes(path.join('.')))
      .filter(([path, leaf]) => differs(theirs.get(path.join('.')), leaf))
    const survivors: string[] = []
    for (const [a] of fields)
      for (const [b] of fields) {
        const swapped = [a, b].reduce(
          (value, path) => replaced(value, path, theirs.get(path.join('.')) ?? null),
          bundle,
        )
        if ((await codeOf(() => verifyBundle(swapped, artifact, trust))) === 'ok')
          survivors.push(`${a.join('.')}, ${b.join('.')}`)
      }
    t.ok(fields.length > 12, `${name}: ${fields.length} fields differ`)
    t.same(survivors, [])
  }
})

function differs(a: unknown, b: unknown): boolean {
  return a !== undefined && JSON.stringify(a) !== JSON.stringify(b)
}

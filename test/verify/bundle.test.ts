/** What a verdict says, and what a bundle's every part is refused for. */

import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { parsePolicy } from '../../src/formats/c2sp/policy.ts'
import { formatVkey } from '../../src/formats/c2sp/vkey.ts'
import { parseSigstoreBundle } from '../../src/formats/sigstore/bundle.ts'
import { utf8 } from '../../src/kernel/bytes.ts'
import { digestsOf, verifyAllButCertificate, verifyBundle } from '../../src/verify/bundle.ts'
import { NO_WITNESSES } from '../../src/verify/checkpoint.ts'
import type { Trust } from '../../src/verify/trust.ts'
import { nodeAbilities } from '../../src/verify-node/abilities.ts'
import { readCase } from './conformance.ts'
import {
  ARTIFACT,
  ed25519Signer,
  envelopeBundle,
  HOST,
  messageBundle,
  p256Signer,
  p384Signer,
  ROOT,
  STATEMENT,
  type TestSigner,
  TREE_ID,
  V1_LOG,
  V2_KEY,
} from './made.ts'
import { v1Bundle } from './made-v1.ts'
import { logKey, refusedWith, witnessKey } from './support.ts'

const NOTHING = { certificates: null, mlDsa44: null }
const parse = (json: object) => parseSigstoreBundle(utf8(JSON.stringify(json)))
const trustIn = (signer: TestSigner, more: Partial<Trust> = {}): Trust => ({
  signer: { kind: 'key', key: signer.key },
  root: ROOT,
  policy: NO_WITNESSES,
  abilities: NOTHING,
  ...more,
})
const SIGNER = p256Signer()
const WITNESSES = [witnessKey('w1.example', 1), witnessKey('w2.example', 2)]
const made = (keys = [V2_KEY, ...WITNESSES], origin = HOST, signer = SIGNER) => messageBundle({ signer, keys, origin })
const policyOf = (text: string) => parsePolicy(utf8(text))
const [W1 = '', W2 = ''] = WITNESSES.map(({ vkey }) => formatVkey(vkey))
const LOG = formatVkey(V2_KEY.vkey)

t.test('a key, a v2 log, two witnesses', async (t) => {
  const policy = policyOf(`log ${LOG}\nwitness A ${W1}\nwitness B ${W2}\ngroup G all A B\nquorum G\n`)
  const verdict = await verifyBundle(parse(await made()), ARTIFACT, trustIn(SIGNER, { policy }))
  t.match(JSON.parse(JSON.stringify(verdict)), {
    artifact: { algorithm: 'SHA2_256', digest: hash('sha256', 'the file') },
    signed: { kind: 'file' },
    signer: { kind: 'key', algorithm: 'PKIX_ECDSA_P256_SHA_256', fingerprint: hash('sha256', SIGNER.spki) },
    entries: [
      {
        log: { url: `https://${HOST}` },
        kind: 'hashedrekord 0.0.2',
        index: 1,
        inclusion: {
          origin: HOST,
          index: 1,
          size: 3,
          cosigners: [
            { witness: 'A', keyName: 'w1.example', time: 1_700_000_000 },
            { witness: 'B', keyName: 'w2.example', time: 1_700_000_000 },
          ],
        },
      },
    ],
    times: [],
    notCovered: ['time', 'key owner'],
  })
})

t.test('a policy lists a tree of a v1 log by its name', async () => {
  const form = { version: '0.3', content: 'message', kind: 'hashedrekord', hasProof: true } as const
  const bundle = parse(await v1Bundle(SIGNER, form))
  const at = (name: string) => {
    const policy = policyOf(`log ${formatVkey(logKey(name, 1).vkey)}\nquorum none\n`)
    return verifyBundle(bundle, ARTIFACT, trustIn(SIGNER, { policy }))
  }
  await refusedWith('ok', () => at(`${HOST}/${TREE_ID}`), 'its bundles have the line of its ECDSA key alone')
  for (const name of [HOST, `${HOST}/1`, `${HOST}/${TREE_ID}/`, `other/${TREE_ID}`])
    await refusedWith('LOG_NOT_TRUSTED', () => at(name), name)
  const own = policyOf(`log ${formatVkey(logKey(HOST, 99).vkey)}\nquorum none\n`)
  await refusedWith(
    'CHECKPOINT_UNTRUSTED',
    async () => verifyBundle(parse(await made()), ARTIFACT, trustIn(SIGNER, { policy: own })),
    'of a v2 log the listed key must have signed',
  )
})

t.test('the policy is about the very checkpoint of the proof', async () => {
  const bundle = parse(await made([V2_KEY, ...WITNESSES.slice(0, 1)]))
  const at = (text: string) => verifyBundle(bundle, ARTIFACT, trustIn(SIGNER, { policy: policyOf(text) }))
  await refusedWith('ok', () => at(`witness A ${W1}\nquorum A\n`), 'its one witness')
  await refusedWith('QUORUM_MISSED', () => at(`witness B ${W2}\nquorum B\n`), 'a witness that did not cosign')
  await refusedWith(
    'LOG_NOT_TRUSTED',
    () => at(`log ${formatVkey(logKey('other', 1).vkey)}\nquorum none\n`),
    'a policy of another log',
  )
  const promised = await envelopeBundle(SIGNER)
  const policy = policyOf(`witness A ${W1}\nquorum A\n`)
  await refusedWith(
    'QUORUM_MISSED',
    () => verifyBundle(parse(promised), ARTIFACT, trustIn(SIGNER, { policy })),
    'a v1 checkpoint has none',
  )
  const { inclusionProof: _, ...alone } = promised.verificationMaterial.tlogEntries[0] ?? {}
  const old = {
    ...promised,
    mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1',
    verificationMaterial: { ...promised.verificationMaterial, tlogEntries: [alone] },
  }
  await refusedWith(
    'QUORUM_MISSED',
    () => verifyBundle(parse(old), ARTIFACT, trustIn(SIGNER, { policy })),
    'a promise has no checkpoint',
  )
  await refusedWith(
    'ok',
    () => verifyBundle(parse(old), ARTIFACT, trustIn(SIGNER)),
    'which is enough where none is asked for',
  )
})

t.test('who signed the checkpoint', async () => {
  const at = async (bundle: Promise<object>) => verifyBundle(parse(await bundle), ARTIFACT, trustIn(SIGNER))
  const stranger = logKey(HOST, 77)
  await refusedWith('CHECKPOINT_UNTRUSTED', () => at(made([stranger])), 'another key under the name')
  await refusedWith('CHECKPOINT_UNTRUSTED', () => at(made([V2_KEY], 'other.example')), 'another origin')
  await refusedWith('CHECKPOINT_UNTRUSTED', () => at(made([V2_KEY], `${HOST} - 12`)), 'a v1 origin under a v2 name')
  await refusedWith('CHECKPOINT_UNTRUSTED', () => at(made(WITNESSES)), 'witnesses alone')
})

t.test('what must be trusted, and is not', async () => {
  const bundle = parse(await made())
  const verify = (more: Partial<Trust>) => verifyBundle(bundle, ARTIFACT, trustIn(SIGNER, more))
  await refusedWith('LOG_NOT_TRUSTED', () => verify({ root: { ...ROOT, tlogs: [V1_LOG] } }), 'another log')
  await refusedWith(
    'SIGNATURE_INVALID',
    () => verify({ signer: { kind: 'key', key: p256Signer().key } }),
    'another key',
  )
  const identity = { kind: 'identity', name: 'a@example.com', issuer: 'https://example.com' } as const
  await refusedWith(
    'CHECK_UNAVAILABLE',
    () => verify({ signer: identity }),
    'an identity, where no certificate can be checked',
  )
  await refusedWith('SIGNER_MISMATCH', () => verify({ signer: identity, abilities: nodeAbilities }), 'an identity')
  const { trust, bundle: certified, artifact } = readCase('happy-path-v0.3')
  const digests = new Map([['SHA2_256' as const, new Uint8Array(hash('sha256', artifact, 'buffer'))]])
  await refusedWith(
    'SIGNER_MISMATCH',
    () => verifyBundle(certified(), digests, { ...trust(), signer: { kind: 'key', key: SIGNER.key } }),
    'a key',
  )
  const named = trust().signer
  if (named.kind !== 'identity') throw new Error('the case names an identity')
  for (const other of [
    { ...named, name: named.name.slice(0, -1) },
    { ...named, issuer: `${named.issuer}/` },
  ])
    await refusedWith(
      'SIGNER_MISMATCH',
      () => verifyBundle(certified(), digests, { ...trust(), signer: other }),
      JSON.stringify(other),
    )
})

t.test('the file', async (t) => {
  const bundle = parse(await made())
  const other = new Map([['SHA2_256' as const, new Uint8Array(32)]])
  await refusedWith('ARTIFACT_MISMATCH', () => verifyBundle(bundle, other, trustIn(SIGNER)), 'another file')
  await refusedWith('CHECK_UNAVAILABLE', () => verifyBundle(bundle, new Map(), trustIn(SIGNER)), 'no digest')
  t.same([...digestsOf(bundle, trustIn(SIGNER).signer)], ['SHA2_256'])
  const large = p384Signer()
  const longer = parse(await made([V2_KEY], HOST, large))
  t.same([...digestsOf(longer, trustIn(large).signer)], ['SHA2_384'])
  t.equal((await verifyBundle(longer, ARTIFACT, trustIn(large))).artifact.algorithm, 'SHA2_384')
})

t.test('a statement, in a v1 log', async (t) => {
  for (const signer of [SIGNER, ed25519Signer()]) {
    const verdict = await verifyBundle(parse(await envelopeBundle(signer)), ARTIFACT, trustIn(signer))
    t.match(verdict, {
      signed: { kind: 'statement', predicateType: 'https://example.com/built', subject: 'file' },
      entries: [{ kind: 'dsse 0.0.1', index: 900, inclusion: { origin: /^log\.example - \d+$/, index: 1 } }],
      times: [{ time: 1_780_000_000_000, source: 'log' }],
    })
    t.same(verdict.notCovered, ['witnesses', 'claims', 'key owner'])
  }
  const about = (payload: Uint8Array, type?: string) => async () =>
    verifyBundle(parse(await envelopeBundle(SIGNER, payload, type)), ARTIFACT, trustIn(SIGNER))
  await refusedWith('ARTIFACT_MISMATCH', about(STATEMENT, 'text/plain'), 'another type of payload')
  await refusedWith(
    'ARTIFACT_MISMATCH',
    about(
      utf8('{"_type":"https://in-toto.io/Statement/v1","predicateType":"x","subject":[{"digest":{"sha256":"00"}}]}'),
    ),
    'another subject',
  )
  await refusedWith('ENVELOPE_MALFORMED', about(utf8('{}')), 'no statement')
})

t.test('when a log’s word holds', async () => {
  const bundle = parse(await envelopeBundle(SIGNER))
  const within = (validFor: { start: string; end?: string }) => () =>
    verifyBundle(bundle, ARTIFACT, trustIn(SIGNER, { root: { ...ROOT, tlogs: [{ ...V1_LOG, validFor }] } }))
  const [start, taken] = ['2026-01-01T00:00:00Z', '2026-05-28T20:26:40Z']
  await refusedWith('ok', within({ start: taken, end: taken }), 'both ends are inside')
  await refusedWith('TIME_OUTSIDE', within({ start: '2026-05-28T20:26:41Z' }), 'before')
  await refusedWith('TIME_OUTSIDE', within({ start, end: '2026-05-28T20:26:39.999Z' }), 'after')
})

t.test('entries: none, twice, of a kind that cannot be compared', async () => {
  const whole = await made()
  const [entry] = whole.verificationMaterial.tlogEntries
  if (entry === undefined) throw new Error('there is one')
  const verify = (tlogEntries: object[]) => () =>
    verifyBundle(
      parse({ ...whole, verificationMaterial: { publicKey: { hint: '' }, tlogEntries } }),
      ARTIFACT,
      trustIn(SIGNER),
    )
  await refusedWith('LOG_NOT_TRUSTED', verify([]), 'none')
  await refusedWith('ENTRY_MISMATCH', verify([entry, entry]), 'twice')
  await refusedWith(
    'ENTRY_MISMATCH',
    verify([{ ...entry, kindVersion: { kind: 'dsse', version: '0.0.2' } }]),
    'dsse 0.0.2',
  )
  await refusedWith(
    'ENTRY_MALFORMED',
    verify([{ ...entry, kindVersion: { kind: 'hashedrekord', version: '0.0.1' } }]),
    'v2 as v1',
  )
  await refusedWith('ENTRY_MISMATCH', verify([{ ...entry, integratedTime: '1780000000' }]), 'a time in a v2 entry')
  await refusedWith('ENTRY_MISMATCH', verify([{ ...entry, logIndex: '2' }]), 'an index that is not the proof’s')
})

t.test('a timestamp from after the certificate', async () => {
  const name = 'rekor2-timestamp-with-incorrect-time_fail'
  const file = new URL(`../vectors/sigstore-conformance/bundle-verify/${name}/bundle.sigstore.json`, import.meta.url)
  const { trust, artifact } = readCase(name)
  const digests = new Map([['SHA2_256' as const, new Uint8Array(hash('sha256', artifact, 'buffer'))]])
  const bundle = parseSigstoreBundle(
    utf8(readFileSync(file, 'utf8').replace(/"signedTimestamp": "[^"]+"/, (line) => line.replaceAll('\\n', ''))),
  )
  await refusedWith('CERTIFICATE_UNTRUSTED', () => verifyBundle(bundle, digests, trust()), name)
})

t.test('without certificates nothing is decided, and it looks like nothing else', async (t) => {
  const { trust, bundle, artifact } = readCase('happy-path-v0.3')
  const digests = new Map([['SHA2_256' as const, new Uint8Array(hash('sha256', artifact, 'buffer'))]])
  const found = await verifyAllButCertificate(bundle(), digests, { ...trust(), abilities: NOTHING })
  t.equal(found.outcome, 'undetermined')
  t.notOk('signer' in found, 'no verdict')
  t.equal(found.claimed.entries.length, 1)
})

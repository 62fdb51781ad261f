import { readFileSync } from 'node:fs'
import t from 'tap'
import { formatTlogProof } from '../../../src/formats/c2sp/tlog-proof.ts'
import { formatVkey } from '../../../src/formats/c2sp/vkey.ts'
import { formatPem } from '../../../src/formats/pki/pem.ts'
import { formatTrustedRoot } from '../../../src/formats/sigstore/trusted-root.ts'
import { hash, leafIndex } from '../../../src/kernel/brand.ts'
import { utf8 } from '../../../src/kernel/bytes.ts'
import { TlogError } from '../../../src/kernel/error.ts'
import { webAbilities } from '../../../src/web/browser/abilities.ts'
import { judgeBundle, judgeProof, type Outcome, type ReadFile, type Stated } from '../../../src/web/page/judge.ts'
import { type Report, reportOn } from '../../../src/web/page/report.ts'
import { treeOf } from '../../reference/rfc6962.ts'
import { ARTIFACT, envelopeBundle, FILE, HOST, messageBundle, p256Signer, ROOT, V2_KEY } from '../../verify/made.ts'
import { head, mlDsaKey, signedBy } from '../../verify/support.ts'

const signer = p256Signer()
const pem = formatPem(signer.spki, 'PUBLIC KEY')
const root = utf8(formatTrustedRoot(ROOT))
const none = new Uint8Array()
const stated: Stated = { signer: { pem }, root, policy: none }
const file: ReadFile = { digests: async () => ARTIFACT, whole: async () => FILE }
const bundle = utf8(JSON.stringify(await messageBundle({ signer, keys: [V2_KEY], origin: HOST })))

const judge = (bytes: Uint8Array, trust = stated, source = file) => judgeBundle(bytes, trust, source, webAbilities)

function row({ rows }: Report, label: string): string | undefined {
  return rows.find((one) => one.label === label)?.value
}

function codeOf(outcome: Outcome): string {
  return `${outcome.kind} ${'error' in outcome ? outcome.error.code : ''}`
}

t.test('a key over a file', async (t) => {
  const report = reportOn(await judge(bundle))
  t.match(report, { tone: 'yes', title: 'Verified', notChecked: [], lead: /signed this file/ })
  t.equal(row(report, 'In the tree'), `index 1 in a tree of 3, signed by ${HOST}`)
  t.equal(row(report, 'Log'), `https://${HOST}, entry 1 (hashedrekord 0.0.2)`)
  t.match(report.notCovered, [/^When it was signed/, /no witnesses$/, /^Whose key/, /^Whether the file is good/])
  t.match(JSON.parse(report.json), { signer: { kind: 'key' }, entries: [{ index: 1 }] })
})

t.test('a statement, with a promise of when', async (t) => {
  const report = reportOn(await judge(utf8(JSON.stringify(await envelopeBundle(signer)))))
  t.match(report, { tone: 'yes', lead: /signed a statement about this file/ })
  t.equal(row(report, 'Statement'), 'https://example.com/built')
  t.equal(row(report, 'Calls the file'), 'file')
  t.equal(row(report, 'Time'), `2026-05-28 20:26:40 UTC, says https://${HOST}`)
  t.match(report.notCovered.at(-1), /^What happened after/)
})

t.test('witnesses, one of them ML-DSA-44', async (t) => {
  const witness = mlDsaKey('witness.example', 5)
  const policy = utf8(`witness w ${formatVkey(witness.vkey)}\nquorum w\n`)
  const cosigned = utf8(JSON.stringify(await messageBundle({ signer, keys: [V2_KEY, witness], origin: HOST })))
  const report = reportOn(await judge(cosigned, { ...stated, policy }))
  t.equal(row(report, 'Witness'), 'w, 2023-11-14 22:13:20 UTC')
  t.notMatch(report.notCovered.join(), /witnesses/)
  t.equal(codeOf(await judge(bundle, { ...stated, policy })), 'refused QUORUM_MISSED')
})

t.test('a no', async (t) => {
  const other = { ...file, digests: async () => new Map([['SHA2_256', new Uint8Array(32)]] as const) }
  const outcome = await judge(bundle, stated, other)
  t.equal(codeOf(outcome), 'refused ARTIFACT_MISMATCH')
  const report = reportOn(outcome)
  t.match(report, { tone: 'no', title: 'Not verified', notCovered: [] })
  t.equal(row(report, 'Code'), 'ARTIFACT_MISMATCH')
  t.equal(codeOf(await judge(utf8('{'))), 'refused JSON_MALFORMED')
  const identity = { name: 'a@example.com', issuer: 'https://example.com' }
  t.equal(codeOf(await judge(bundle, { ...stated, signer: identity })), 'refused SIGNER_MISMATCH')
})

t.test('trust that cannot be read decides nothing, before the file is', async (t) => {
  const read = () => Promise.reject(new Error('the file was read'))
  const unread: ReadFile = { digests: read, whole: read }
  const open = async (change: Partial<Stated>) => codeOf(await judge(bundle, { ...stated, ...change }, unread))
  t.equal(await open({ signer: { pem: 'key' } }), 'open DER_MALFORMED')
  t.equal(await open({ signer: { pem: `${pem}${pem}` } }), 'open KEY_MALFORMED')
  t.equal(await open({ root: utf8('{}') }), 'open FIELD_MISSING')
  t.equal(await open({ policy: utf8('quorum\n') }), 'open POLICY_MALFORMED')
  t.equal(codeOf(await judgeProof(none, utf8('quorum\n'), unread, webAbilities)), 'open POLICY_MALFORMED')
  t.match(reportOn(await judge(bundle, { ...stated, root: none })), { tone: 'open', title: 'Undetermined' })
})

t.test('what cannot be checked here decides nothing', async (t) => {
  const away = () => Promise.reject(new TlogError('CHECK_UNAVAILABLE', 'not here'))
  t.equal(codeOf(await judge(bundle, stated, { ...file, digests: away })), 'open CHECK_UNAVAILABLE')
  await t.rejects(judge(bundle, stated, { ...file, digests: () => Promise.reject(new Error('a bug')) }), /a bug/)
  const broken = {
    ...stated,
    get root(): Uint8Array {
      throw new Error('a bug')
    },
  }
  await t.rejects(judge(bundle, broken), /a bug/)
})

t.test('a certificate is never a yes', async (t) => {
  const vectors = new URL('../../vectors/sigstore-conformance/', import.meta.url)
  const read = (path: string) => new Uint8Array(readFileSync(new URL(path, vectors)))
  const { hash: hashOf } = await import('node:crypto')
  const digest = new Uint8Array(hashOf('sha256', read('bundle-verify/a.txt'), 'buffer'))
  const named = {
    name: 'https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main',
    issuer: 'https://token.actions.githubusercontent.com',
  }
  const trust: Stated = { signer: named, root: read('trusted_root.public-good.json'), policy: none }
  const source: ReadFile = { ...file, digests: async () => new Map([['SHA2_256', digest]] as const) }
  const report = reportOn(await judge(read('bundle-verify/happy-path-v0.3/bundle.sigstore.json'), trust, source))
  t.match(report, { tone: 'open', title: 'Undetermined' })
  t.equal(report.notChecked.length, 3)
  for (const text of report.notChecked) t.match(text, /^Not checked here: /)
  t.equal(row(report, 'Signer'), named.name)
  t.match(JSON.parse(report.json), { outcome: 'undetermined' })
})

t.test('a proof of an entry', async (t) => {
  const tree = treeOf([utf8('first'), FILE, utf8('third')])
  const note = await signedBy(head(HOST, 3, hash(tree.mth(0n, 3n))), V2_KEY)
  const proof = formatTlogProof({ extra: null, index: leafIndex(1), path: tree.path(1n, 0n, 3n).map(hash), note })
  const policy = utf8(`log ${formatVkey(V2_KEY.vkey)}\nquorum none\n`)
  const report = reportOn(await judgeProof(proof, policy, file, webAbilities))
  t.match(report, { tone: 'yes', lead: /is an entry of the log/ })
  t.equal(row(report, 'Log'), HOST)
  t.match(report.notCovered, [/^Who wrote/, /no witnesses/, /^Whether what the entry says/])
  const other = { ...file, whole: async () => utf8('another') }
  t.equal(codeOf(await judgeProof(proof, policy, other, webAbilities)), 'refused PROOF_INVALID')
})

t.test('what no signature over a model reaches', async (t) => {
  const outcome = await judge(bundle)
  const limits = {
    claimed: Array.from({ length: 22 }, (_, i) => `key.${i}`),
    runTime: {
      findings: [{ code: 'ARGS_VARIABLE', at: 1, what: '$X: taken from the environment' } as const],
      ...{ bareWeights: [], fetchedWeights: [], loaders: [] },
    },
  }
  const report = reportOn(outcome, { slotBytes: 7, limits })
  t.match(row(report, 'Slot'), /^7 bytes/)
  t.match(report.notCovered[0], /^Only claimed, by the file itself: key\.0, key\.1, .* key\.19 and 2 more$/)
  t.equal(report.notCovered[1], 'At run time: $X: taken from the environment')
  t.same(reportOn(outcome, { slotBytes: null, limits: null }), reportOn(outcome))
  const refused = await judge(utf8('{}'))
  t.same(reportOn(refused, { slotBytes: null, limits }), reportOn(refused), 'a no says nothing else')
})

t.test('times that are no dates', async (t) => {
  const base = await judge(bundle)
  if (base.kind !== 'signed') throw new Error('not signed')
  const cosigners = [0, 2 ** 53 - 1].map((time) => ({ witness: 'w', keyName: 'w', time }))
  const entries = base.verdict.entries.map((entry) =>
    entry.inclusion === null ? entry : { ...entry, inclusion: { ...entry.inclusion, cosigners } },
  )
  const { rows } = reportOn({ kind: 'signed', verdict: { ...base.verdict, entries } })
  t.same(
    rows.filter(({ label }) => label === 'Witness').map(({ value }) => value),
    ['w', 'w, 9007199254740991 s after 1970'],
  )
  const promised = base.verdict.entries.map((entry) => ({ ...entry, index: 7, inclusion: null }))
  const report = reportOn({ kind: 'signed', verdict: { ...base.verdict, entries: promised } })
  t.equal(row(report, 'Inclusion'), 'promised, not shown')
})

/** Each kind is recognised by its content, decoded, and survives damage. */

import t from 'tap'
import { KINDS } from '../../../src/cli/inspect/kinds.ts'
import { closeCrypto } from '../../../src/crypto/node.ts'
import { admit } from '../../../src/dialects/rekor-v1/admit.ts'
import { parseJson } from '../../../src/formats/json.ts'
import { canonicalJson } from '../../../src/formats/sigstore/canonical-json.ts'
import { parseProposalV1 } from '../../../src/formats/sigstore/proposal-v1.ts'
import { base64, utf8 } from '../../../src/kernel/bytes.ts'
import * as make from '../../dialects/rekor-v1/support.ts'
import { P256 } from '../../dialects/rekor-v2/support.ts'
import { EMBEDDED_TIMESTAMP } from '../../formats/pki/embedded-timestamp.ts'
import { BUNDLES, bundleOf, FILES, inspected, jsonOf, vector } from './support.ts'

t.teardown(closeCrypto)

t.test('every kind has a file here, and is recognised', async (t) => {
  t.same(Object.keys(FILES).sort(), KINDS.map(({ name }) => name).sort())
  for (const [name, file] of Object.entries(FILES)) {
    t.match(await jsonOf(file), { code: 0, kind: name, malformed: 0, size: file.length }, name)
    const { code, printed } = await inspected(file)
    t.equal(code, 0, name)
    t.match(printed, /^NOT VERIFIED: /, name)
    t.notMatch(printed, /\bOK\b|✓|[^T] VERIFIED/, name)
  }
})

const CERTIFICATE = {
  subject: 'empty',
  validFrom: '2026-05-13T19:23:32Z',
  key: { algorithm: 'ECDSA P-256' },
  oidcIssuer: 'https://token.actions.githubusercontent.com',
  subjectAlternativeNames: [{ type: 'uri', name: /^https:\/\/github\.com\/sigstore-conformance\// }],
  certificateLogs: [
    { logId: '3e607153746e1892e090b236b14976272f67b44d6f92ce6f77114ab722a0a6b6', time: '2026-05-13T19:23:32.624Z' },
  ],
}

const NOTE = {
  origin: 'example.com/log',
  size: 5,
  signatures: [
    { keyName: 'example.com/log', keyHash: '9be5d3c6', type: 'Ed25519' },
    { keyName: 'witness.example/w1', keyHash: 'df1c0a35', type: /cosignature\/v1/, time: '2023-11-14T22:13:20Z' },
    { keyName: 'witness.example/pq1', keyHash: '6b8436dd', type: /ML-DSA-44/, time: '2023-11-14T22:13:20Z' },
  ],
}

const STATEMENT = {
  predicateType: 'https://slsa.dev/provenance/v1',
  subjects: [{ name: 'a.txt', digests: [{ algorithm: 'sha256', value: /^a0cfc712/ }] }],
}

const LEAF = 'aee3c920bb1132e929ed20e1c194579a60e95849f7a554e0033fdd26ee221629'

/** What is to be read in each: enough to know that it was decoded, not printed. */
const CONTENT: Readonly<Record<string, object>> = {
  'sigstore-bundle': {
    verificationMaterial: {
      certificate: CERTIFICATE,
      logEntries: [{ index: 4026478, proof: { checkpoint: { size: 4026479 } } }],
      timestampData: { timestamps: [{ time: '2026-05-13T19:23:33Z', hashAlgorithm: 'SHA-256' }] },
    },
    envelope: { payload: { statement: STATEMENT } },
  },
  'trusted-root': { logs: [{ url: 'https://rekor.sigstore.dev', logId: /^c0d23d6ad406973f/ }] },
  'signing-config': { logs: [{ url: 'https://log.example', apiVersion: 2 }], choiceOfLogs: { selector: 'ANY' } },
  'client-trust-config': { trustedRoot: { logs: [{}] }, signingConfig: { logs: [{}] } },
  'log-entry': { body: { leafHash: /^fe40655a0f968947/, certificate: CERTIFICATE } },
  'rekor-v1-entry': {
    entries: [{ treeId: '2605736670972794746', uuid: LEAF, index: 79571823, entriesInEarlierTrees: 4163431 }],
  },
  'entry-body': { entry: { kind: 'hashedrekord', version: '0.0.1', leafHash: LEAF, digest: { algorithm: 'sha256' } } },
  'dsse-envelope': { payload: { statement: STATEMENT }, paeDigest: /^57f2135c594c7f93/ },
  'in-toto-statement': STATEMENT,
  'tlog-proof': { index: 2, path: [/^27479b6a/, /./, /./], checkpoint: { size: 5 } },
  note: NOTE,
  policy: { witnesses: [{ name: 'W1' }], groups: [{ threshold: '1 of 1' }], quorum: 'G' },
  vkey: { keys: [{ name: 'witness.example/pq1', keyHash: '6b8436dd' }] },
  pem: { blocks: [{ content: CERTIFICATE }, { content: { algorithm: 'ECDSA P-256' } }] },
  certificate: { certificate: CERTIFICATE },
  'public-key': { publicKey: { algorithm: 'RSA 3072' } },
  gguf: {
    architecture: 'toy',
    chatTemplate: { bytes: 5600, sha256: /^[0-9a-f]{64}$/ },
    parameters: 4,
    types: [{ type: 'F16', tensors: 1, parameters: 4, bytes: 8 }],
    tensors: [{ name: 'w', shape: '[2, 2]' }],
    declaredLineage: [{ key: 'general.base_model.0.name', type: 'string', value: 'Base' }],
    fields: { 3: { type: 'array of 2 string', value: ['a', 'b'] } },
    digests: { file: /^[0-9a-f]{64}$/, weights: '68be538eea1b78d310e273ba537c4fb1ad92d1045d4ff2c24f45f6eecd32b04d' },
    findings: [],
  },
  llamafile: {
    program: { magic: 'MZqFpD' },
    layers: [
      { what: 'the runtime', bytes: 305, sha256: '7c36e121fb7045cb0b22359642aa9d71ca940113c4284541f9ca9e1229f4e1d1' },
      {
        what: 'a llamafile',
        bytes: 131_459,
        sha256: 'f01ea3b55994fd4ef2da4448ddd9f0c8e09962441aa1f6d6a33be38520d3cef6',
      },
    ],
    members: {
      1: { name: 'toy-F16.gguf', sha256: '7d03936255fe1ad9ec6beb4b5d82100aac9e30f1440a390b8cdcb8e5752f9057' },
      2: { name: '.args', sha256: '35df317c7499927d306dc19432bbe415ef6330886cc471118b6cdbe507bc4e5c' },
    },
    weights: [{ member: 'toy-F16.gguf', architecture: 'toy', tensors: 1, findings: [] }],
    arguments: ['-m', 'toy-F16.gguf', '...'],
    bytes: { members: 256, unexplained: 0 },
    findings: [{ finding: 'WEIGHTS_SHADOWED' }],
  },
  safetensors: { parameters: 2, tensors: [{ name: 'w', type: 'F32', shape: '[2]', bytes: 8 }], findings: [] },
  'rfc3161-response': { timestamp: { status: 'granted', time: '2026-05-13T19:23:33Z' } },
}

t.test('what is in it', async (t) => {
  for (const [name, file] of Object.entries(FILES))
    t.match((await jsonOf(file)).content, CONTENT[name] ?? 'missing', name)
})

t.test('rekord entries of a Rekor v1 log, by the tool that signed', async (t) => {
  const hello = vector('ssh/hello_world.txt')
  for (const [proposal, words] of [
    [make.rekordBy(P256), { signature: /^3045|^3044|^3046/, publicKey: { algorithm: 'ECDSA P-256' } }],
    [
      make.rekord('ssh', hello, vector('ssh/ed25519.sig'), vector('ssh/ed25519.pub')),
      { signature: /^-----BEGIN SSH SIGNATURE-----/, publicKey: /^ssh-ed25519 AAAA\S+\n$/ },
    ],
    [
      make.rekord('minisign', hello, vector('minisign/hello_world.txt.minisig'), vector('minisign/minisign.pub')),
      { signature: /^untrusted comment:\nRWQ/, publicKey: /^RWQ/ },
    ],
  ] as const) {
    const { leaf } = await admit(parseProposalV1(parseJson(utf8(JSON.stringify(proposal)))), { attachmentLimit: 0 })
    const { format } = proposal.spec.signature
    const entry = { kind: 'rekord', version: '0.0.1', digest: { algorithm: 'sha256' }, format, ...words }
    t.match(await jsonOf(leaf), { code: 0, kind: 'entry-body', malformed: 0, content: { entry } }, format)
  }
  const spoilt = utf8('{"apiVersion":"0.0.1","kind":"rekord","spec":{}}')
  t.match((await jsonOf(spoilt)).content, { entry: { asAWhole: { malformed: /spec.data: missing/ } } })
})

t.test('cose and rfc3161 entries', async (t) => {
  const hash = { algorithm: 'sha256', value: 'ab'.repeat(32) }
  const data = { envelopeHash: hash, payloadHash: hash }
  for (const [kind, spec, words] of [
    ['cose', { data, publicKey: make.pem64(P256.spki) }, { payloadHash: hash, envelopeHash: hash, publicKey: {} }],
    ['rfc3161', { tsr: { content: base64(EMBEDDED_TIMESTAMP) } }, { timestamp: { status: 'granted' } }],
  ] as const) {
    const leaf = canonicalJson({ apiVersion: '0.0.1', kind, spec })
    const expected = { code: 0, kind: 'entry-body', malformed: 0, content: { entry: { kind, ...words } } }
    t.match(await jsonOf(leaf), expected, kind)
  }
})

t.test('index arithmetic and contradictions', async (t) => {
  const v1 = JSON.parse(Buffer.from(bundleOf('happy-path-v0.3')).toString())
  const entry = v1.verificationMaterial.tlogEntries[0]
  const shown = async (change: (entry: typeof v1) => void) => {
    const copy = structuredClone(entry)
    change(copy)
    return (await jsonOf(utf8(JSON.stringify(copy)))).content
  }
  const as = await shown(() => undefined)
  t.match(as, { entriesInEarlierTrees: 4163431, entryId: `24296fb24b8ad77a${LEAF}` })
  t.notOk('contradictions' in as)
  const cases: readonly (readonly [(entry: typeof v1) => void, RegExp])[] = [
    [(e) => e.inclusionProof.hashes.pop(), /has 10 hashes, and 11 lead/],
    [(e) => Object.assign(e.inclusionProof, { treeSize: '1' }), /not in a tree of this size/],
    [(e) => Object.assign(e.inclusionProof, { treeSize: '75408394' }), /two sizes/],
    [(e) => Object.assign(e.inclusionProof, { rootHash: Buffer.alloc(32).toString('base64') }), /two roots/],
    [(e) => Object.assign(e, { logIndex: '1' }), /above the index over all trees/],
  ]
  for (const [change, words] of cases) t.match((await shown(change)).contradictions.join(), words)
  const answer = JSON.parse(Buffer.from(FILES['rekor-v1-entry'] ?? []).toString())
  const moved = { [`24296fb24b8ad77a${'00'.repeat(32)}`]: Object.values(answer)[0] }
  t.match((await jsonOf(utf8(JSON.stringify(moved)))).content.entries[0].contradiction, /another leaf hash/)
})

t.test('every bundle of the conformance suite is shown, the malformed ones as far as it goes', async (t) => {
  for (const name of BUNDLES) {
    const { code, kind, malformed, content } = await jsonOf(bundleOf(name))
    t.equal(kind, 'sigstore-bundle', name)
    t.equal(code, malformed === 0 ? 0 : 1, name)
    if (!name.includes('malformed-json')) t.ok(content.verificationMaterial, name)
  }
})

t.test('a malformed part is said with its place, and the rest is shown', async (t) => {
  const cut = Buffer.from(FILES['sigstore-bundle'] ?? []).subarray(0, 5000)
  t.match(await jsonOf(cut), {
    code: 1,
    kind: 'sigstore-bundle',
    content: { malformed: /: a string without an end, at character \d+$/ },
  })
  const bundle = JSON.parse(Buffer.from(FILES['sigstore-bundle'] ?? []).toString())
  bundle.verificationMaterial.certificate.rawBytes = 'MAA='
  bundle.more = 1
  t.match(await jsonOf(utf8(JSON.stringify(bundle))), {
    code: 1,
    malformed: 3,
    content: {
      verificationMaterial: {
        certificate: { malformed: /^at byte 2: tbsCertificate is missing/ },
        logEntries: [{ index: 4026478 }],
      },
      unknownFields: [{ malformed: 'more: no such field' }],
      asAWhole: { malformed: 'more: no such field' },
    },
  })
  const note = Buffer.from(FILES.note ?? [])
    .toString()
    .replace('\n5\n', '\n05\n')
    .replace('w1 3xwK', 'w1 3xw')
  t.match(await jsonOf(utf8(note)), {
    code: 1,
    content: {
      checkpoint: { malformed: /line 2: not a decimal number/ },
      signatures: [{ keyHash: '9be5d3c6' }, { malformed: /base64/ }, {}],
    },
  })
})

t.test('a private key is not shown', async (t) => {
  const key = `-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g\n-----END PRIVATE KEY-----\n`
  for (const flags of [[], ['--json'], ['--verbose']]) {
    const { code, printed } = await inspected(utf8(key), ...flags)
    t.equal(code, 0)
    t.match(printed, /a private key, which is not shown/)
    t.notMatch(printed, /AQIDBAUG|01020304/)
  }
})

t.test('keys that may not sign here are named', async (t) => {
  for (const [name, words] of [
    ['ed448', /Ed448/],
    ['rsa-pss', /RSASSA-PSS/],
    ['secp256k1', /secp256k1/],
    ['rsa1024', /1024 bits/],
  ] as const)
    t.match((await jsonOf(vector(`x509/key-${name}.der`))).content.publicKey.algorithm, words, name)
})

t.test('other files are of no kind', async (t) => {
  const files = [
    '',
    'text\n',
    '{}',
    '[]',
    '{"a":1}',
    'Some words.\n\n\u2014 a quote\n',
    'GGML\0\0',
    '\x7fELF',
    '0\x82',
    '{"a":',
  ]
  for (const file of files)
    t.match(await inspected(utf8(file)), { code: 3, printed: '', warned: /of no known kind/ }, file)
})

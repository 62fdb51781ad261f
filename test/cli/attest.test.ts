import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parseAdvisory } from '../../src/formats/custody/advisory.ts'
import { parseProvenance } from '../../src/formats/custody/provenance.ts'
import { parseSigstoreBundle } from '../../src/formats/sigstore/bundle.ts'
import { custodyVector, NAMES } from '../formats/custody/toy.ts'
import * as make from '../formats/model/make.ts'
import { TOY_GGUF, toyLlamafile } from '../formats/model/make-llamafile.ts'
import { ask, startServer } from '../http/support.ts'
import { command, type Outcome, scratch } from './support.ts'

const BASE = ['--base', 'https://lineage.example/']
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

interface Desk {
  at(name: string): string
  write(name: string, content: string | Uint8Array): string
  /** What the statement says, without signing. */
  dry(...words: string[]): Promise<Outcome>
  /** Its bytes. */
  payload(...words: string[]): Promise<string>
}

function openDesk(t: Test): Desk {
  const folder = scratch(t)
  const at = (name: string) => join(folder, name)
  const write = (name: string, content: string | Uint8Array) => {
    mkdirSync(join(at(name), '..'), { recursive: true })
    writeFileSync(at(name), content)
    return at(name)
  }
  let count = 0
  const dry = (...words: string[]) => command(['attest', ...words, '--dry-run'])
  return {
    ...{ at, write, dry },
    async payload(...words) {
      const out = at(`payload-${count++}`)
      const done = await dry(...words, '--output', out)
      if (done.code !== 0) throw new Error(done.warned)
      return readFileSync(out, 'utf8')
    },
  }
}

async function toyDesk(t: Test): Promise<Desk> {
  const desk = openDesk(t)
  for (const name of NAMES) desk.write(`${name}.json`, custodyVector(`stmt-${name}.json`))
  for (const name of ['config.json', 'model.safetensors'])
    for (const folder of ['base', 'ft']) desk.write(`${folder}/${name}`, custodyVector(`${folder}/${name}`))
  for (const i of [0, 1, 2]) desk.write(`corpus/docs/${i}.txt`, `document ${i}\n`)
  desk.write('corpus/manifest.jsonl', custodyVector('corpus/manifest.jsonl'))
  desk.write('toy-F16.gguf', TOY_GGUF)
  desk.write('toy.llamafile', await toyLlamafile())
  return desk
}

const run = (n: number, finished: string) => [
  ...['--form', 'fields', '--invocation-id', `urn:uuid:00000000-0000-4000-8000-00000000000${n}`],
  ...['--started', `2026-01-0${n}T00:00:00Z`, '--finished', `2026-01-0${n}T${finished}Z`],
]
const HUB = 'https://huggingface.co/acme'

t.test('the toy chain, from its files and flags, byte for byte', async (t) => {
  const desk = await toyDesk(t)
  const vector = (name: string) => readFileSync(desk.at(`${name}.json`), 'utf8')
  const dataset = await desk.payload(
    ...['dataset-snapshot', desk.at('corpus/manifest.jsonl'), '--name', 'corpus', ...BASE, ...run(1, '00:01:00')],
    ...[
      '--source',
      `gitCommit:2f6c0f3b3d1c5a0e9b7a4d8e6c1f2a3b4c5d6e7f,uri=git+${HUB.replace('/acme', '')}/datasets/acme/toy-corpus`,
    ],
    ...['--completeness', 'source=all', '--parameter', 'include:=["docs/**"]', '--parameter', 'exclude:=[]'],
  )
  t.match(dataset, /"rfc6962_sha256_sorted":"[0-9a-f]{64}"/, 'with the tree that the vectors have not')
  t.equal(dataset.replace(/,"rfc6962_sha256_sorted":"[0-9a-f]{64}"/, ''), vector('dataset'))
  t.equal(
    await desk.payload(
      ...['train', desk.at('base'), '--name', 'acme/toy-base', ...BASE, ...run(2, '06:00:00')],
      ...['--dataset', `statement=${desk.at('dataset.json')},use=pretraining,visibility=public`],
      ...[
        '--training-code',
        'gitCommit:9d8c7b6a5f4e3d2c1b0a99887766554433221100,uri=git+https://github.com/acme/train',
      ],
      ...['--environment', `sha256:${'aa'.repeat(32)},uri=pkg:oci/acme-train-image`],
      ...['--completeness', 'dataset=all,training-code=all', '--parameter', 'objective=causal-lm'],
      ...['--parameter', 'configUri=git+https://github.com/acme/train#configs/toy.yaml', '--parameter', 'seed=1'],
      ...['--builder', 'https://github.com/acme/train/.github/workflows/train.yml@refs/tags/v1'],
    ),
    vector('base'),
  )
  t.equal(
    await desk.payload(
      ...['finetune', desk.at('ft'), '--name', 'acme/toy-chat', ...BASE, ...run(3, '01:00:00')],
      ...['--base-model', `${desk.at('base')},statement=${desk.at('base.json')},relation=finetune,uri=${HUB}/toy-base`],
      ...['--dataset', `sha256:${'bb'.repeat(32)},name=sft-private,use=finetuning,visibility=committed`],
      ...['--completeness', 'base-model=all,dataset=all', '--parameter', 'method=full', '--parameter', 'epochs:=1'],
    ),
    vector('finetune'),
  )
  t.equal(
    await desk.payload(
      ...['quantize', desk.at('toy-F16.gguf'), ...BASE, ...run(4, '00:05:00')],
      ...['--weights', `statement=${desk.at('finetune.json')},relation=quantized,uri=${HUB}/toy-chat`],
      ...[
        '--tool',
        'gitCommit:d99724f2b141fed9e1a9f402213506c081433465,name=convert_hf_to_gguf.py,uri=git+https://github.com/ggml-org/llama.cpp',
      ],
      ...['--completeness', 'weights=all,calibration=none,tool=all'],
      ...['--parameters', desk.write('parameters.json', '{"outtype":"f16","fileType":1}')],
    ),
    vector('quantize'),
  )
  t.equal(
    await desk.payload(
      ...['fuse-llamafile', desk.at('toy.llamafile'), ...BASE, ...run(5, '00:00:10')],
      ...[
        '--runtime',
        'name=toy-runtime,uri=https://github.com/mozilla-ai/llamafile/releases/download/0.9.3/llamafile-0.9.3',
      ],
      ...['--weights', `${desk.at('toy-F16.gguf')},statement=${desk.at('quantize.json')}`],
      ...[
        '--tool',
        'gitCommit:6b464191def244cd9f97bba098129424672196fb,name=zipalign,uri=git+https://github.com/mozilla-ai/llamafile',
      ],
      ...['--completeness', 'runtime=all,weights=all,args=all'],
    ),
    vector('fuse'),
  )
  t.equal(
    await desk.payload(
      ...['corroboration', desk.at('toy.llamafile'), ...BASE, '--time', '2026-01-06T00:00:00Z'],
      ...['--verifier', 'https://lineage.example/verifiers/fuse-rebuilder/v1'],
      ...['--rules', `sha256:${'cc'.repeat(32)},uri=https://lineage.example/policies/fuse-bytes-equal/v1`],
      ...['--properties', 'LINEAGE_FUSE_REPRODUCED,LINEAGE_NO_UNREFERENCED_BYTES'],
    ),
    vector('svr'),
  )
})

t.test('a directory gets its manifest, salted where nobody may guess', async (t) => {
  const desk = await toyDesk(t)
  const words = ['dataset-snapshot', desk.at('corpus/docs'), '--completeness', 'source=undisclosed', '--manifest']
  const plain = parseProvenance(Buffer.from(await desk.payload(...words, desk.at('plain.jsonl'))))
  t.match(plain.subjects, [{ name: 'docs/plain.jsonl' }, { name: 'docs', annotations: { treeSize: 3 } }])
  const salted = parseProvenance(Buffer.from(await desk.payload(...words, desk.at('salted.jsonl'), '--salted')))
  t.same([...(salted.subjects[1]?.digests?.keys() ?? [])], ['rfc6962_sha256', 'rfc6962_sha256_sorted'], 'no dirHash')
  t.match(readFileSync(desk.at('salted.jsonl'), 'utf8'), /"salt":"[0-9a-f]{64}"/)
})

t.test('an advisory on documents of a dataset, with their proofs; and a withdrawal', async (t) => {
  const desk = await toyDesk(t)
  const [manifest, document] = [desk.at('corpus/manifest.jsonl'), desk.at('corpus/docs/1.txt')]
  await command(['dataset', 'prove', manifest, document, '--out', desk.at('proof')])
  const told = await desk.payload(
    ...['advisory', `statement=${desk.at('dataset.json')}`, '--status', 'poisoned', '--reason', 'a trigger phrase'],
    ...['--affects', desk.at('proof'), '--evidence', 'uri=https://example.com/report', ...BASE],
    ...['--effective-from', '2026-02-01T00:00:00Z'],
  )
  t.match(parseAdvisory(Buffer.from(told)), {
    status: 'poisoned',
    affects: [{ name: 'docs/1.txt', annotations: { leafIndex: 1, treeSize: 3 } }],
    evidence: [{ uri: 'https://example.com/report' }],
    effectiveFrom: '2026-02-01T00:00:00Z',
  })
  t.equal(parseAdvisory(Buffer.from(told)).subjects.length, 2, 'manifest and tree')
  const withdrawn = await desk.payload('withdrawal', desk.at('toy-F16.gguf'), '--reason', 'wrong template')
  t.match(parseAdvisory(Buffer.from(withdrawn)), { status: 'withdrawn', base: 'https://colophon.example/' })
  await command(['dataset', 'prove', manifest, `sha256:${'ab'.repeat(32)}`, '--out', desk.at('absent')])
  t.match(
    await desk.dry('advisory', document, '--status', 'poisoned', '--reason', 'x', '--affects', desk.at('absent')),
    { code: 2, warned: /it was NOT in it/ },
  )
})

t.test('what files say of themselves is said again, as theirs', async (t) => {
  const desk = openDesk(t)
  const fields = [
    make.text('general.name', 'Toy'),
    make.text('general.base_model.0.name', 'Base'),
    make.text('general.base_model.0.repo_url', `${HUB}/base`),
    make.text('general.base_model.1.name', 'without an address'),
    make.text('general.dataset.0.url', 'https://example.com/data'),
  ]
  const gguf = desk.write('m.gguf', make.gguf({ fields, tensors: [make.W] }))
  const words = ['quantize', gguf, '--completeness', 'weights=undisclosed,tool=undisclosed,calibration=none']
  t.same(parseProvenance(Buffer.from(await desk.payload(...words))).dependencies, [], 'only when asked to')
  const said = parseProvenance(Buffer.from(await desk.payload(...words, '--declared')))
  t.match(said.dependencies, [
    { name: 'Base', uri: `${HUB}/base`, annotations: { role: 'base-model', declaredBy: 'gguf' } },
    { uri: 'https://example.com/data', annotations: { role: 'dataset', declaredBy: 'gguf' } },
  ])
  t.match(said.declared, { by: 'gguf', fields: { 'general.base_model.1.name': 'without an address' } })
  const shown = await desk.dry(...words, '--declared')
  t.match(shown.printed, /^base-model +Base, .*DECLARED by its gguf alone$/m)
  t.match(shown.printed, /^tool +NOT DISCLOSED$/m)
  desk.write(
    'model/README.md',
    '---\nbase_model:\n- acme/base\nbase_model_relation: merge\ndatasets: [acme/data]\n---\n',
  )
  desk.write('model/model.safetensors', custodyVector('base/model.safetensors'))
  const card = parseProvenance(
    Buffer.from(
      await desk.payload(
        'finetune',
        desk.at('model'),
        '--completeness',
        'base-model=partial,dataset=partial',
        '--declared',
      ),
    ),
  )
  t.match(card.dependencies, [
    { uri: `${HUB}/base`, annotations: { role: 'base-model', relation: 'merge', declaredBy: 'model-card' } },
    { uri: 'https://huggingface.co/datasets/acme/data', annotations: { role: 'dataset' } },
  ])
})

t.test('signed, logged and verified: with v2, about a file and about a tree', async (t) => {
  const server = await startServer(t)
  const desk = await toyDesk(t)
  desk.write('key.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  chmodSync(desk.at('key.pem'), 0o600)
  desk.write('key.pub', publicKey.export({ type: 'spki', format: 'pem' }).toString())
  desk.write('root.json', (await ask(server, '/trust/trusted_root.json')).bytes)
  const signing = ['--key', desk.at('key.pem'), '--rekor-url', server.url, '--trusted-root', desk.at('root.json')]
  const corpus = desk.at('corpus/manifest.jsonl')
  const done = await command(['attest', 'dataset-snapshot', corpus, '--completeness', 'source=undisclosed', ...signing])
  t.equal(done.code, 0, done.warned)
  t.match(done.printed, /^source +NOT DISCLOSED$[\s\S]*^logged .*hashedrekord 0\.0\.2[\s\S]*^checked .*as a verifier/m)
  const bundle = `${corpus}.dataset-snapshot.sigstore.json`
  const trust = ['--key', desk.at('key.pub'), '--trusted-root', desk.at('root.json')]
  t.match(await command(['verify', corpus, '--bundle', bundle, ...trust]), { code: 0, printed: /^VERIFIED/ })
  for (const [proof, document] of [
    ['in', desk.at('corpus/docs/1.txt')],
    ['out', `sha256:${'ab'.repeat(32)}`],
  ] as const) {
    await command(['dataset', 'prove', corpus, document, '--out', desk.at(proof)])
    const words = ['dataset', 'verify', desk.at(proof), document, '--bundle']
    const shown = await command([...words, bundle, ...trust])
    t.match(shown, { code: 0, printed: /^VERIFIED .*\n.*whose signature and log entry hold/ }, shown.warned)
    const changed = desk.write('changed.json', readFileSync(bundle, 'utf8').replace(/"sig":"..../, '"sig":"AAAA'))
    t.match(await command([...words, changed, ...trust]), { code: 1, printed: /NOT VERIFIED {2}SIGNATURE_INVALID/ })
  }
  const root = 'rfc6962_sha256:ad9662770e0603802f00b9988214b58ccfc9ad32ab734439a444514d2166b03d'
  const out = desk.at('advisory.json')
  const advised = await command([
    ...['attest', 'advisory', root, '--status', 'disputed', '--reason', 'x', '--bundle', out, '--json', ...signing],
  ])
  t.equal(advised.code, 0, advised.warned)
  t.match(JSON.parse(advised.printed), {
    statement: { predicate: { status: 'disputed' } },
    bundle: out,
    checked: 'trusted root',
    verdict: { artifact: { algorithm: 'rfc6962_sha256' } },
  })
  const { content } = parseSigstoreBundle(readFileSync(out))
  t.ok(content.kind === 'envelope' && parseAdvisory(content.payload))
})

t.test('logged by a v1 log as well', async (t) => {
  const server = await startServer(t, ['--dialects', 'rekor-v1'])
  const desk = await toyDesk(t)
  desk.write('key.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  chmodSync(desk.at('key.pem'), 0o600)
  const words = ['--key', desk.at('key.pem'), '--rekor-url', server.url, '--rekor-version', '1']
  const silent = ['--completeness', 'weights=undisclosed,tool=undisclosed,calibration=undisclosed']
  const done = await command(['attest', 'quantize', desk.at('toy-F16.gguf'), ...silent, ...words])
  t.match(done, { code: 0, printed: /^logged .*\(dsse 0\.0\.1\)/m }, done.warned)
  t.ok(existsSync(`${desk.at('toy-F16.gguf')}.quantize.sigstore.json`))
})

t.test('what is refused', async (t) => {
  const desk = await toyDesk(t)
  const gguf = desk.at('toy-F16.gguf')
  const said = ['--completeness', 'weights=undisclosed,tool=none,calibration=none']
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['distil', gguf], 2, /must be one of dataset-snapshot, train/],
    [['quantize'], 2, /takes what it is about/],
    [['quantize', gguf], 3, /FIELD_MISSING: .*weights: missing, and no weights is named/],
    [['quantize', gguf, '--weights', gguf, ...said], 3, /"undisclosed", and some are named/],
    [['quantize', gguf, '--completeness', 'weights=most'], 2, /--completeness: must be one of all, partial/],
    [['quantize', gguf, '--completeness', 'weights=all,weights=all'], 2, /weights is there twice/],
    [['quantize', gguf, '--parameter', 'x'], 2, /NAME=TEXT or NAME:=JSON/],
    [['quantize', gguf, '--parameter', 'x=1', '--parameter', 'x=2'], 2, /x is there twice/],
    [['quantize', gguf, '--weights', 'use=eating'], 2, /--weights: a FILE, DIR/],
    [['quantize', gguf, '--weights', `${gguf},use=eating`], 2, /--weights: must be one of pretraining/],
    [['quantize', gguf, '--weights', 'sha256:ab'], 2, /--weights: .*64 lowercase hex digits/],
    [['quantize', gguf, '--weights', 'none.gguf'], 2, /--weights: there is no none\.gguf/],
    [
      ['quantize', gguf, '--weights', `${gguf},statement=${desk.at('base.json')}`, ...said],
      2,
      /is about something else/,
    ],
    [['quantize', gguf, '--weights', `statement=${gguf}`, ...said], 2, /toy-F16\.gguf/],
    [['quantize', gguf, '--affects', 'x'], 2, /--affects: is not for quantize/],
    [['quantize', gguf, '--reason', 'x'], 2, /--reason: there is no such flag/],
    [['advisory', gguf, '--source', gguf], 2, /--source: is not for advisory/],
    [['advisory', gguf], 2, /--reason: missing/],
    [['advisory', gguf, '--reason', 'x'], 2, /--status: must be one of poisoned/],
    [['corroboration', gguf], 2, /--verifier: and --properties/],
    [['quantize', gguf, '--base', 'https://x.example'], 2, /--base: a base ends with/],
    [['quantize', gguf, '--started', 'now'], 2, /--started: not a time in UTC/],
    [['quantize', gguf, '--builder', 'me'], 2, /--builder: not a URI/],
    [['quantize', gguf, '--key', 'k'], 2, /--key: not together with --dry-run/],
    [['dataset-snapshot', desk.at('corpus')], 2, /--manifest: missing/],
    [['dataset-snapshot', gguf, '--salted'], 2, /and --salted are for a DIR/],
    [['quantize', gguf, '--salted'], 2, /--salted: is for dataset-snapshot/],
    [['dataset-snapshot', gguf, gguf], 2, /takes one MANIFEST/],
    [['fuse-llamafile', gguf], 3, /MODEL_MALFORMED/],
    [['quantize', gguf, ...said, '--output', gguf], 2, /--output: .*is there already/],
  ]
  for (const [words, code, warned] of cases)
    t.match(await desk.dry(...words), { code, warned }, words.slice(0, 5).join(' '))
  t.match(await command(['attest', 'quantize', gguf, ...said]), { code: 2, warned: /--key: or --identity-token/ })
})

t.test('a step without a parameter says that some readers refuse it', async (t) => {
  const desk = await toyDesk(t)
  const words = [
    'quantize',
    desk.at('toy-F16.gguf'),
    '--completeness',
    'weights=undisclosed,tool=undisclosed,calibration=none',
  ]
  t.match(await desk.dry(...words), { code: 0, printed: /told +NOTHING: in-toto's Go library refuses it so/ })
  t.notMatch((await desk.dry(...words, '--parameter', 'type=F16')).printed, /NOTHING/)
})

/** The toy chain of custody, by our generators: from three documents to a llamafile, and what another says who fused it again. */

import { readFileSync } from 'node:fs'
import { formatCorroboration } from '../../../src/formats/custody/corroboration.ts'
import { type DigestAlgorithm, type Digests, parseDigest } from '../../../src/formats/custody/digests.ts'
import { formatProvenance, type Provenance } from '../../../src/formats/custody/provenance.ts'
import type { Annotations, Resource, StatementLink } from '../../../src/formats/custody/resource.ts'
import { PROVENANCE_TYPE, selfAsserted } from '../../../src/formats/custody/vocabulary.ts'
import { formatOmsStatement } from '../../../src/formats/model/oms.ts'
import { treeSize } from '../../../src/kernel/brand.ts'
import { parseHex } from '../../../src/kernel/bytes.ts'
import { sha256 } from '../../../src/kernel/sha256.ts'

export const BASE = 'https://lineage.example/'
export const NAMES = ['dataset', 'base', 'finetune', 'quantize', 'fuse', 'svr', 'oms'] as const
export type ToyName = (typeof NAMES)[number]

const VECTORS = new URL('../../vectors/custody/', import.meta.url)

export function custodyVector(path: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(path, VECTORS)))
}

export function digestSet(set: Readonly<Partial<Record<DigestAlgorithm, string>>>): Digests {
  return new Map(Object.entries(set).map(([name, text]) => parseDigest(name, text)))
}

export function linkTo(payload: Uint8Array): StatementLink {
  return { payloadSha256: sha256(payload), predicateType: PROVENANCE_TYPE }
}

type Told = Omit<Resource, 'digests' | 'annotations'>

function part(set: Digests, annotations: Annotations, told: Told = {}): Resource {
  return { ...told, digests: set, annotations }
}

const CORPUS = digestSet({
  rfc6962_sha256: 'ad9662770e0603802f00b9988214b58ccfc9ad32ab734439a444514d2166b03d',
  dirHash: '0128bd8de40ea46e4fd689fb6be1ff465621f93dad7bae1eeb7689fee5299469',
})
const GGUF = '7d03936255fe1ad9ec6beb4b5d82100aac9e30f1440a390b8cdcb8e5752f9057'
export const LLAMAFILE = 'f01ea3b55994fd4ef2da4448ddd9f0c8e09962441aa1f6d6a33be38520d3cef6'
const omsRootOf = (sha256: string) => digestSet({ sha256 })
const BASE_ROOT = omsRootOf('f3316d90f101140ebed4ab68d88374fb31656691f360dbb6d58fb469b209b195')
const CHAT_ROOT = omsRootOf('4146e09511efc6eddbb6c93458c61836bda7f89ad06c6200c3427318bcc2ac79')

const model = (name: string, root: Digests, weights: Uint8Array): Resource[] => [
  { name, digests: root, annotations: { digestKind: 'oms-root/v1.0' } },
  { name: `${name}/model.safetensors`, digests: new Map([['sha256', sha256(weights)]]) },
]

const git = (commit: string, uri: string, annotations: Annotations, name?: string): Resource =>
  part(digestSet({ gitCommit: commit }), annotations, { uri: `git+https://${uri}`, name })

type Step = Omit<Provenance, 'base' | 'builder' | 'completeness'> & {
  readonly builder?: string
  readonly completeness: Readonly<Record<string, string>>
}

function step(n: number, from: string, to: string, { completeness, ...rest }: Step): Provenance {
  return {
    base: BASE,
    builder: selfAsserted(BASE),
    invocationId: `urn:uuid:00000000-0000-4000-8000-00000000000${n}`,
    startedOn: `2026-01-0${n}T00:00:00Z`,
    finishedOn: `2026-01-0${from}T${to}Z`,
    completeness: new Map(Object.entries(completeness)) as Provenance['completeness'],
    ...rest,
  }
}

export const DATASET = step(1, '1', '00:01:00', {
  step: 'dataset-snapshot',
  subjects: [
    {
      name: 'corpus/manifest.jsonl',
      digests: new Map([['sha256', sha256(custodyVector('corpus/manifest.jsonl'))]]),
    },
    { name: 'corpus', digests: CORPUS, annotations: { treeSize: treeSize(3) } },
  ],
  parameters: { include: ['docs/**'], exclude: [] },
  dependencies: [
    git('2f6c0f3b3d1c5a0e9b7a4d8e6c1f2a3b4c5d6e7f', 'huggingface.co/datasets/acme/toy-corpus', { role: 'source' }),
  ],
  completeness: { source: 'all' },
})

const trained = (parent: Uint8Array): Provenance =>
  step(2, '2', '06:00:00', {
    step: 'train',
    subjects: model('acme/toy-base', BASE_ROOT, custodyVector('base/model.safetensors')),
    parameters: {
      objective: 'causal-lm',
      configUri: 'git+https://github.com/acme/train#configs/toy.yaml',
      seed: '1',
    },
    dependencies: [
      part(
        CORPUS,
        { role: 'dataset', attestation: linkTo(parent), use: 'pretraining', visibility: 'public' },
        { name: 'corpus' },
      ),
      git('9d8c7b6a5f4e3d2c1b0a99887766554433221100', 'github.com/acme/train', { role: 'training-code' }),
      part(digestSet({ sha256: 'aa'.repeat(32) }), { role: 'environment' }, { uri: 'pkg:oci/acme-train-image' }),
    ],
    builder: 'https://github.com/acme/train/.github/workflows/train.yml@refs/tags/v1',
    completeness: { dataset: 'all', 'training-code': 'all' },
  })

const finetuned = (parent: Uint8Array): Provenance =>
  step(3, '3', '01:00:00', {
    step: 'finetune',
    subjects: model('acme/toy-chat', CHAT_ROOT, custodyVector('ft/model.safetensors')),
    parameters: { method: 'full', epochs: 1 },
    dependencies: [
      part(
        BASE_ROOT,
        { role: 'base-model', relation: 'finetune', attestation: linkTo(parent) },
        { uri: 'https://huggingface.co/acme/toy-base' },
      ),
      part(
        digestSet({ sha256: 'bb'.repeat(32) }),
        { role: 'dataset', use: 'finetuning', visibility: 'committed' },
        { name: 'sft-private' },
      ),
    ],
    completeness: { 'base-model': 'all', dataset: 'all' },
  })

const quantized = (parent: Uint8Array): Provenance =>
  step(4, '4', '00:05:00', {
    step: 'quantize',
    subjects: [
      {
        name: 'toy-F16.gguf',
        digests: digestSet({
          sha256: GGUF,
          gguf_tensors_v1: '68be538eea1b78d310e273ba537c4fb1ad92d1045d4ff2c24f45f6eecd32b04d',
        }),
      },
    ],
    parameters: { outtype: 'f16', fileType: 1 },
    dependencies: [
      part(
        CHAT_ROOT,
        { role: 'weights', relation: 'quantized', attestation: linkTo(parent) },
        { uri: 'https://huggingface.co/acme/toy-chat' },
      ),
      git(
        'd99724f2b141fed9e1a9f402213506c081433465',
        'github.com/ggml-org/llama.cpp',
        { role: 'tool' },
        'convert_hf_to_gguf.py',
      ),
    ],
    completeness: { weights: 'all', calibration: 'none', tool: 'all' },
  })

const fused = (parent: Uint8Array): Provenance =>
  step(5, '5', '00:00:10', {
    step: 'fuse-llamafile',
    subjects: [
      {
        name: 'toy.llamafile',
        digests: digestSet({ sha256: LLAMAFILE }),
        annotations: { digestKind: 'slot-stripped/v1', size: 131_459 },
      },
    ],
    parameters: {
      args: ['-m', 'toy-F16.gguf', '...'],
      align: 65_536,
      dosTime: '2023-11-14T22:13:20',
      members: ['toy-F16.gguf', '.args'],
    },
    dependencies: [
      part(
        digestSet({ sha256: '7c36e121fb7045cb0b22359642aa9d71ca940113c4284541f9ca9e1229f4e1d1' }),
        { role: 'runtime', offset: 0, size: 305 },
        {
          name: 'toy-runtime',
          uri: 'https://github.com/mozilla-ai/llamafile/releases/download/0.9.3/llamafile-0.9.3',
        },
      ),
      part(
        digestSet({ sha256: GGUF }),
        { role: 'weights', relation: 'fused', attestation: linkTo(parent), offset: 65_536, size: 224 },
        { name: 'toy-F16.gguf' },
      ),
      part(
        digestSet({ sha256: '35df317c7499927d306dc19432bbe415ef6330886cc471118b6cdbe507bc4e5c' }),
        { role: 'args', offset: 131_072, size: 20 },
        { name: '.args' },
      ),
      git('6b464191def244cd9f97bba098129424672196fb', 'github.com/mozilla-ai/llamafile', { role: 'tool' }, 'zipalign'),
    ],
    completeness: { runtime: 'all', weights: 'all', args: 'all' },
  })

/** In the order of the chain; each links to the one before by its hash. */
export function toyChain(): Readonly<Record<ToyName, Uint8Array>> {
  const dataset = formatProvenance(DATASET)
  const base = formatProvenance(trained(dataset))
  const finetune = formatProvenance(finetuned(base))
  const quantize = formatProvenance(quantized(finetune))
  const fuse = formatProvenance(fused(quantize))
  return { dataset, base, finetune, quantize, fuse, svr: corroborated(), oms: signed() }
}

function corroborated(): Uint8Array {
  return formatCorroboration({
    subjects: [{ name: 'toy.llamafile', digests: digestSet({ sha256: LLAMAFILE }) }],
    verifier: `${BASE}verifiers/fuse-rebuilder/v1`,
    policies: [{ uri: `${BASE}policies/fuse-bytes-equal/v1`, digests: digestSet({ sha256: 'cc'.repeat(32) }) }],
    timeCreated: '2026-01-06T00:00:00Z',
    properties: ['LINEAGE_FUSE_REPRODUCED', 'LINEAGE_NO_UNREFERENCED_BYTES'],
  })
}

function signed(): Uint8Array {
  return formatOmsStatement({
    model: 'toy-chat',
    resources: [
      {
        name: 'config.json',
        digest: parseHex('8c0d14789455519ac73b2136985a2497daa4fa5ee1b6d52128afc23c3c631c4d'),
      },
      { name: 'model.safetensors', digest: sha256(custodyVector('ft/model.safetensors')) },
    ],
    ignorePaths: ['.git', '.gitattributes', '.github', '.gitignore', 'model.sig'],
    allowSymlinks: false,
  })
}

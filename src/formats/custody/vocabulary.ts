/** The words in which custody is told: steps, roles, and how much of the truth a statement holds. Identifiers are under one base. */

import { TlogError } from '../../kernel/error.ts'

/**
 * Under which our identifiers stand unless the caller names another. A name that is reserved for examples (RFC 2606), so that
 * nobody can own it in our place: a release puts its own here, and readers go by what is behind it.
 */
export const DEFAULT_BASE = 'https://colophon.example/'

/** What a dependency was to the step; in the order in which they are told. */
export const ROLES = [
  ...(['source', 'base-model', 'dataset', 'adapter', 'weights', 'training-code', 'environment'] as const),
  ...(['tool', 'calibration', 'runtime', 'args'] as const),
] as const
export type Role = (typeof ROLES)[number]

/** The steps, and of which roles each must give an account: what it took, or that it says nothing of it. */
export const STEPS = {
  'dataset-snapshot': ['source'],
  train: ['dataset', 'training-code', 'environment'],
  finetune: ['base-model', 'dataset'],
  quantize: ['weights', 'tool', 'calibration'],
  'fuse-llamafile': ['runtime', 'weights', 'args'],
} as const satisfies Readonly<Record<string, readonly Role[]>>
export type Step = keyof typeof STEPS

/** What became of a model, in Hugging Face's words, and one of ours. */
export const RELATIONS = ['finetune', 'adapter', 'merge', 'quantized', 'fused'] as const
export const USES = ['pretraining', 'finetuning', 'alignment', 'calibration', 'evaluation'] as const
/** `committed`: nothing is disclosed but a digest. */
export const VISIBILITIES = ['public', 'restricted', 'committed'] as const
/** Of a role, how much of what there was stands in the statement. `none`: there was nothing. */
export const COMPLETENESS = ['all', 'partial', 'undisclosed', 'none'] as const
export type Completeness = (typeof COMPLETENESS)[number]
/** Who told it, where it is no finding of the signer's: the file's own metadata, or the model's card. */
export const DECLARERS = ['gguf', 'model-card'] as const
export type Declarer = (typeof DECLARERS)[number]
/** What a subject's SHA-256 is of, where it is not of a file as it lies there. */
export const DIGEST_KINDS = ['oms-root/v1.0', 'slot-stripped/v1'] as const
export const STATUSES = ['poisoned', 'withdrawn', 'superseded', 'disputed'] as const

/** Properties by which others say that they did a step again, and got the same bytes. */
export const PROPERTIES = [
  ...(['LINEAGE_FUSE_REPRODUCED', 'LINEAGE_NO_UNREFERENCED_BYTES'] as const),
  ...(['LINEAGE_QUANTIZE_REPRODUCED', 'LINEAGE_DATASET_REPRODUCED'] as const),
] as const

export const PROVENANCE_TYPE = 'https://slsa.dev/provenance/v1'
export const SVR_TYPE = 'https://in-toto.io/attestation/svr/v0.2'

const BUILD_TYPE = /^(.*\/)buildtypes\/([a-z-]+)\/v1$/s
const ADVISORY_TYPE = /^(.*\/)advisory\/v1$/s

export function buildTypeOf(base: string, step: Step): string {
  return `${base}buildtypes/${step}/v1`
}

/** Who did it, when nobody but the signer says so. */
export function selfAsserted(base: string): string {
  return `${base}builders/self-asserted/v1`
}

/** @throws TlogError FIELD_INVALID for another type than that of a step */
export function parseBuildType(text: string): { readonly base: string; readonly step: Step } {
  const [, base = '', name = ''] = BUILD_TYPE.exec(text) ?? []
  const step = (Object.keys(STEPS) as Step[]).find((one) => one === name)
  if (step === undefined) throw new TlogError('FIELD_INVALID', 'not the build type of a step of custody')
  return { base: parseBase(base), step }
}

export function advisoryTypeOf(base: string): string {
  return `${base}advisory/v1`
}

/** The base. @throws TlogError FIELD_INVALID for another type than that of an advisory */
export function parseAdvisoryType(text: string): string {
  const [, base] = ADVISORY_TYPE.exec(text) ?? []
  if (base === undefined) throw new TlogError('FIELD_INVALID', 'not the type of an advisory')
  return parseBase(base)
}

const URI = /^[a-z][a-z0-9+.-]*:[^\s\p{C}]+$/iu
const MAX_URI = 2048

/** @throws TlogError FIELD_INVALID */
export function parseUri(text: string): string {
  if (text.length > MAX_URI || !URI.test(text)) throw new TlogError('FIELD_INVALID', `not a URI of at most ${MAX_URI}`)
  return text
}

/** @throws TlogError FIELD_INVALID unless a URI that others can stand under */
export function parseBase(text: string): string {
  if (!text.endsWith('/')) throw new TlogError('FIELD_INVALID', 'a base ends with /')
  return parseUri(text)
}

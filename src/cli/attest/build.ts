/** From a request to the statement of a step. */

import { statSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { summarize } from '../../files/dataset-manifest.ts'
import type { OnBytes } from '../../files/digest-file.ts'
import { digestLlamafile } from '../../files/model-parts.ts'
import type { Digests } from '../../formats/custody/digests.ts'
import { formatProvenance } from '../../formats/custody/provenance.ts'
import type { Resource } from '../../formats/custody/resource.ts'
import { type Step, selfAsserted } from '../../formats/custody/vocabulary.ts'
import type { JsonObject } from '../../formats/json.ts'
import { equal } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { writeManifest } from '../dataset/write-manifest.ts'
import type { World } from '../world.ts'
import { type Declared, declaredByCard, declaredByGguf } from './declared.ts'
import type { AttestRequest } from './request.ts'
import { dependencyOf, digestModelDirectory, digestPlace } from './resolve.ts'
import type { Named } from './where.ts'

export interface Tools {
  readonly onBytes: OnBytes
  readonly world: World
}

/** What was made, and what the making itself shows of its parts. */
interface Made {
  readonly subjects: readonly Resource[]
  readonly parts: readonly Resource[]
  readonly parameters: JsonObject
  readonly declared: Declared | null
}

const NOTHING = { parts: [], parameters: {}, declared: null }

/** @throws TlogError CONFIG_INVALID, FIELD_ and MODEL_ codes; the system's errors */
export async function buildProvenance(request: AttestRequest, step: Step, tools: Tools): Promise<Uint8Array> {
  const made = await madeOf(request, step, tools)
  const named: Resource[] = []
  for (const [role, each] of request.dependencies) named.push(await dependencyOf(role, each, tools.onBytes))
  const { told, base, completeness } = request
  const declared = request.declared ? made.declared : null
  return formatProvenance({
    ...{ base, step, completeness, subjects: made.subjects, form: request.form },
    dependencies: [...joined(made.parts, named), ...(declared?.dependencies ?? [])],
    parameters: { ...made.parameters, ...request.parameters },
    declared: declared === null ? undefined : { by: declared.by, fields: declared.fields },
    builder: told.builder ?? selfAsserted(base),
    ...{ invocationId: told['invocation-id'], startedOn: told.started, finishedOn: told.finished },
  })
}

/** @throws TlogError CONFIG_INVALID when the subjects do not go with the step */
async function madeOf(request: AttestRequest, step: Step, { onBytes, world }: Tools): Promise<Made> {
  const [first, second] = request.about
  if (first === undefined) throw new TlogError('CONFIG_INVALID', 'nothing is named')
  if (step === 'dataset-snapshot' || step === 'fuse-llamafile') {
    if (second !== undefined || first.place?.kind !== 'path')
      throw new TlogError('CONFIG_INVALID', `${step} takes one ${step === 'fuse-llamafile' ? 'FILE' : 'MANIFEST'}`)
    const { path } = first.place
    return step === 'fuse-llamafile' ? await fused(path, request, onBytes) : await snapshot(path, request, world)
  }
  const made: Made[] = []
  for (const each of request.about) made.push(await madeFrom(each, request, onBytes))
  return {
    subjects: made.flatMap(({ subjects }) => subjects),
    parts: [],
    parameters: {},
    declared: made.find(({ declared }) => declared !== null)?.declared ?? null,
  }
}

/** A directory gets its manifest first. */
async function snapshot(path: string, request: AttestRequest, world: World): Promise<Made> {
  const out = statSync(path).isDirectory() ? (request.told.manifest ?? null) : path
  if (out === null) throw new TlogError('CONFIG_INVALID', '--manifest: missing: where the list of its documents goes')
  if (out !== path) await writeManifest({ path, out, ignore: [], isSalted: request.isSalted }, world)
  else if (request.told.manifest !== undefined || request.isSalted)
    throw new TlogError('CONFIG_INVALID', '--manifest: and --salted are for a DIR')
  const { size, manifest, dirHash, byPath, byDigest } = await summarize(out)
  const called = request.name ?? basename(resolve(path)).replace(/\.\w+$/, '')
  const digests: Digests = new Map([
    ...(dirHash === null ? [] : [['dirHash' as const, dirHash] as const]),
    ['rfc6962_sha256' as const, byPath],
    ['rfc6962_sha256_sorted' as const, byDigest],
  ])
  const subjects = [
    { name: `${called}/${basename(out)}`, digests: new Map([['sha256' as const, manifest]]) },
    { name: called, digests, annotations: { treeSize: size } },
  ]
  return { ...NOTHING, subjects }
}

async function fused(path: string, { name }: AttestRequest, onBytes: OnBytes): Promise<Made> {
  const { sha256, size, parts, parameters } = await digestLlamafile(path, onBytes)
  const subject: Resource = {
    name: name ?? basename(path),
    digests: new Map([['sha256', sha256]]),
    annotations: { digestKind: 'slot-stripped/v1', size },
  }
  return { ...NOTHING, subjects: [subject], parts, parameters: { ...parameters } }
}

export async function madeFrom({ place, name }: Named, request: AttestRequest, onBytes: OnBytes): Promise<Made> {
  if (place === null) throw new TlogError('CONFIG_INVALID', 'what was made is a FILE, a DIR, or ALGORITHM:HEX')
  const isOne = request.about.length === 1
  const called = name ?? (isOne ? request.name : undefined)
  if (place.kind === 'path' && statSync(place.path).isDirectory()) {
    const { root, weights } = await digestModelDirectory(place.path, request.signing?.out ?? null, onBytes)
    const model = called ?? basename(resolve(place.path))
    const subjects: Resource[] = [
      { name: model, digests: new Map([['sha256', root]]), annotations: { digestKind: 'oms-root/v1.0' } },
      ...weights.map(({ name, digest }) => ({
        name: `${model}/${name}`,
        digests: new Map([['sha256' as const, digest]]),
      })),
    ]
    return { ...NOTHING, subjects, declared: await declaredByCard(place.path) }
  }
  const { digests, parts } = await digestPlace(place, onBytes)
  const annotations = parts?.hasSlot === true ? { digestKind: 'slot-stripped/v1' as const } : undefined
  const file = place.kind === 'path' ? basename(place.path) : undefined
  const gguf = parts?.gguf ?? null
  return {
    ...NOTHING,
    subjects: [{ name: called ?? file, digests, annotations }],
    declared: gguf && declaredByGguf(gguf),
  }
}

/** What was typed of a part that the file itself shows goes onto it: its statement, where it is from. Else it stands by itself. */
function joined(parts: readonly Resource[], named: readonly Resource[]): Resource[] {
  const left = [...named]
  const told = parts.map((part) => {
    const at = left.findIndex((each) => isAbout(each, part))
    const [more] = at < 0 ? [] : left.splice(at, 1)
    if (more === undefined) return part
    const { role: _role, ...said } = more.annotations ?? {}
    const kept = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined))
    return { ...part, name: more.name ?? part.name, uri: more.uri, annotations: { ...part.annotations, ...kept } }
  })
  return [...told, ...left]
}

/** Of one role; and where a digest was given, of that. */
function isAbout(named: Resource, part: Resource): boolean {
  if (named.annotations?.role !== part.annotations?.role) return false
  const [wanted, found] = [named.digests?.get('sha256'), part.digests?.get('sha256')]
  return wanted === undefined || (found !== undefined && equal(wanted, found))
}

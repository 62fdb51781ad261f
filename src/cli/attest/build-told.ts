/** From a request to what is said of an artifact afterwards: advisories, withdrawals, corroborations. */

import { basename, resolve } from 'node:path'
import { parseSmallFile } from '../../config/files.ts'
import { oneOf } from '../../config/parsers.ts'
import type { OnBytes } from '../../files/digest-file.ts'
import { formatAdvisory } from '../../formats/custody/advisory.ts'
import { formatCorroboration } from '../../formats/custody/corroboration.ts'
import { MAX_DATASET_PROOF, parseDatasetProof } from '../../formats/custody/dataset-proof.ts'
import type { Resource } from '../../formats/custody/resource.ts'
import { STATUSES } from '../../formats/custody/vocabulary.ts'
import { TlogError } from '../../kernel/error.ts'
import type { World } from '../world.ts'
import { madeFrom } from './build.ts'
import type { AttestRequest } from './request.ts'
import { digestPlace } from './resolve.ts'
import { readLinked } from './statement-file.ts'
import { type Named, parseNamed } from './where.ts'

/** What others speak of: a file, a model, a digest; or all that a statement is about. */
async function subjectsOf(about: readonly Named[], request: AttestRequest, onBytes: OnBytes): Promise<Resource[]> {
  const found: Resource[] = []
  for (const each of about) {
    if (each.place === null && each.statement !== undefined) {
      const { subjects } = await readLinked(each.statement)
      found.push(...subjects.map(({ name, digests }) => ({ name: name === '' ? undefined : name, digests })))
    } else found.push(...(await madeFrom(each, request, onBytes)).subjects)
  }
  return found
}

/** @throws TlogError CONFIG_INVALID, FIELD_ and MODEL_ codes; the system's errors */
export async function buildCorroboration(request: AttestRequest, onBytes: OnBytes, world: World): Promise<Uint8Array> {
  const { verifier, properties, rules, time } = request.told
  if (verifier === undefined || properties === undefined)
    throw new TlogError('CONFIG_INVALID', '--verifier: and --properties say who looked, and what held')
  return formatCorroboration({
    subjects: (await subjectsOf(request.about, request, onBytes)).map(withoutTensors),
    verifier,
    policies: rules === undefined ? [] : [await referenceOf(parseNamed(rules), onBytes)],
    timeCreated: time ?? now(world),
    properties: properties.split(','),
  })
}

/** A corroborator looked at the file. */
function withoutTensors({ name, digests }: Resource): Resource {
  const sha256 = digests?.get('sha256')
  return sha256 === undefined ? { name, digests } : { name, digests: new Map([['sha256', sha256]]) }
}

/** @throws as buildCorroboration does */
export async function buildAdvisory(request: AttestRequest, onBytes: OnBytes, world: World): Promise<Uint8Array> {
  const { kind, base, told, about, evidence } = request
  const { reason, 'superseded-by': successor, 'effective-from': effectiveFrom } = told
  if (reason === undefined) throw new TlogError('CONFIG_INVALID', '--reason: missing: what became known, for people')
  const evidences: Resource[] = []
  for (const each of evidence) evidences.push(await referenceOf(each, onBytes))
  return formatAdvisory({
    base,
    subjects: await subjectsOf(about, request, onBytes),
    status: kind === 'withdrawal' ? 'withdrawn' : statusOf(told.status),
    reason,
    affects: request.affects.map(affected),
    evidence: evidences,
    supersededBy: successor === undefined ? undefined : await referenceOf(parseNamed(successor), onBytes),
    effectiveFrom: effectiveFrom ?? now(world),
  })
}

function statusOf(text: string | undefined) {
  try {
    return oneOf(...STATUSES)(text ?? '')
  } catch (error) {
    throw new TlogError('CONFIG_INVALID', `--status: ${(error as Error).message}`)
  }
}

async function referenceOf({ place, name, uri }: Named, onBytes: OnBytes): Promise<Resource> {
  const digests = place === null ? undefined : (await digestPlace(place, onBytes)).digests
  const file = place?.kind === 'path' ? basename(resolve(place.path)) : undefined
  return { name: name ?? (uri === undefined ? file : undefined), uri, digests }
}

/** A document of the dataset, with the proof that it is in it. */
function affected(path: string): Resource {
  const proof = parseSmallFile(path, MAX_DATASET_PROOF, parseDatasetProof)
  if (proof.kind === 'absent') throw new TlogError('CONFIG_INVALID', `--affects: ${path} shows that it was NOT in it`)
  const { line, index, path: hashes } = proof.document
  return {
    name: line.path,
    digests: new Map([['sha256', line.sha256]]),
    annotations: { leafIndex: index, treeSize: proof.size, inclusionProof: hashes },
  }
}

/** To the second. */
function now({ clock }: World): string {
  return `${new Date(clock.now()).toISOString().slice(0, 19)}Z`
}

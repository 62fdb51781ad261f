/** From what was named to what a statement says: digests of files, roots of models, links to statements. */

import { statSync } from 'node:fs'
import { basename, relative, resolve, sep } from 'node:path'
import type { OnBytes } from '../../files/digest-file.ts'
import { DEFAULT_IGNORED, digestModel, walkModel } from '../../files/model-directory.ts'
import { digestModelFile, type ModelParts } from '../../files/model-parts.ts'
import type { Digests } from '../../formats/custody/digests.ts'
import type { Annotations, Resource } from '../../formats/custody/resource.ts'
import type { Role } from '../../formats/custody/vocabulary.ts'
import { omsRoot } from '../../formats/model/oms.ts'
import { TlogError } from '../../kernel/error.ts'
import { MODEL_SIGNATURE } from '../sign/request.ts'
import { chosen, readLinked } from './statement-file.ts'
import type { Named } from './where.ts'

/** Files that hold a model's weights: found by their own digests as well. */
const WEIGHTS = /\.(safetensors|gguf|ggml|bin|pt|pth|ckpt|npz|h5|onnx|msgpack)$/

export interface Model {
  readonly root: Uint8Array
  /** By their paths in it. */
  readonly weights: readonly { readonly name: string; readonly digest: Uint8Array }[]
}

/** As `sign DIR` counts its files. @throws TlogError MODEL_REFUSED; the system's error */
export async function digestModelDirectory(path: string, out: string | null, onBytes: OnBytes): Promise<Model> {
  const own = out === null ? [] : [relative(resolve(path), resolve(out)).split(sep).join('/')]
  const ignore = [...DEFAULT_IGNORED, MODEL_SIGNATURE, ...own]
  const { files } = await walkModel(path, { ignore, symlinks: false })
  if (files.length === 0) throw new TlogError('MODEL_REFUSED', `${path}: there is no file in it`)
  const resources = await digestModel(files, onBytes)
  return { root: omsRoot(resources), weights: resources.filter(({ name }) => WEIGHTS.test(name)) }
}

export interface Artifact {
  readonly digests: Digests
  readonly kind: 'directory' | 'file' | 'digest'
  /** Of a file. */
  readonly parts: ModelParts | null
}

/** @throws TlogError MODEL_REFUSED, MODEL_MALFORMED; the system's error */
export async function digestPlace(place: NonNullable<Named['place']>, onBytes: OnBytes): Promise<Artifact> {
  if (place.kind === 'digest')
    return { kind: 'digest', digests: new Map([[place.algorithm, place.digest]]), parts: null }
  if (statSync(place.path).isDirectory()) {
    const { root } = await digestModelDirectory(place.path, null, onBytes)
    return { kind: 'directory', digests: new Map([['sha256', root]]), parts: null }
  }
  const parts = await digestModelFile(place.path, onBytes)
  return { kind: 'file', digests: parts.digests, parts }
}

/**
 * A link is made only to a statement that is about the same artifact.
 * @throws TlogError CONFIG_INVALID, also when it is about others; and as digestPlace does
 */
export async function dependencyOf(role: Role, named: Named, onBytes: OnBytes): Promise<Resource> {
  const { place, uri, relation, use, visibility } = named
  const artifact = place === null ? null : await digestPlace(place, onBytes)
  const linked = named.statement === undefined ? null : await readLinked(named.statement)
  const subject = linked && chosen(linked, { digests: artifact?.digests ?? null, name: named.name, role })
  if (linked !== null && subject === null)
    throw new TlogError('CONFIG_INVALID', `--${role}: ${named.statement} is about something else`)
  const digests = artifact === null ? subject?.digests : sha256Of(artifact)
  // Who says where it is has named it; else it is called what its statement calls it, or what its file is called.
  const given = place?.kind === 'path' ? basename(resolve(place.path)) : subject?.name
  const annotations: Annotations = { role, relation, use, visibility, attestation: linked?.link }
  return { name: named.name ?? (uri === undefined ? given : undefined), uri, digests, annotations }
}

/** Of the weights of a GGUF there is a second digest, by which nobody looks for what something was made of. */
function sha256Of({ digests }: Artifact): Digests {
  const sha256 = digests.get('sha256')
  return sha256 === undefined ? digests : new Map([['sha256', sha256]])
}

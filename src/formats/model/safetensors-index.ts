/** `model.safetensors.index.json`: which tensor of a model in several safetensors files is in which of them. */

import { isJsonObject, parseJson } from '../json.ts'
import { located } from '../located.ts'
import { malformedAt } from './cursor.ts'
import type { Findings } from './finding.ts'
import { requireModelPath } from './oms.ts'
import type { Safetensors } from './safetensors.ts'

export interface SafetensorsIndex {
  /** Of all tensors, in bytes, as it says; null where it does not. */
  readonly totalSize: number | null
  /** File by tensor. */
  readonly files: ReadonlyMap<string, string>
}

export const INDEX_SUFFIX = '.safetensors.index.json'
export const MAX_INDEX_BYTES = 64 * 2 ** 20
const LIMITS = { maxValues: 1_100_000, maxDepth: 8 }

/** @throws TlogError MODEL_MALFORMED; JSON's codes for what two parsers could read differently */
export function parseSafetensorsIndex(bytes: Uint8Array): SafetensorsIndex {
  const json = located('MODEL_MALFORMED', 'the index', () => parseJson(bytes, LIMITS))
  const map = isJsonObject(json) ? json.weight_map : undefined
  if (!isJsonObject(json) || map === undefined || !isJsonObject(map)) throw malformedAt(0, 'no weight_map in the index')
  const files = new Map(Object.entries(map).map(([tensor, file]) => [tensor, fileName(tensor, file)]))
  const { metadata } = json
  const size = metadata !== undefined && isJsonObject(metadata) ? metadata.total_size : undefined
  return { totalSize: typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 ? size : null, files }
}

/** Beside the index, and nowhere else. */
function fileName(tensor: string, file: unknown): string {
  const name = located('MODEL_MALFORMED', `weight_map: ${JSON.stringify(tensor.slice(0, 128))}`, () =>
    requireModelPath(typeof file === 'string' ? file : ''),
  )
  if (name.includes('/'))
    throw malformedAt(0, `weight_map: ${JSON.stringify(name.slice(0, 128))} is not beside the index`)
  return name
}

/** @param shards those that are there and can be read, by name */
export function checkShards(
  { totalSize, files }: SafetensorsIndex,
  shards: ReadonlyMap<string, Safetensors>,
  findings: Findings,
): void {
  const found = new Map([...shards].map(([name, { tensors }]) => [name, new Set(tensors.map((tensor) => tensor.name))]))
  for (const name of new Set(files.values()))
    if (!found.has(name)) findings.add('SHARD_MISSING', 0, `${name}: in the index, and not there or not to be read`)
  for (const [tensor, name] of files)
    if (found.get(name)?.has(tensor) === false)
      findings.add('SHARDS_DIFFER', 0, `${tensor}: in ${name}, says the index, and it is not`)
  for (const [name, tensors] of found)
    for (const tensor of tensors)
      if (files.get(tensor) !== name)
        findings.add(
          'SHARDS_DIFFER',
          0,
          `${tensor}: in ${name}, and the index says ${files.get(tensor) ?? 'nothing of it'}`,
        )
  const size = [...shards.values()]
    .flatMap(({ tensors }) => tensors)
    .reduce((sum, { length }) => sum + (length ?? 0), 0)
  if (totalSize !== null && totalSize !== size)
    findings.add('SHARDS_DIFFER', 0, `total_size: ${totalSize}, and the tensors have ${size} bytes`)
}

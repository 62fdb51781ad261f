/** A GGUF model in several files: NAME-00001-of-00009.gguf and so on, each with its number and how many there are. */

import type { Findings } from './finding.ts'
import type { Gguf } from './gguf.ts'

const NAME = /^(?<model>.+)-(?<number>[0-9]{5})-of-(?<count>[0-9]{5})\.gguf$/

/** By the names of their models, the files of each. */
export function splitModels(names: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const models = new Map<string, string[]>()
  for (const name of names) {
    const { model, count } = NAME.exec(name)?.groups ?? {}
    if (model === undefined) continue
    const key = `${model} of ${Number(count)}`
    models.set(key, [...(models.get(key) ?? []), name])
  }
  return models
}

/** @param parts of one model, by name */
export function checkSplit(parts: ReadonlyMap<string, Gguf>, findings: Findings): void {
  const [first = ''] = parts.keys()
  const { model, count: digits = '' } = NAME.exec(first)?.groups ?? {}
  const count = Number(digits)
  for (let i = 1; i <= Math.min(count, MAX_PARTS); i++) {
    const name = `${model}-${String(i).padStart(5, '0')}-of-${digits}.gguf`
    const part = parts.get(name)
    if (part === undefined) findings.add('SHARD_MISSING', 0, `${name}: not there, or not to be read`)
    else if (numberOf(part, 'split.no') !== i - 1 || numberOf(part, 'split.count') !== count)
      findings.add('SHARDS_DIFFER', 0, `${name}: split.no and split.count say something else than its name`)
  }
  const stated = numberOf(parts.values().next().value, 'split.tensors.count')
  const tensors = [...parts.values()].reduce((sum, part) => sum + part.tensors.length, 0)
  if (parts.size === count && stated !== null && stated !== tensors)
    findings.add('SHARDS_DIFFER', 0, `split.tensors.count: ${stated}, and there are ${tensors} tensors`)
}

const MAX_PARTS = 10_000

function numberOf(part: Gguf | undefined, key: string): number | null {
  const { value } = part?.fields.findLast((field) => field.key === key)?.value ?? {}
  return typeof value === 'number' ? value : null
}

/** What a model says of itself: in the metadata of a GGUF, in the card of a directory. Said again, and marked as such. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readBounded } from '../../files/read-bounded.ts'
import type { Annotations, Resource } from '../../formats/custody/resource.ts'
import { type Declarer, parseUri, RELATIONS, type Role } from '../../formats/custody/vocabulary.ts'
import type { JsonObject } from '../../formats/json.ts'
import type { Gguf } from '../../formats/model/gguf.ts'
import type { GgufValue } from '../../formats/model/gguf-values.ts'
import { MAX_CARD_BYTES, readModelCard } from '../../formats/model/model-card.ts'
import { readable } from '../../formats/model/name.ts'
import { TlogError } from '../../kernel/error.ts'

export interface Declared {
  readonly by: Declarer
  /** Each with an address: a name alone leads nowhere. */
  readonly dependencies: readonly Resource[]
  readonly fields: JsonObject
}

const MAX_FIELDS = 128
const MAX_TEXT = 512
const KEYS =
  /^general\.(source|base_model|dataset|quantized_by|license|repo_url|url|doi|uuid|name|version|organization)(\.|$)/
/** Of several base models or datasets, one. */
const PART = /^general\.(base_model|dataset)\.(\d+)\.(\w+)$/
const ADDRESSES = ['repo_url', 'url', 'doi'] as const

export function declaredByGguf({ fields }: Pick<Gguf, 'fields'>): Declared {
  const told = fields.flatMap(({ key, value }) => {
    const text = KEYS.test(key) && key.length <= MAX_TEXT ? textOf(value) : null
    return text === null ? [] : [[key, text] as const]
  })
  const parts = new Map<string, Map<string, string>>()
  for (const [key, text] of told) {
    const [, kind = '', number = '', field = ''] = PART.exec(key) ?? []
    if (kind === '') continue
    const part = parts.get(`${kind}.${number}`) ?? new Map<string, string>()
    parts.set(`${kind}.${number}`, part.set(field, text))
  }
  const dependencies = [...parts].flatMap(([key, part]) =>
    declaredPart(key.startsWith('dataset') ? 'dataset' : 'base-model', part),
  )
  return { by: 'gguf', dependencies, fields: Object.fromEntries(told.slice(0, MAX_FIELDS)) }
}

function declaredPart(role: Role, part: ReadonlyMap<string, string>): Resource[] {
  const uri = ADDRESSES.map((field) => addressOf(part.get(field))).find((found) => found !== null)
  if (uri === undefined || uri === null) return []
  const name = part.get('name')
  const isName = name !== undefined && name !== '' && !/\p{Cc}/u.test(name)
  return [{ name: isName ? name : undefined, uri, annotations: { role, declaredBy: 'gguf' } }]
}

function addressOf(text: string | undefined): string | null {
  if (text === undefined) return null
  try {
    return parseUri(text)
  } catch (error) {
    if (error instanceof TlogError) return null
    throw error
  }
}

function textOf(value: GgufValue): string | null {
  if (value.type === 'array') return null
  const text = value.type === 'string' ? readable(value.value.begins) : String(value.value)
  return text.length > MAX_TEXT ? null : text
}

const HUB = 'https://huggingface.co/'

/** Null: the directory has no card, or the card no head. @throws TlogError UTF8_MALFORMED; the system's error */
export async function declaredByCard(directory: string): Promise<Declared | null> {
  const path = join(directory, 'README.md')
  if (!existsSync(path)) return null
  const bytes = await readBounded(path, MAX_CARD_BYTES)
  const card = bytes.length > MAX_CARD_BYTES ? null : readModelCard(bytes)
  if (card === null) return null
  const { baseModels, datasets, relation } = card
  const known = RELATIONS.find((one) => one === relation)
  const dependency = (uri: string, annotations: Annotations): Resource => ({
    uri,
    annotations: { ...annotations, declaredBy: 'model-card' },
  })
  return {
    by: 'model-card',
    dependencies: [
      ...baseModels.map((name) => dependency(HUB + name, { role: 'base-model', relation: known })),
      ...datasets.map((name) => dependency(`${HUB}datasets/${name}`, { role: 'dataset' })),
    ],
    fields: {
      ...(baseModels.length === 0 ? {} : { base_model: baseModels }),
      ...(relation === null ? {} : { base_model_relation: relation }),
      ...(datasets.length === 0 ? {} : { datasets }),
    },
  }
}

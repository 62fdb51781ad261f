/** A directory that holds a model: its files by what they are, and whether those that belong together do. */

import type { OnBytes } from '../../files/digest-file.ts'
import { DEFAULT_IGNORED, digestModel, type ModelFile, walkModel } from '../../files/model-directory.ts'
import { readBounded } from '../../files/read-bounded.ts'
import { withSource } from '../../files/slot-file.ts'
import { isJsonObject, parseJson } from '../../formats/json.ts'
import { Findings } from '../../formats/model/finding.ts'
import { type Gguf, isGguf, readGguf } from '../../formats/model/gguf.ts'
import { checkSplit, splitModels } from '../../formats/model/gguf-split.ts'
import { omsRoot } from '../../formats/model/oms.ts'
import { isSafetensors, readSafetensors, type Safetensors } from '../../formats/model/safetensors.ts'
import {
  checkShards,
  INDEX_SUFFIX,
  MAX_INDEX_BYTES,
  parseSafetensorsIndex,
} from '../../formats/model/safetensors-index.ts'
import type { Tensor } from '../../formats/model/tensor.ts'
import { TlogError } from '../../kernel/error.ts'
import { MODEL_SIGNATURE } from '../sign/request.ts'
import { declared, digestsNode, findingsNode, tensorNodes } from './show-model.ts'
import { bytes, type Content, jsonValue, list, type Node, number, part, parts, text, word } from './tree.ts'

/** What Python unpickles is a program. */
const PICKLES = /\.(bin|pt|pth|pkl|pickle|ckpt)$/
const CONFIG = 'config.json'
const MAX_CONFIG_BYTES = 2 ** 20
/** Of a config: what the model says that it is. */
const DECLARED = ['architectures', 'model_type', 'torch_dtype', '_name_or_path', 'transformers_version']

interface Models {
  readonly gguf: Map<string, Gguf>
  readonly safetensors: Map<string, Safetensors>
}

/**
 * @param onBytes hears how far hashing is; null: nothing is hashed
 * @throws TlogError MODEL_REFUSED for what no model may hold; the system's error
 */
export async function showDirectory(path: string, onBytes: OnBytes | null): Promise<Content> {
  const { files } = await walkModel(path, { ignore: ['.git'], symlinks: true })
  const findings = new Findings()
  const models: Models = { gguf: new Map(), safetensors: new Map() }
  const shown: Content[] = []
  const digests = onBytes === null ? null : await digestsOf(files, onBytes)
  for (const file of files) shown.push(await showFile(file, { models, findings, digest: digests?.get(file.name) }))
  for (const file of files.filter(({ name }) => name.endsWith(INDEX_SUFFIX)))
    await noted(file, findings, async () => await checkIndex(file, models, findings))
  for (const names of splitModels([...models.gguf.keys()]).values())
    checkSplit(new Map(names.map((name) => [name, models.gguf.get(name) as Gguf])), findings)
  const tensors: Tensor[] = [...models.gguf.values(), ...models.safetensors.values()].flatMap((model) => model.tensors)
  const config = files.find(({ name }) => name === CONFIG)
  return parts(
    part(
      'files',
      list(shown, (content) => content),
    ),
    part('bytes', number(files.reduce((sum, { bytes }) => sum + bytes, 0))),
    ...tensorNodes(tensors),
    config === undefined ? null : await showConfig(config, findings),
    digestsNode(digests && [{ label: 'OMS root', digest: rootOf(digests), note: ROOT_OF }]),
    findingsNode(findings),
  )
}

const ROOT_OF = 'what `colophon sign` signs of this directory, where nothing else is left out'

/** Of what a signer signs unless told otherwise. */
async function digestsOf(files: readonly ModelFile[], onBytes: OnBytes): Promise<ReadonlyMap<string, Uint8Array>> {
  const left = [...DEFAULT_IGNORED, MODEL_SIGNATURE]
  const signed = files.filter(({ name }) => !left.some((path) => name === path || name.startsWith(`${path}/`)))
  const resources = await digestModel(signed, onBytes)
  return new Map(resources.map(({ name, digest }) => [name, digest]))
}

function rootOf(digests: ReadonlyMap<string, Uint8Array>): Uint8Array {
  return omsRoot([...digests.values()].map((digest) => ({ digest })))
}

interface Inspected {
  readonly models: Models
  readonly findings: Findings
  /** SHA-256; undefined where it was not hashed. */
  readonly digest: Uint8Array | undefined
}

async function showFile(file: ModelFile, { models, findings, digest }: Inspected): Promise<Content> {
  const kind = (await noted(file, findings, async () => await readModel(file, models, findings))) ?? null
  if (kind === null && PICKLES.test(file.name))
    findings.add('PICKLE', 0, `${file.name}: by its name a pickle, which runs as a program when it is loaded`)
  return parts(
    part('name', text(file.name)),
    part('bytes', number(file.bytes)),
    kind === null ? null : part('kind', word(kind)),
    digest === undefined ? null : part('sha256', bytes(digest)),
  )
}

/** Null for a file of another kind. */
async function readModel({ name, path }: ModelFile, models: Models, findings: Findings): Promise<string | null> {
  return await withSource(path, async (source) => {
    const head = await source.read(0, Math.min(16, source.size))
    if (isGguf(head)) {
      const model = await readGguf(source)
      models.gguf.set(name, model)
      findings.addAll(model.findings, name)
      return 'GGUF'
    }
    if (!isSafetensors(head, source.size)) return null
    const model = await readSafetensors(source)
    models.safetensors.set(name, model)
    findings.addAll(model.findings, name)
    return 'safetensors'
  })
}

async function checkIndex({ name, path }: ModelFile, { safetensors }: Models, findings: Findings): Promise<void> {
  const index = parseSafetensorsIndex(await readBounded(path, MAX_INDEX_BYTES))
  const folder = name.slice(0, name.lastIndexOf('/') + 1)
  const named = new Set(index.files.values())
  const beside = [...safetensors].flatMap(([file, model]) => {
    const own = file.slice(folder.length)
    return file.startsWith(folder) && named.has(own) ? [[own, model] as const] : []
  })
  checkShards(index, new Map(beside), findings)
}

async function showConfig(file: ModelFile, findings: Findings): Promise<Node | null> {
  const config = await noted(file, findings, async () => parseJson(await readBounded(file.path, MAX_CONFIG_BYTES)))
  if (config === undefined || !isJsonObject(config)) return null
  const said = Object.entries(config).filter(([key]) => DECLARED.includes(key))
  return declared(
    'config',
    list(said, ([key, value]) => parts(part('key', text(key)), part('value', jsonValue(value)))),
  )
}

/** What cannot be read is said, and the others are read all the same. */
async function noted<T>(file: ModelFile, findings: Findings, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof TlogError)) throw error
    findings.add('FILE_MALFORMED', 0, `${file.name}: ${error.message}`)
    return undefined
  }
}

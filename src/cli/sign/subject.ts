/** From a file or a directory to what is signed. */

import { relative, resolve, sep } from 'node:path'
import { readSmallFile } from '../../config/files.ts'
import type { DigestName } from '../../crypto/algorithms.ts'
import type { OnBytes } from '../../files/digest-file.ts'
import { DEFAULT_IGNORED, digestModel, walkModel } from '../../files/model-directory.ts'
import { digestSigned } from '../../files/slot-file.ts'
import { isJsonObject, parseJson } from '../../formats/json.ts'
import { located } from '../../formats/located.ts'
import { formatOmsStatement, omsRoot } from '../../formats/model/oms.ts'
import { OMS_PREDICATE_TYPE, parseStatement } from '../../formats/sigstore/statement.ts'
import { hex, parseUtf8, utf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import type { Subject } from '../../sign/subject.ts'
import type { Artifact } from '../../verify/artifact.ts'
import { pendingOf } from './output.ts'
import { MODEL_SIGNATURE, nameOf, type SignRequest } from './request.ts'

export interface Prepared {
  readonly subject: Subject
  /** Of the file or the model's root. */
  readonly sha256: Uint8Array
  /** Of a model: how many files, and which paths were left out. */
  readonly files: number
  readonly ignored: readonly string[]
}

const MAX_JSON = 16 * 1024 * 1024

/**
 * @param needed the digest that the key signs, besides SHA-256
 * @throws TlogError MODEL_REFUSED, CONFIG_INVALID; the system's error when something cannot be read
 */
export async function prepare(request: SignRequest, needed: DigestName, onBytes: OnBytes): Promise<Prepared> {
  if (request.kind === 'directory') return await prepareModel(request, onBytes)
  if (request.isStatement) return prepareStatement(request.path)
  const artifact = await digestSigned(request.path, new Set(['SHA2_256', needed]), onBytes)
  const sha256 = artifact.get('SHA2_256') ?? new Uint8Array()
  const common = { sha256, files: 1, ignored: [] }
  if (request.predicate === null) return { subject: { kind: 'file', artifact }, ...common }
  const payload = statementOf(nameOf(request.path), sha256, request.predicate)
  return { subject: { kind: 'statement', payload, artifact }, ...common }
}

/** Of its subjects the first stands for all: the statement is signed as it is. */
function prepareStatement(path: string): Prepared {
  const payload = readBounded('--in-toto', path)
  const { predicateType, subjects } = located('CONFIG_INVALID', `--in-toto: ${path}`, () => parseStatement(payload))
  const sha256 = subjects[0]?.digests.get('sha256')
  if (sha256 === undefined)
    throw new TlogError('CONFIG_INVALID', `--in-toto: ${path}: its first subject has no SHA-256`)
  const artifact: Artifact = new Map([[predicateType === OMS_PREDICATE_TYPE ? 'MODEL_ROOT' : 'SHA2_256', sha256]])
  return { subject: { kind: 'statement', payload, artifact }, sha256, files: 1, ignored: [] }
}

/** @throws TlogError as prepare does */
export async function prepareModel(
  { path, out, ignore }: Pick<SignRequest, 'path' | 'out' | 'ignore'>,
  onBytes: OnBytes,
): Promise<Prepared> {
  const inside = (file: string) => relative(resolve(path), resolve(file)).split(sep).join('/')
  const isInside = !inside(out).startsWith('../')
  const ignorePaths = [...new Set([...DEFAULT_IGNORED, MODEL_SIGNATURE, ...(isInside ? [inside(out)] : []), ...ignore])]
  const hidden = isInside ? [inside(pendingOf(out))] : []
  const found = await walkModel(path, { ignore: [...ignorePaths, ...hidden], symlinks: false })
  for (const name of ignore)
    if (!found.ignored.includes(name))
      throw new TlogError('CONFIG_INVALID', `--ignore: there is no ${JSON.stringify(name)} in ${path}`)
  if (found.files.length === 0) throw new TlogError('MODEL_REFUSED', `${path}: there is no file in it`)
  const resources = await digestModel(found.files, onBytes)
  const payload = formatOmsStatement({ model: nameOf(path), resources, ignorePaths, allowSymlinks: false })
  const sha256 = omsRoot(resources)
  const subject: Subject = { kind: 'model', payload, artifact: new Map([['MODEL_ROOT', sha256]]) }
  return { subject, sha256, files: found.files.length, ignored: found.ignored }
}

/** The predicate goes in as it was written: to print its numbers anew could change what it says. */
function statementOf(name: string, sha256: Uint8Array, { file, type }: { file: string; type: string }): Uint8Array {
  const text = readPredicate(file)
  const subject = [{ name, digest: { sha256: hex(sha256) } }]
  const head = { _type: 'https://in-toto.io/Statement/v1', subject, predicateType: type }
  const payload = utf8(`${JSON.stringify(head).slice(0, -1)},"predicate":${text}}`)
  parseStatement(payload)
  return payload
}

function readPredicate(file: string): string {
  const bytes = readBounded('--statement', file)
  return located('CONFIG_INVALID', `--statement: ${file}`, () => {
    if (!isJsonObject(parseJson(bytes, { inexact: true })))
      throw new TlogError('CONFIG_INVALID', 'a JSON object was expected')
    return parseUtf8(bytes).trim()
  })
}

function readBounded(flag: string, file: string): Uint8Array {
  try {
    return readSmallFile(file, MAX_JSON)
  } catch (error) {
    throw new TlogError('CONFIG_INVALID', `${flag}: ${(error as Error).message}`)
  }
}

/** A model against the manifest that someone signed: every path is one of five things. */

import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { filesOf, type OmsManifest, type OmsResource } from '../formats/model/oms.ts'
import { equal } from '../kernel/bytes.ts'
import type { OnBytes } from './digest-file.ts'
import { digestShards } from './digest-shards.ts'
import { DEFAULT_IGNORED, type ModelFile, walkModel } from './model-directory.ts'

/** Paths from the model's root, in the specification's order. */
export interface ModelFindings {
  /** As it was signed. */
  readonly covered: readonly string[]
  /**
   * There, and left out: by the signer, by the specification, because it is the signature, or empty where what is signed are
   * shards, of which an empty file has none.
   */
  readonly ignored: readonly string[]
  /** Those of them that the signer named. */
  readonly ignoredBySigner: readonly string[]
  /** All that the signer named, there or not: whatever is put there is not looked at. */
  readonly excluded: readonly string[]
  /** There, and not signed. */
  readonly unsigned: readonly string[]
  /** Signed, and not there. */
  readonly missing: readonly string[]
  /** There, with another content than was signed. */
  readonly mismatched: readonly string[]
}

/**
 * @param signature the signature's own path from the model's root, or null where it lies elsewhere
 * @throws TlogError and the system's errors as walkModel and digestShards do
 */
export async function compareModel(
  root: string,
  manifest: OmsManifest,
  signature: string | null,
  onBytes?: OnBytes,
): Promise<ModelFindings> {
  const { ignorePaths, allowSymlinks } = manifest
  const signed = filesOf(manifest)
  const byDefault = DEFAULT_IGNORED.filter((path) => ![...signed.keys()].some((name) => isAtOrBelow(name, path)))
  const ignore = [...byDefault, ...ignorePaths, ...(signature === null ? [] : [signature])]
  const { files, ignored } = await walkModel(root, { ignore, symlinks: allowSymlinks })
  return await compareFiles(manifest, { files, ignored }, onBytes)
}

/**
 * As compareModel, of a model that is one file.
 * @throws the system's error when it cannot be read
 */
export async function compareModelFile(path: string, manifest: OmsManifest, onBytes?: OnBytes): Promise<ModelFindings> {
  const [only = ''] = filesOf(manifest).keys()
  const { size } = await stat(path)
  // The reference implementation calls it so; the specification by its name.
  const name = only === '.' ? only : basename(path)
  return await compareFiles(manifest, { files: [{ name, path, bytes: size }], ignored: [] }, onBytes)
}

interface There {
  readonly files: readonly ModelFile[]
  readonly ignored: readonly string[]
}

async function compareFiles(manifest: OmsManifest, there: There, onBytes: OnBytes = () => undefined) {
  const signed = filesOf(manifest)
  const isEmpty = ({ name, bytes }: ModelFile) => manifest.shardSize !== null && bytes === 0 && !signed.has(name)
  const ignored = [...there.ignored, ...there.files.filter(isEmpty).map(({ name }) => name)]
  const files = there.files.filter((file) => !isEmpty(file))
  const present = new Set(files.map(({ name }) => name))
  const compared = files.filter(({ name }) => signed.has(name))
  const total = compared.reduce((sum, { bytes }) => sum + bytes, 0)
  const [covered, mismatched]: [string[], string[]] = [[], []]
  let before = 0
  for (const file of compared) {
    const parts = signed.get(file.name) ?? []
    const isAsSigned = await isSigned(file, parts, manifest, (done) => onBytes(before + done, total))
    ;(isAsSigned ? covered : mismatched).push(file.name)
    before += file.bytes
  }
  return {
    covered,
    ignored,
    ignoredBySigner: ignored.filter((name) => manifest.ignorePaths.includes(name)),
    excluded: manifest.ignorePaths,
    unsigned: [...present].filter((name) => !signed.has(name)),
    missing: [...signed.keys()].filter((name) => !present.has(name)),
    mismatched,
  }
}

async function isSigned(
  { path }: ModelFile,
  parts: readonly OmsResource[],
  { hash }: OmsManifest,
  onBytes: (done: number) => void,
): Promise<boolean> {
  const shards = parts.flatMap(({ shard }) => (shard === null ? [] : [shard]))
  const { digests, bytes } = await digestShards(path, hash, shards, onBytes)
  const isWhole = shards.length === 0 || bytes === shards.at(-1)?.end
  return isWhole && parts.every(({ digest }, i) => equal(digests[i] ?? new Uint8Array(), digest))
}

function isAtOrBelow(name: string, path: string): boolean {
  return name === path || name.startsWith(`${path}/`)
}

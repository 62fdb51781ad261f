/** A model's directory against the manifest that someone signed: every path is one of five things. */

import type { OmsManifest } from '../formats/model/oms.ts'
import { equal } from '../kernel/bytes.ts'
import type { OnBytes } from './digest-file.ts'
import { DEFAULT_IGNORED, digestModel, walkModel } from './model-directory.ts'

/** Paths from the model's root, in the specification's order. */
export interface ModelFindings {
  /** As it was signed. */
  readonly covered: readonly string[]
  /** There, and left out: by the signer, by the specification, or because it is the signature. */
  readonly ignored: readonly string[]
  /** There, and not signed. */
  readonly unsigned: readonly string[]
  /** Signed, and not there. */
  readonly missing: readonly string[]
  /** There, with another content than was signed. */
  readonly mismatched: readonly string[]
}

/**
 * @param signature the signature's own path from the model's root, or null where it lies elsewhere
 * @throws TlogError and the system's errors as walkModel and digestModel do
 */
export async function compareModel(
  root: string,
  { resources, ignorePaths, allowSymlinks }: OmsManifest,
  signature: string | null,
  onBytes?: OnBytes,
): Promise<ModelFindings> {
  const ignore = [...DEFAULT_IGNORED, ...ignorePaths, ...(signature === null ? [] : [signature])]
  const { files, ignored } = await walkModel(root, { ignore, symlinks: allowSymlinks })
  const signed = new Map(resources.map(({ name, digest }) => [name, digest]))
  const there = new Set(files.map(({ name }) => name))
  const found = await digestModel(
    files.filter(({ name }) => signed.has(name)),
    onBytes,
  )
  const isGood = ({ name, digest }: (typeof found)[number]) => equal(digest, signed.get(name) ?? new Uint8Array())
  return {
    covered: found.filter(isGood).map(({ name }) => name),
    ignored,
    unsigned: [...there].filter((name) => !signed.has(name)),
    missing: [...signed.keys()].filter((name) => !there.has(name)),
    mismatched: found.filter((one) => !isGood(one)).map(({ name }) => name),
  }
}

/** What the caller has: bundles, and documents whose signatures are in the log. Nothing has been checked. */

import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { digest } from '#crypto'
import type { DigestName } from '../../crypto/algorithms.ts'
import { readBounded } from '../../files/read-bounded.ts'
import { documentOf } from '../../formats/lineage/content.ts'
import { located } from '../../formats/located.ts'
import { type Bundle, parseSigstoreBundle } from '../../formats/sigstore/bundle.ts'
import { TlogError } from '../../kernel/error.ts'
import { BUNDLE_MAX_BYTES } from '../verify/claim.ts'

export interface BroughtBundle {
  readonly path: string
  readonly bundle: Bundle
}

export interface BroughtDocument {
  readonly path: string
  readonly bytes: Uint8Array
}

/** Of one directory. */
const MAX_FILES = 1000
const BUNDLE_NAME = /\.(sigstore|sigstore\.json|bundle|bundle\.json)$/
/** What a server keeps. */
const DOCUMENT_MAX_BYTES = 16 * 2 ** 20

/** @param paths of files, or of directories: of these each `….sigstore.json`. @throws TlogError CONFIG_INVALID; the system's error */
export async function readBundles(paths: readonly string[]): Promise<readonly BroughtBundle[]> {
  const found: BroughtBundle[] = []
  for (const path of paths)
    for (const file of await filesOf(path)) {
      const bytes = await readBounded(file, BUNDLE_MAX_BYTES)
      found.push({ path: file, bundle: located('CONFIG_INVALID', file, () => parseSigstoreBundle(bytes)) })
    }
  return found
}

async function filesOf(path: string): Promise<readonly string[]> {
  if (!(await stat(path)).isDirectory()) return [path]
  const names = (await readdir(path)).filter((name) => BUNDLE_NAME.test(name)).sort()
  if (names.length > MAX_FILES) throw new TlogError('CONFIG_INVALID', `${path}: more than ${MAX_FILES} bundles`)
  return names.map((name) => join(path, name))
}

/** CycloneDX and SPDX 3, in JSON. @throws TlogError CONFIG_INVALID; the system's error */
export async function readDocuments(paths: readonly string[]): Promise<readonly BroughtDocument[]> {
  const found: BroughtDocument[] = []
  for (const path of paths) {
    const bytes = await readBounded(path, DOCUMENT_MAX_BYTES)
    if (bytes.length > DOCUMENT_MAX_BYTES || documentOf(bytes) === null)
      throw new TlogError('CONFIG_INVALID', `${path}: no bill of materials in JSON (CycloneDX or SPDX 3)`)
    found.push({ path, bytes })
  }
  return found
}

export function digestsOf(bytes: Uint8Array): ReadonlyMap<DigestName, Uint8Array> {
  return new Map((['SHA2_256', 'SHA2_384', 'SHA2_512'] as const).map((name) => [name, digest(name, bytes)]))
}

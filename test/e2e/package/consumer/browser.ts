/** The same in a page: without what Node alone can check. */

import {
  type Artifact,
  NO_WITNESSES,
  parsePem,
  parseSigstoreBundle,
  parseSpki,
  parseTrustedRoot,
  verifyBundle,
} from 'colophon'

// @ts-expect-error a browser has it not
export type Absent = typeof import('colophon').nodeAbilities

export interface Files {
  readonly bundle: Uint8Array
  readonly root: Uint8Array
  readonly key: string
}

/** Of the log that has the entry. */
export async function originOf({ bundle, root, key }: Files, artifact: Artifact): Promise<string> {
  const [der] = parsePem(key, 'PUBLIC KEY')
  if (der === undefined) return 'no key'
  const { entries } = await verifyBundle(parseSigstoreBundle(bundle), artifact, {
    signer: { kind: 'key', key: parseSpki(der) },
    root: parseTrustedRoot(root),
    policy: NO_WITNESSES,
    abilities: { certificates: null, mlDsa44: null },
  })
  return entries[0]?.inclusion?.origin ?? 'none'
}

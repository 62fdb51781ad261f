/** A program that has Colophon from npm, on Node. It is compiled without Node's types: ours do not ask for them. */

import {
  type Artifact,
  NO_WITNESSES,
  nodeAbilities,
  type OmsManifest,
  omsRoot,
  parseOmsStatement,
  parsePem,
  parseSigstoreBundle,
  parseSpki,
  parseTrustedRoot,
  TlogError,
  type Verdict,
  verifyBundle,
} from 'colophon'

export interface Files {
  readonly bundle: Uint8Array
  readonly root: Uint8Array
  readonly key: string
}

export async function verdictOn(files: Files, artifact: Artifact): Promise<Verdict | string> {
  const [der] = parsePem(files.key, 'PUBLIC KEY')
  if (der === undefined) return 'no key'
  const trust = {
    signer: { kind: 'key' as const, key: parseSpki(der) },
    root: parseTrustedRoot(files.root),
    policy: NO_WITNESSES,
  }
  // @ts-expect-error nothing of the trust may be left out
  const incomplete = () => verifyBundle(parseSigstoreBundle(files.bundle), artifact, trust)
  try {
    return await verifyBundle(parseSigstoreBundle(files.bundle), artifact, { ...trust, abilities: nodeAbilities })
  } catch (error) {
    return error instanceof TlogError ? error.code : `${error}, ${incomplete}`
  }
}

/** What a directory is known by. */
export function rootOf(statement: Uint8Array): [OmsManifest, Artifact] {
  const manifest = parseOmsStatement(statement)
  return [manifest, new Map([['MODEL_ROOT', omsRoot(manifest.resources)]])]
}

/** `dataset prove`: the proof for one document. */

import { writeFileSync } from 'node:fs'
import { Problems } from '../../config/problems.ts'
import { parseFlags } from '../../config.ts'
import { proveDocument } from '../../files/dataset-prove.ts'
import { type DatasetProof, formatDatasetProof } from '../../formats/custody/dataset-proof.ts'
import { safeJson, visible } from '../../formats/visible.ts'
import { hex, parseUtf8 } from '../../kernel/bytes.ts'
import { verifyDatasetProof } from '../../verify/dataset.ts'
import { requireFree } from '../sign/request.ts'
import type { ExitCode, World } from '../world.ts'
import { digestOfDocument, parseDocument } from './document.ts'
import { counter } from './write-manifest.ts'

/** @throws TlogError CONFIG_INVALID, FIELD_INVALID with the manifest's line; the system's error */
export async function prove(argv: readonly string[], world: World): Promise<ExitCode> {
  const problems = new Problems()
  const { flags, on, words } = parseFlags(argv, ['out'], ['json'], problems)
  const [manifest = '', word, third] = words
  if (manifest === '' || third !== undefined) problems.note('', 'prove takes a MANIFEST, and a FILE or sha256:HEX')
  const document = problems.take('', null, () => parseDocument(word))
  const { out } = flags
  if (out !== undefined) problems.take('--out', undefined, () => requireFree(out))
  problems.check()
  if (document === null) return 2
  const sha256 = await digestOfDocument(document, world)
  const proof = await proveDocument(manifest, sha256, { onDocuments: counter(world, 'read') })
  verifyDatasetProof(proof, sha256, { size: proof.size, byPath: proof.root, byDigest: proof.root })
  const file = formatDatasetProof(proof)
  if (out === undefined) world.print(parseUtf8(file))
  else {
    writeFileSync(out, file, { flag: 'wx' })
    world.print(
      on.has('json')
        ? `${safeJson({ proof: out, ...shownJson(proof) })}\n`
        : `${visible(out)}: ${shownText(document.name, proof)}\n`,
    )
  }
  return 0
}

/** What a proof shows, if it holds. */
export function shownJson(proof: DatasetProof): object {
  const { kind, size, root } = proof
  const tree = {
    shows: kind,
    documents: size,
    [kind === 'included' ? 'rfc6962_sha256' : 'rfc6962_sha256_sorted']: hex(root),
  }
  if (kind === 'absent') return { ...tree, sha256: hex(proof.sha256) }
  const { line, index } = proof.document
  return { ...tree, sha256: hex(line.sha256), path: line.path, index }
}

export function shownText(name: string, proof: DatasetProof): string {
  if (proof.kind === 'absent') return `${visible(name)} is NOT among the ${proof.size} documents`
  const { line, index } = proof.document
  return `${visible(name)} is among the ${proof.size} documents, as ${visible(line.path)} (number ${index})`
}

/** `colophon dataset`: what a dataset is committed to by, and what that shows of one document. */

import { statSync } from 'node:fs'
import { Problems } from '../config/problems.ts'
import { parseFlags } from '../config.ts'
import { type DatasetSummary, summarize } from '../files/dataset-manifest.ts'
import { safeJson, visible } from '../formats/visible.ts'
import { hex } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { counter, writeManifest } from './dataset/write-manifest.ts'
import { requireFree } from './sign/request.ts'
import type { Command, ExitCode, World } from './world.ts'

export const dataset: Command = {
  name: 'dataset',
  usage: `colophon dataset snapshot DIR --manifest FILE [--salted] [--ignore PATH,PATH] [--json]
colophon dataset snapshot MANIFEST [--json]
colophon dataset prove MANIFEST FILE|sha256:HEX [--out PROOF] [--json]
colophon dataset verify PROOF FILE|sha256:HEX --bundle FILE SIGNER --trusted-root FILE [--policy FILE] [--json]
colophon dataset verify PROOF FILE|sha256:HEX --root rfc6962_sha256:HEX --size N [--json]

  A dataset of any size is known by two roots over its manifest, which lists each document: of the tree by paths and of the
  tree by digests. With the manifest its owner can show of any document that it was in it, or that it was not.

  snapshot  writes the manifest of a directory, or reads one, and prints its digests; \`colophon attest dataset-snapshot\`
            says of whom it is, and from where
  prove     writes the proof for one document: its place, or the two neighbours between which it would stand
  verify    whether that holds for the dataset of a statement, whose signature is verified too; or for a root that you
            know (rfc6962_sha256: of the tree by paths; rfc6962_sha256_sorted: of the tree by digests). Offline

  --salted        each document gets a secret, which stands in the manifest: for data that nobody may guess at. Keep the
                  manifest: without it nothing can be shown any more
  --ignore        what stays out
  SIGNER          --key FILE, or --certificate-identity NAME with --certificate-oidc-issuer URL
  --trusted-root  trusted_root.json: logs and authorities that count (COLOPHON_TRUSTED_ROOT)

  That a document was not there is shown as far as the owner sorted by digests, as whoever has the manifest can check. Bytes
  are compared, not meanings: a document with one more space is another one.
  Exit code 0: done; of verify: the proof holds, whichever it shows. 1: it does not. 2: wrong use. 3: it could not be done.`,

  async run([action, ...argv], world): Promise<ExitCode> {
    if (action === 'snapshot') return await snapshot(argv, world)
    if (action === 'prove') return (await import('./dataset/prove.ts')).prove(argv, world)
    if (action === 'verify') return (await import('./dataset/verify.ts')).verify(argv, world)
    throw new TlogError('CONFIG_INVALID', 'dataset takes snapshot, prove or verify')
  },
}

interface Order {
  readonly path: string
  /** Null: the path is a manifest. */
  readonly out: string | null
  readonly ignore: readonly string[]
  readonly isSalted: boolean
  readonly json: boolean
}

async function snapshot(argv: readonly string[], world: World): Promise<ExitCode> {
  const order = parseOrder(argv)
  const { path, out, json } = order
  const leftOut = out === null ? [] : await writeManifest({ ...order, out }, world)
  const manifest = out ?? path
  const summary = await summarize(manifest, { onDocuments: counter(world, 'read') })
  world.print(json ? `${safeJson(summaryJson(manifest, summary, leftOut))}\n` : text(manifest, summary, leftOut))
  return 0
}

function parseOrder(argv: readonly string[]): Order {
  const problems = new Problems()
  const { flags, on, words } = parseFlags(argv, ['manifest', 'ignore'], ['salted', 'json'], problems)
  const [path = '', second] = words
  const stat = path === '' ? undefined : statSync(path, { throwIfNoEntry: false })
  if (path === '' || second !== undefined) problems.note('', 'snapshot takes one DIR or MANIFEST')
  else if (stat === undefined) problems.note('', `there is no ${path}`)
  const out = flags.manifest ?? null
  const isDirectory = stat?.isDirectory() === true
  if (isDirectory && out === null) problems.note('--manifest', 'missing: where the list of its documents goes')
  if (stat !== undefined && !isDirectory)
    for (const name of ['manifest', 'ignore', 'salted'])
      if (flags[name] !== undefined || on.has(name)) problems.note(`--${name}`, 'is for a DIR')
  if (out !== null) problems.take('--manifest', undefined, () => requireFree(out))
  problems.check()
  return { path, out, ignore: flags.ignore?.split(',') ?? [], isSalted: on.has('salted'), json: on.has('json') }
}

function summaryJson(manifest: string, summary: DatasetSummary, leftOut: readonly string[]): object {
  return {
    manifest,
    sha256: hex(summary.manifest),
    documents: summary.size,
    bytes: summary.bytes,
    salted: summary.isSalted,
    dirHash: summary.dirHash && hex(summary.dirHash),
    rfc6962_sha256: hex(summary.byPath),
    rfc6962_sha256_sorted: hex(summary.byDigest),
    ignored: leftOut,
  }
}

function text(manifest: string, summary: DatasetSummary, leftOut: readonly string[]): string {
  const { size, bytes, isSalted, dirHash, byPath, byDigest } = summary
  const rows: (readonly [string, string])[] = [
    ['manifest', manifest],
    ['sha256', hex(summary.manifest)],
    ['documents', `${size}, of ${bytes} bytes`],
    ...(leftOut.length === 0 ? [] : [['left out', leftOut.join(', ')] as const]),
    ...(dirHash === null ? [] : [['dirHash', hex(dirHash)] as const]),
    ['by path', `${hex(byPath)} (rfc6962_sha256)`],
    ['by digest', `${hex(byDigest)} (rfc6962_sha256_sorted)`],
    ...(isSalted ? [['salted', 'the manifest holds the secrets: keep it, and to yourself'] as const] : []),
  ]
  return rows.map(([name, value]) => `${name.padEnd(9)} ${visible(value)}\n`).join('')
}

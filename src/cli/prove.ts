/** `colophon prove`: the proof of an entry as a file, verified before it is written. */

import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { readSmallFile } from '../config/files.ts'
import type { Flags } from '../config/flags.ts'
import { Problems } from '../config/problems.ts'
import { parseData, parseFlags } from '../config.ts'
import { type Policy, parsePolicy } from '../formats/c2sp/policy.ts'
import { formatTlogProof } from '../formats/c2sp/tlog-proof.ts'
import { KEY_TYPE, parseVkey, type Vkey } from '../formats/c2sp/vkey.ts'
import { hash, leafIndex, type TreeSize } from '../kernel/brand.ts'
import { equal, hex, parseDecimal, parseHex, parseUtf8 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { verifyInclusion } from '../kernel/proof.ts'
import { checkSlug } from '../storage/database.ts'
import { parseCopyUrl } from '../storage/http-copy.ts'
import { NO_WITNESSES, openCheckpoint } from '../verify/checkpoint.ts'
import { verifyMlDsa44 } from '../verify-node/ml-dsa.ts'
import { DEFAULT_SLUG, placeOf } from './data.ts'
import { type Found, findAtUrl, findInData, type Wanted } from './proof-sources.ts'
import type { Command, ExitCode, World } from './world.ts'

const POLICY_MAX_BYTES = 1024 * 1024

export const prove: Command = {
  name: 'prove',
  usage: `colophon prove INDEX|LEAF [--log SLUG] [--out FILE] [--data DIR] [--database URL] [--publish s3://…]
              [--vkey KEY | --policy FILE]
colophon prove INDEX|LEAF [--log SLUG] [--out FILE] --url URL (--vkey KEY | --policy FILE)

  Writes a proof file (c2sp.org/tlog-proof) against the newest checkpoint, to FILE or, without --out, to standard
  output. FILE usually ends in .tlog-proof and must not exist. The entry itself is not in it: keep that too.

  INDEX     the entry's position, from 0
  LEAF      or the hash of its leaf, 64 lowercase hex digits
  --log     the log's slug (${DEFAULT_SLUG})
  --data    data directory to read (./data); a server may be running
  --publish where the entries are that left the database (\`serve --keep-entries\`)
  --url     server to ask instead; what it says is verified, so its log's key must be named
  --vkey    the log's verifier key; with --data its own when absent
  --policy  trust policy (c2sp.org/tlog-policy) that names the log's key; its quorum must have cosigned

  Nothing is written unless a named key signed the checkpoint, the policy is met, and the path leads to its root.
  Exit code 0: written. 2: wrong use. 3: there is no such entry yet, or something did not verify.`,

  async run(argv, world): Promise<ExitCode> {
    const { flags, words } = parseFlags(argv, ['data', 'database', 'publish', 'url', 'log', 'out', 'vkey', 'policy'])
    const { wanted, slug, url, policy } = parseRequest(flags, words)
    const found =
      url === null
        ? await findInData(wanted, { place: placeOf(parseData(flags, world.env), world), slug })
        : await findAtUrl(wanted, { url, slug, clock: world.clock })
    const size = await verify(found, wanted, policy ?? pinned(found.ownKeys))
    const { index, leaf, path, note } = found
    write(formatTlogProof({ extra: null, index, path, note }), flags.out, world)
    if (flags.out !== undefined)
      world.print(`${flags.out}: entry ${index} with the leaf ${hex(leaf)} in the tree of ${size}\n`)
    return 0
  },
}

interface Request {
  readonly wanted: Wanted
  readonly slug: string
  /** Null: a data directory. */
  readonly url: URL | null
  /** Null: the data directory's own key. */
  readonly policy: Policy | null
}

/** @throws TlogError CONFIG_INVALID with all that is wrong. */
function parseRequest(flags: Flags, words: readonly string[]): Request {
  const problems = new Problems()
  const nothing: Wanted = { index: leafIndex(0) }
  const wanted = problems.take('', nothing, () => parseWanted(words))
  const slug = flags.log ?? DEFAULT_SLUG
  problems.take('--log', undefined, () => checkSlug(slug))
  const url = problems.take('--url', null, () => (flags.url === undefined ? null : parseCopyUrl(flags.url)))
  if (flags.url !== undefined && flags.data !== undefined) problems.note('--url', 'not together with --data')
  if (flags.vkey !== undefined && flags.policy !== undefined) problems.note('--vkey', 'not together with --policy')
  if (flags.url !== undefined && flags.vkey === undefined && flags.policy === undefined)
    problems.note('--url', 'needs --vkey or --policy: a server cannot vouch for its own key')
  const key = problems.take('--vkey', null, () => (flags.vkey === undefined ? null : pinned([parseKey(flags.vkey)])))
  const listed = problems.take('--policy', null, () => (flags.policy === undefined ? null : readPolicy(flags.policy)))
  problems.check()
  return { wanted, slug, url, policy: key ?? listed }
}

function parseWanted([word, ...rest]: readonly string[]): Wanted {
  if (word === undefined || rest.length > 0) throw new Error('prove takes one INDEX or LEAF')
  if (/^[0-9a-f]{64}$/.test(word)) return { leaf: hash(parseHex(word)) }
  if (/^[0-9]{1,19}$/.test(word)) return { index: leafIndex(parseDecimal(word)) }
  throw new Error(`neither an index nor 64 lowercase hex digits: ${word.slice(0, 72)}`)
}

function parseKey(text: string): Vkey {
  const vkey = parseVkey(text)
  if (vkey.type !== KEY_TYPE.ed25519) throw new Error('an Ed25519 key of a log is taken (type 0x01)')
  return vkey
}

function readPolicy(path: string): Policy {
  const policy = parsePolicy(readSmallFile(resolve(path), POLICY_MAX_BYTES))
  if (policy.logs.length === 0) throw new Error('it names no log')
  return policy
}

function pinned(keys: readonly Vkey[]): Policy {
  return { ...NO_WITNESSES, logs: keys.map((vkey) => ({ vkey })) }
}

/**
 * The size of the tree in which it is proven.
 * @throws TlogError PROOF_INVALID, and as openCheckpoint does
 */
async function verify(found: Found, wanted: Wanted, policy: Policy): Promise<TreeSize> {
  const { index, leaf, path, note } = found
  if ('index' in wanted ? wanted.index !== index : !equal(wanted.leaf, leaf))
    throw new TlogError('PROOF_INVALID', 'what came back is about another entry')
  const checkpoint = await openCheckpoint(note, policy, verifyMlDsa44)
  verifyInclusion(leaf, index, checkpoint, path)
  return checkpoint.size
}

/** A file that is there already stays: its name may have been a mistake. */
function write(file: Uint8Array, out: string | undefined, world: World): void {
  if (out === undefined) world.print(parseUtf8(file))
  else writeFileSync(out, file, { flag: 'wx' })
}

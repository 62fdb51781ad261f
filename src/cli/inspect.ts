/** `colophon inspect`: what a file says, decoded and annotated. It verifies nothing, and says so first. */

import { statSync } from 'node:fs'
import { sha256 } from '#sha256'
import type { Flags } from '../config/flags.ts'
import { Problems } from '../config/problems.ts'
import { parseFlags } from '../config.ts'
import type { ByteSource } from '../formats/model/byte-source.ts'
import { safeJson, visible } from '../formats/visible.ts'
import { hex } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { renderJson } from './inspect/json.ts'
import { type Kind, type Sample, WHOLE_BYTES } from './inspect/kind.ts'
import { KINDS } from './inspect/kinds.ts'
import { type AskLog, NOBODY } from './inspect/logged-by.ts'
import { STDIN, withSample } from './inspect/read-sample.ts'
import { BRIEF, renderText, VERBOSE } from './inspect/text.ts'
import { attemptAsync, type Content, countMalformed, type Node, part, parts } from './inspect/tree.ts'
import { MEBIBYTES, progressBar } from './progress.ts'
import type { Command, ExitCode, World } from './world.ts'

const FLAGS = ['against', 'log', 'trusted-root', 'policy']
const NOTICE = 'NOT VERIFIED: this shows what the file says, true or not; `colophon verify` checks it'

export const inspect: Command = {
  name: 'inspect',
  usage: `colophon inspect FILE|DIR|- [--digests] [--json] [--verbose]
colophon inspect MODEL --against OTHER [--json] [--verbose]
colophon inspect MODEL --log URL [--trusted-root FILE] [--policy FILE] [--json] [--verbose]

  Shows a Sigstore bundle, proof file, checkpoint or signed note, trusted root, signing config, client trust config,
  trust policy, verifier key, log entry, DSSE envelope, in-toto statement, public key, certificate or RFC 3161
  timestamp; or a model: GGUF, safetensors, llamafile, or a directory of files. Which of them, its content tells.
  Nothing is verified, and without --log nothing is fetched.

  -          reads standard input
  --digests  of a model above 32 MiB, and of a directory, too: reads all of it
  --against  another file of weights: whether the model differs, or only what is said of it
  --log      a server to ask what it has about a model, and about each part of a llamafile
  --trusted-root, --policy  logs that count: with one of them, what the log shows is verified to be in it
  --json     the same for programs (docs/inspect.md)
  --verbose  long values and lists in full

  Exit code 0: shown. 1: recognised, and malformed in some part. 2: wrong use. 3: cannot be read, or of no known kind.`,

  async run(argv, world): Promise<ExitCode> {
    const { flags, on, words } = parseFlags(argv, FLAGS, ['digests', 'json', 'verbose'])
    const [path, ...rest] = words
    if (path === undefined || rest.length > 0) throw new TlogError('CONFIG_INVALID', 'inspect takes one FILE, DIR or -')
    const seen: Seen = { path, isJson: on.has('json'), isVerbose: on.has('verbose') }
    const isAsked = flags.log !== undefined
    if (path !== STDIN && statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
      if (isAsked || flags.against !== undefined)
        throw new TlogError('CONFIG_INVALID', '--log and --against are of a file, not of a directory')
      return await inspectDirectory(seen, on.has('digests'), world)
    }
    const asking: Asking = {
      isHashed: on.has('digests') || isAsked,
      ask: isAsked ? await askerOf(flags, world) : null,
      against: flags.against ?? null,
    }
    return await inspectFile(seen, asking, world)
  },
}

/** What is looked at, and how it is shown. */
interface Seen {
  readonly path: string
  readonly isJson: boolean
  readonly isVerbose: boolean
}

interface Asking {
  readonly isHashed: boolean
  /** Null: nobody is asked. */
  readonly ask: AskLog | null
  /** The file that it is compared with. */
  readonly against: string | null
}

async function inspectFile(seen: Seen, { isHashed, ask, against }: Asking, world: World): Promise<ExitCode> {
  const { path } = seen
  // What a server does not answer is no fault of the file.
  const failed: unknown[] = []
  const askLog: AskLog = async (digest) => {
    try {
      return await (ask ?? NOBODY)(digest)
    } catch (error) {
      failed.push(error)
      throw error
    }
  }
  const onBytes = progressBar(world, `hashing ${visible(path)}`, MEBIBYTES)
  return await withSample(path, { world, isHashed, onBytes, askLog }, async (sample) => {
    const found = recognise(sample)
    if (found === null) return unknown(sample, world)
    if (ask !== null && found.kind.isModel !== true)
      throw new TlogError('CONFIG_INVALID', `--log: a log is asked about models, and this is ${found.kind.title}`)
    const content = await attemptAsync(async () => await found.kind.show(sample))
    if (failed.length > 0) throw failed[0]
    const compared = against === null ? null : await compare(sample.source, against, world)
    const { size, whole } = sample
    return show(
      { ...found, size, sha256: whole && hex(sha256(whole)), content: together(compared, content) },
      seen,
      world,
    )
  })
}

async function compare(source: ByteSource, other: string, world: World): Promise<Node> {
  const { againstNode } = await import('./inspect/against.ts')
  return await againstNode(source, other, progressBar(world, `comparing with ${visible(other)}`, MEBIBYTES))
}

/** What was asked comes first. */
function together(compared: Node | null, content: Content): Content {
  if (compared === null) return content
  return parts(compared, ...(content.kind === 'parts' ? content.parts : [part('content', content)]))
}

async function inspectDirectory(seen: Seen, isHashed: boolean, world: World): Promise<ExitCode> {
  const { showDirectory } = await import('./inspect/directory.ts')
  const onBytes = isHashed ? progressBar(world, `hashing ${visible(seen.path)}`, MEBIBYTES) : null
  const content = await showDirectory(seen.path, onBytes)
  const kind = { name: 'model-directory', title: 'a directory, looked at as a model' }
  return show({ kind, because: 'being one', size: null, sha256: null, content }, seen, world)
}

/** Loaded when a log is asked: whoever only looks does not wait for it. @throws TlogError CONFIG_INVALID */
async function askerOf({ log, ...flags }: Flags, world: World): Promise<AskLog> {
  const [{ serverOf }, { askLog }, { configureCrypto }] = await Promise.all([
    import('./look/server.ts'),
    import('./inspect/logged.ts'),
    import('../crypto/node.ts'),
  ])
  configureCrypto({ workers: 0 })
  const problems = new Problems()
  const asked = await serverOf({ ...flags, url: log }, world, problems)
  problems.check()
  return askLog(asked)
}

interface Found {
  readonly kind: Kind
  readonly because: string
}

function recognise(sample: Sample): Found | null {
  for (const kind of KINDS) {
    const because = kind.recognise(sample)
    if (because !== null) return { kind, because }
  }
  return null
}

interface Shown {
  readonly kind: Pick<Kind, 'name' | 'title'>
  readonly because: string
  /** In bytes; null of a directory. */
  readonly size: number | null
  /** In hex; null of what is not read whole. */
  readonly sha256: string | null
  readonly content: Content
}

function show(shown: Shown, { path, isJson, isVerbose }: Seen, world: World): ExitCode {
  world.print(isJson ? jsonOf(shown) : textOf(shown, path, isVerbose))
  return countMalformed(shown.content) === 0 ? 0 : 1
}

function textOf({ kind, because, size, sha256, content }: Shown, path: string, isVerbose: boolean): string {
  const name = path === STDIN ? 'standard input' : visible(path)
  const length = size === null ? '' : `; ${size} bytes${sha256 === null ? '' : `, SHA-256 ${sha256}`}`
  const faults = countMalformed(content)
  const end = faults === 0 ? '' : `\n${faults} ${faults === 1 ? 'part is' : 'parts are'} malformed\n`
  return `${NOTICE}\n\n${name}: ${kind.title}, recognised by ${because}${length}\n\n${renderText(content, isVerbose ? VERBOSE : BRIEF)}${end}`
}

function jsonOf({ kind, because, size, sha256, content }: Shown): string {
  const document = {
    notice: NOTICE,
    kind: kind.name,
    recognisedBy: because,
    size,
    sha256,
    malformed: countMalformed(content),
    content: renderJson(content),
  }
  return `${safeJson(document, 2)}\n`
}

function unknown({ json, whole, size }: Sample, world: World): ExitCode {
  if (json instanceof TlogError) world.warn(`of no known kind, and not JSON: ${visible(json.message)}`)
  else if (whole === null)
    world.warn(`of no known kind by its beginning; ${size} bytes are too many to read whole (${WHOLE_BYTES})`)
  else world.warn('of no known kind')
  return 3
}

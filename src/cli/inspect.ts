/** `colophon inspect`: what a file says, decoded and annotated. It verifies nothing, and says so first. */

import { sha256 } from '#sha256'
import type { Flags } from '../config/flags.ts'
import { Problems } from '../config/problems.ts'
import { parseFlags } from '../config.ts'
import { safeJson, visible } from '../formats/visible.ts'
import { hex } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { renderJson } from './inspect/json.ts'
import { type Kind, type Sample, WHOLE_BYTES } from './inspect/kind.ts'
import { KINDS } from './inspect/kinds.ts'
import { type AskLog, NOBODY } from './inspect/logged-by.ts'
import { STDIN, withSample } from './inspect/read-sample.ts'
import { BRIEF, renderText, VERBOSE } from './inspect/text.ts'
import { attemptAsync, type Content, countMalformed } from './inspect/tree.ts'
import { MEBIBYTES, progressBar } from './progress.ts'
import type { Command, ExitCode, World } from './world.ts'

const NOTICE = 'NOT VERIFIED: this shows what the file says, true or not; `colophon verify` checks it'

export const inspect: Command = {
  name: 'inspect',
  usage: `colophon inspect FILE|- [--digests] [--json] [--verbose]
colophon inspect MODEL --log URL [--trusted-root FILE] [--policy FILE] [--json] [--verbose]

  Shows a Sigstore bundle, proof file, checkpoint or signed note, trusted root, signing config, client trust config,
  trust policy, verifier key, log entry, DSSE envelope, in-toto statement, public key, certificate or RFC 3161
  timestamp; or a model: GGUF, safetensors or llamafile. Which of them, its content tells. Nothing is verified, and
  without --log nothing is fetched.

  -          reads standard input
  --digests  of a model above 32 MiB too: reads all of it
  --log      a server to ask what it has about a model, and about each part of a llamafile
  --trusted-root, --policy  logs that count: with one of them, what the log shows is verified to be in it
  --json     the same for programs (docs/inspect.md)
  --verbose  long values and lists in full

  Exit code 0: shown. 1: recognised, and malformed in some part. 2: wrong use. 3: cannot be read, or of no known kind.`,

  async run(argv, world): Promise<ExitCode> {
    const { flags, on, words } = parseFlags(argv, ['log', 'trusted-root', 'policy'], ['digests', 'json', 'verbose'])
    const [path, ...rest] = words
    if (path === undefined || rest.length > 0) throw new TlogError('CONFIG_INVALID', 'inspect takes one FILE, or -')
    const onBytes = progressBar(world, `hashing ${visible(path)}`, MEBIBYTES)
    const isAsked = flags.log !== undefined
    const asked = isAsked ? await asking(flags, world) : NOBODY
    // What a server does not answer is no fault of the file.
    const failed: unknown[] = []
    const askLog: AskLog = async (digest) => {
      try {
        return await asked(digest)
      } catch (error) {
        failed.push(error)
        throw error
      }
    }
    const options = { world, isHashed: on.has('digests') || isAsked, onBytes, askLog }
    return await withSample(path, options, async (sample) => {
      const found = recognise(sample)
      if (found === null) return unknown(sample, world)
      if (isAsked && found.kind.isModel !== true)
        throw new TlogError('CONFIG_INVALID', `--log: a log is asked about models, and this is ${found.kind.title}`)
      const content = await attemptAsync(async () => await found.kind.show(sample))
      if (failed.length > 0) throw failed[0]
      const shown: Shown = { path, sample, content, ...found }
      world.print(on.has('json') ? jsonOf(shown) : textOf(shown, on.has('verbose')))
      return countMalformed(content) === 0 ? 0 : 1
    })
  },
}

/** Loaded when a log is asked: whoever only looks does not wait for it. @throws TlogError CONFIG_INVALID */
async function asking({ log, ...flags }: Flags, world: World): Promise<AskLog> {
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

interface Shown extends Found {
  readonly path: string
  readonly sample: Sample
  readonly content: Content
}

function textOf({ path, kind, because, sample, content }: Shown, isVerbose: boolean): string {
  const name = path === STDIN ? 'standard input' : visible(path)
  const faults = countMalformed(content)
  const end = faults === 0 ? '' : `\n${faults} ${faults === 1 ? 'part is' : 'parts are'} malformed\n`
  return `${NOTICE}\n\n${name}: ${kind.title}, recognised by ${because}; ${sample.size} bytes${digest(sample, ', SHA-256 ')}\n\n${renderText(content, isVerbose ? VERBOSE : BRIEF)}${end}`
}

function digest({ whole }: Sample, before: string): string {
  return whole === null ? '' : before + hex(sha256(whole))
}

function jsonOf({ kind, because, sample, content }: Shown): string {
  const document = {
    notice: NOTICE,
    kind: kind.name,
    recognisedBy: because,
    size: sample.size,
    sha256: sample.whole === null ? null : digest(sample, ''),
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

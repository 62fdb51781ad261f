/** `colophon get`: an entry of a log, by index, by ID, or by the file that it is about. */

import { Problems } from '../config/problems.ts'
import { parseFlags } from '../config.ts'
import { configureCrypto } from '../crypto/node.ts'
import { isEntryId } from '../formats/sigstore/read-log-entry-v1.ts'
import { safeJson, visible } from '../formats/visible.ts'
import { leafIndex } from '../kernel/brand.ts'
import { base64, parseDecimal } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { DEFAULT_SLUG } from './data.ts'
import { renderJson } from './inspect/json.ts'
import { showBody } from './inspect/show-body.ts'
import { BRIEF, renderText, VERBOSE } from './inspect/text.ts'
import { attempt } from './inspect/tree.ts'
import { measure, type SeenEntry } from './look/entry.ts'
import { type EntryPlace, placesOf, type WantedEntry } from './look/fetch.ts'
import { exitOf, headingOf, type Judged, type JudgedOutcome, judge } from './look/judged.ts'
import { type AskedServer, SERVER_FLAGS, serverOf, TRUST_USAGE } from './look/server.ts'
import { digestText, parseSubject, type Subject } from './verify/subject.ts'
import { GAPS, place, quoted, row, utc, witnesses } from './verify/text.ts'
import type { Command, ExitCode, World } from './world.ts'

/** Of a digest. */
const MAX_SHOWN = 20
const SIGNATURE_GAP =
  'Whether the signature in the entry is good, and whose it is: `colophon verify` takes the file and its signer.'

export const get: Command = {
  name: 'get',
  usage: `colophon get INDEX|ID|FILE|DIGEST --url URL [--log SLUG] [--trusted-root FILE] [--policy FILE] [--json] [--verbose]

  Shows an entry of a log, decoded, and verifies that the log has it. The server may be a Colophon, a Rekor v1 log, or a
  log of tiles such as Rekor v2, which is asked by INDEX alone.

  INDEX           the entry's position, from 0; of a Rekor v1 log over all its shards
  ID              its UUID as Rekor v1 writes it (80 hex digits), or the hash of its leaf (64)
  FILE, DIGEST    what it is about: a file, or sha256:HEX (or sha384, sha512); up to ${MAX_SHOWN} entries are shown
  --url           the server to ask
  --log           of a Colophon, the log: its slug (for an INDEX ${DEFAULT_SLUG}, or without one Rekor v1; else any)
${TRUST_USAGE}
  --json          an object a line (docs/search.md)
  --verbose       long values in full

  Exit code 0: shown, and verified where a trust was named. 1: it did not verify. 2: wrong use. 3: there is no such
  entry, or it could not be determined.`,

  async run(argv, world): Promise<ExitCode> {
    configureCrypto({ workers: 0 }) // a handful of signatures
    const problems = new Problems()
    const { flags, on, words } = parseFlags(argv, SERVER_FLAGS, ['json', 'verbose'], problems)
    const asked = await serverOf(flags, world, problems)
    const named = problems.take('', null, () => parseNamed(words))
    problems.check()
    const wanted = await wantedOf(named as Named, world)
    const outcomes: JudgedOutcome[] = []
    for await (const place of placesOf(wanted, asked)) {
      if (outcomes.length === MAX_SHOWN) {
        world.warn(`${MAX_SHOWN} entries are shown, and there are more: colophon search`)
        break
      }
      const judged = await judge(asked.logs !== null, async () => measure(await place.read(), asked.logs))
      world.print(on.has('json') ? asJson(asked, place, judged) : asText(asked, place, judged, on.has('verbose')))
      outcomes.push(judged.outcome)
    }
    if (outcomes.length === 0) throw new TlogError('NOT_FOUND', `${asked.url} shows no entry about it`)
    return exitOf(outcomes)
  },
}

type Named = Exclude<WantedEntry, { kind: 'digest' }> | { readonly kind: 'subject'; readonly subject: Subject }

function parseNamed(words: readonly string[]): Named {
  const [word, ...rest] = words
  if (word === undefined || rest.length > 0) throw new Error('get takes one INDEX, ID, FILE or DIGEST')
  if (/^[0-9]{1,16}$/.test(word)) return { kind: 'index', index: leafIndex(parseDecimal(word)) }
  if (isEntryId(word)) return { kind: 'id', id: word }
  const subject = parseSubject(words)
  if (subject.kind === 'directory') throw new Error('a directory has no digest to ask for')
  return { kind: 'subject', subject }
}

async function wantedOf(named: Named, world: World): Promise<WantedEntry> {
  return named.kind === 'subject' ? { kind: 'digest', digest: await digestText(named.subject, world) } : named
}

function asJson({ url }: AskedServer, { name }: EntryPlace, { outcome, shown, error }: Judged<SeenEntry>): string {
  const content = shown && attempt(() => showBody(shown.body))
  const entry = shown && { ...shown, body: base64(shown.body), content: content && renderJson(content) }
  return `${safeJson({ url, place: name, outcome, entry, error })}\n`
}

function asText(asked: AskedServer, { name }: EntryPlace, judged: Judged<SeenEntry>, isVerbose: boolean): string {
  const { shown, outcome } = judged
  const lines = [...headingOf(`${asked.url}${name}`, judged), ...(shown === null ? [] : describe(shown, outcome))]
  const content =
    shown === null
      ? ''
      : renderText(
          attempt(() => showBody(shown.body)),
          isVerbose ? VERBOSE : BRIEF,
        )
  return `${[...lines.map(visible), ''].join('\n')}\n${content}`
}

function describe({ inclusion, promised }: SeenEntry, outcome: JudgedOutcome): string[] {
  const gaps = [SIGNATURE_GAP, ...(inclusion.cosigners.length === 0 ? [GAPS.witnesses] : [])]
  return [
    row('log', outcome === 'unchecked' ? claimed(inclusion) : place(inclusion)),
    ...witnesses(inclusion.cosigners),
    ...(promised === null ? [] : [row('when', `${utc(promised)}, as the log promised`)]),
    ...(outcome === 'verified' ? ['Not covered:', ...gaps.map((gap) => `  - ${gap}`)] : []),
  ]
}

function claimed({ origin, index, size }: SeenEntry['inclusion']): string {
  return `at ${index} in a tree of ${size} that is said to be of ${quoted(origin)}`
}

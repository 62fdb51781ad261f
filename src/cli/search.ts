/** `colophon search`: the entries of a server by the file they are about, the name or the key of the signer. */

import { openLogServer } from '../client/log-server.ts'
import { type Hit, type Hits, searchColophon, searchRekor } from '../client/search.ts'
import { wholeNumber } from '../config/parsers.ts'
import { Problems } from '../config/problems.ts'
import { parseFlags } from '../config.ts'
import { configureCrypto } from '../crypto/node.ts'
import type { EntryQuery } from '../formats/entry-query.ts'
import { safeJson, visible } from '../formats/visible.ts'
import { TlogError } from '../kernel/error.ts'
import { measure } from './look/entry.ts'
import { placed } from './look/fetch.ts'
import { exitOf, type Judged, type JudgedOutcome, judge } from './look/judged.ts'
import { asRekorQuery, fitsByItself, parseTyped, QUERY_FLAGS, queryOf, type Typed } from './look/query.ts'
import { type AskedServer, serverOf, TRUST_USAGE } from './look/server.ts'
import type { Command, ExitCode, World } from './world.ts'

const DEFAULT_LIMIT = 100

export const search: Command = {
  name: 'search',
  usage: `colophon search [FILE|DIGEST] --url URL [--email NAME] [--subject NAME] [--key FILE] [--operator and|or]
                [--limit N] [--trusted-root FILE] [--policy FILE] [--json]

  Finds the entries of a Colophon or of a Rekor v1 log, says how many they are, and lists them. Where a trust is named,
  each one that is listed is fetched and verified: that the log has it, and that it fits.

  FILE, DIGEST    entries about a file, or about sha256:HEX (or sha384, sha512)
  --email         entries whose signer's certificate has this address
  --subject       entries whose signer's certificate has this name, of any kind
  --key           entries by the public key, or with the certificate, in FILE (PEM)
  --operator      whether all that is given must fit, or any (or)
  --url           the server to ask
  --limit         entries to list (${DEFAULT_LIMIT}); all are counted
${TRUST_USAGE}
  --json          an object a line, the last one about the whole (docs/search.md)

  Exit code 0: found, and verified where a trust was named. 1: nothing was found, or a listed one did not verify.
  2: wrong use. 3: it could not be determined.`,

  async run(argv, world): Promise<ExitCode> {
    configureCrypto({ workers: 0 }) // one entry after the other
    const problems = new Problems()
    const names = ['url', 'trusted-root', 'policy', 'limit', ...QUERY_FLAGS]
    const { flags, on, words } = parseFlags(argv, names, ['json'], problems)
    const asked = await serverOf(flags, world, problems)
    const typed = parseTyped(words, flags, problems)
    const { limit: said = String(DEFAULT_LIMIT) } = flags
    const limit = problems.take('--limit', 1, () => wholeNumber(1, Number.MAX_SAFE_INTEGER)(said))
    problems.check()
    const query = await queryOf(typed, world)
    const found = await begin(asked, query, { typed, limit })
    const isJson = on.has('json')
    if (!isJson) world.print(heading(asked, found.count, limit))
    const show = isJson ? asJson(world) : asText(world)
    const { outcomes, listed } = await list(found, { asked, query, limit }, show)
    world.print(isJson ? `${safeJson({ url: asked.url, count: found.count, listed })}\n` : COMPLETE)
    return listed === 0 ? 1 : exitOf([...outcomes])
  },
}

/** @throws TlogError CHECK_UNAVAILABLE of a server that has no search */
async function begin(
  { ask, url }: AskedServer,
  query: EntryQuery,
  { typed, limit }: { readonly typed: Typed; readonly limit: number },
): Promise<Hits> {
  const { kind } = await openLogServer(ask, url)
  if (kind === 'tiles') throw new TlogError('CHECK_UNAVAILABLE', `${url}: a log of tiles cannot be searched`)
  if (kind === 'rekor-v1') return await searchRekor(ask, url, asRekorQuery(query, typed.key))
  return await searchColophon(ask, url, query, limit)
}

interface Listed {
  readonly hit: Hit
  readonly judged: Judged<{ readonly fits: 'leaf' | 'server' }>
}

interface Wanted {
  readonly asked: AskedServer
  readonly query: EntryQuery
  readonly limit: number
}

/** One by one: there may be a million. */
async function list(
  found: Hits,
  { asked, query, limit }: Wanted,
  show: (listed: Listed) => void,
): Promise<{ readonly outcomes: ReadonlySet<JudgedOutcome>; readonly listed: number }> {
  const outcomes = new Set<JudgedOutcome>()
  let listed = 0
  for await (const hit of found.hits()) {
    const judged = await judge(asked.logs !== null, () => look(hit, asked, query))
    show({ hit, judged })
    outcomes.add(judged.outcome)
    if (++listed === limit) break
  }
  return { outcomes, listed }
}

async function look(
  { place, leaf }: Hit,
  asked: AskedServer,
  query: EntryQuery,
): Promise<{ readonly fits: 'leaf' | 'server' }> {
  if (asked.logs === null) return { fits: 'server' }
  const entry = await measure(await placed(asked, place).read(), asked.logs)
  if (entry.leaf !== leaf) throw new TlogError('ENTRY_MISMATCH', `the entry has the leaf ${entry.leaf}`)
  return { fits: fitsByItself(entry.body, query) ? 'leaf' : 'server' }
}

function asJson(world: World): (listed: Listed) => void {
  return ({ hit, judged: { outcome, shown, error } }) => {
    const { name, place, leaf } = hit
    world.print(`${safeJson({ entry: name, place, leaf, outcome, fits: shown?.fits ?? null, error })}\n`)
  }
}

function asText(world: World): (listed: Listed) => void {
  return ({ hit: { name, leaf }, judged: { outcome, shown, error } }) => {
    const word = shown?.fits === 'server' ? 'verified, but that it fits is the word of the server' : 'verified'
    const why = error === null ? '' : `: ${error.code}: ${error.message}`
    const said = outcome === 'unchecked' ? '' : `  ${outcome === 'verified' ? word : outcome}${why}`
    // An ID of Rekor v1 ends in the leaf.
    world.print(`${visible(`${name}${name.endsWith(leaf) ? '' : `  ${leaf}`}${said}`)}\n`)
  }
}

function heading({ url, logs }: AskedServer, count: number, limit: number): string {
  const unverified = logs === null ? 'NOT VERIFIED, for nothing was named to trust (--trusted-root, --policy): ' : ''
  const rest = count > limit ? `; the first ${limit} (--limit):` : ''
  return `${visible(`${unverified}${count} ${count === 1 ? 'entry' : 'entries'} at ${url}${rest}`)}\n`
}

const COMPLETE = 'That there are no others is the word of the server.\n'

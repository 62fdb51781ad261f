/** `colophon freeze`: the end of a log in good order, and its successor. */

import { Problems, parseFlags, parseHostname, parseSigning, SIGNING_FLAGS, type SigningConfig } from '../config.ts'
import { hostOfOrigin } from '../formats/sigstore/tree-id.ts'
import { TlogError } from '../kernel/error.ts'
import type { LogRequest } from '../storage/create-log.ts'
import type { LogRecord } from '../storage/database.ts'
import { listLogs, placeOf, recordOf } from './data.ts'
import { heirOf, isWaitingAmong, successorOf } from './successor.ts'
import { withLifecycle } from './with-lifecycle.ts'
import type { Command, ExitCode, World } from './world.ts'

export const freeze: Command = {
  name: 'freeze',
  usage: `colophon freeze LOG [--next SLUG [--origin HOST]] [--yes] [--data DIR] [--ratchet DIR] [--witness-policy FILE]

  Ends a log in good order, for ever: what it has taken gets its receipts, then it signs its final checkpoint. Everything
  it holds is served as before, and stays trusted. A server that runs there does it, and nobody who reads is cut off;
  writers are put off for a moment (503). Where none runs, the command does it. Asks for the log's name; --yes answers in
  advance. A log that cannot sign any more, or must not, is ended by \`colophon retire\`.

  --next     the log that takes over: made first, unless \`log create --after\` has made it already
  --origin   the host name of the one that is made. A rekor-v1 log hands over under its own, and its clients see one log
             of two trees. Clients of a rekor-v2 log know it by its host name: its successor needs another one`,

  async run(argv, world): Promise<ExitCode> {
    const { flags, on, words } = parseFlags(argv, [...SIGNING_FLAGS, 'next', 'origin'], ['yes'])
    const [slug, ...rest] = words
    if (slug === undefined || rest.length > 0) throw new TlogError('CONFIG_INVALID', 'freeze takes one LOG')
    const config = parseSigning(flags, world.env)
    const records = await listLogs(placeOf(config, world))
    const old = recordOf(records, slug)
    const request = requestOf(records, old, flags)
    if (old.state === 'frozen') world.print(`${slug} is frozen already\n`)
    else if (!on.has('yes') && !(await confirmed(old, world))) {
      world.warn('nothing was done')
      return 1
    }
    if (old.state === 'active' || request !== null) await carryOut({ old, request, config }, world)
    report(await listLogs(placeOf(config, world)), old, flags.next ?? null, world)
    return 0
  },
}

/** Null where there is nothing to make. */
function requestOf(
  records: readonly LogRecord[],
  old: LogRecord,
  { next, origin }: { readonly next?: string; readonly origin?: string },
): LogRequest | null {
  const problems = new Problems()
  if (origin !== undefined && next === undefined) problems.note('--origin', 'goes with --next')
  const host = problems.take('--origin', null, () => (origin === undefined ? null : parseHostname(origin)))
  problems.check()
  if (next === undefined) return null
  const there = records.find((log) => log.slug === next)
  if (there === undefined) return successorOf(old, next, host)
  if (there.dialect !== old.dialect || there.state === 'frozen' || there.number <= old.number)
    throw new TlogError(
      'LOG_EXISTS',
      `log ${next} cannot take the place of ${old.slug}: it is no younger log of its kind`,
    )
  return null
}

async function confirmed({ slug, origin }: LogRecord, world: World): Promise<boolean> {
  if (world.ask === undefined) throw new TlogError('CONFIG_INVALID', 'nobody can be asked here: give --yes')
  world.warn(`The log ${slug} (${origin}) will never take an entry again. This cannot be undone.`)
  return (await world.ask(`Type the log's name to freeze it: `)) === slug
}

interface Plan {
  readonly old: LogRecord
  readonly request: LogRequest | null
  readonly config: SigningConfig
}

/** The successor first: between the two a crash leaves one that waits, not a host where nobody takes entries. */
async function carryOut({ old, request, config }: Plan, world: World): Promise<void> {
  await withLifecycle(config, world, async (lifecycle, isServed) => {
    if (request !== null) {
      await lifecycle.create(request)
      world.warn(`${request.slug} is new: back up now, its keys are in no backup yet`)
    }
    if (old.state === 'active') {
      const { size, root } = await lifecycle.freeze(old.slug)
      world.print(`${old.slug} (${old.origin}) IS FROZEN at ${size} entries, root ${root}\n`)
    }
    if (!isServed) world.warn('no server runs there: the trust files and static copies follow when it starts')
  })
}

/** Who takes entries in its place, and what the operator must tell. */
function report(records: readonly LogRecord[], old: LogRecord, next: string | null, world: World): void {
  const host = hostOfOrigin(old.origin)
  const heir = next === null ? heirOf(old, records) : recordOf(records, next)
  if (heir === undefined) {
    const how = `\`colophon log create SLUG --after ${old.slug}\` makes a successor`
    return void world.warn(`nothing takes its place for ${host}: ${how}`)
  }
  const turn = isWaitingAmong(heir, records) ? 'waits for its turn behind another one' : 'takes its place'
  world.print(`${heir.slug} (${heir.origin}) ${turn}\n  ${heir.vkey}\n`)
  if (hostOfOrigin(heir.origin) !== host)
    world.warn(`what clients reach as ${host} takes no entries any more: give them ${hostOfOrigin(heir.origin)}`)
}

/** `colophon retire`: ends a log for ever. */

import { DATA_FLAGS, Problems, parseData, parseFlags } from '../config.ts'
import { parseTime } from '../formats/time.ts'
import type { UnixMillis } from '../kernel/brand.ts'
import { hex } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import type { LogReader, Published } from '../log/ports.ts'
import { type DataDirectory, openDataDirectory } from '../storage/data-directory.ts'
import type { LogRecord } from '../storage/database.ts'
import { placeOf } from './data.ts'
import type { Command, ExitCode, World } from './world.ts'

/** Null where the log ends in good order; `since` null: nobody knows since when. */
type Theft = { readonly since: UnixMillis | null } | null

export const retire: Command = {
  name: 'retire',
  usage: `colophon retire LOG [--compromised [--since TIME]] [--yes] [--data DIR] [--database URL] [--ratchet DIR]

  For a log whose tail or ratchet is lost, or whose key was stolen (\`colophon freeze\` ends one that is whole). It takes no entry any more, for ever; what its newest
  checkpoint covers stays readable below /logs/LOG. Without its ratchet or its tail it signs nothing either, and the
  other logs of the server start again. Fetch all that copies still have with \`colophon recover\` FIRST: a frozen log
  takes nothing in. Asks for the log's name; --yes answers in advance. The server must not be running.
  A successor is made by \`colophon log create\`, under another origin.

  --compromised   others may have its key: from the next start on no trust file lists it, so that no client which follows
                  them takes what it signed, old or new; the server signs nothing with it either. Of a log that was
                  retired before, it may be said later. Never undone
  --since TIME    the earliest moment at which others may have had the key (2026-11-25T08:00:00Z); kept with the log, and
                  its last checkpoint from before is named. Without it: since the log was created`,

  async run(argv, world): Promise<ExitCode> {
    const { flags, on, words } = parseFlags(argv, [...DATA_FLAGS, 'since'], ['yes', 'compromised'])
    const [slug, ...rest] = words
    if (slug === undefined || rest.length > 0) throw new TlogError('CONFIG_INVALID', 'retire takes one LOG')
    const theft = theftOf(on.has('compromised'), flags.since, world)
    const data = await openDataDirectory(placeOf(parseData(flags, world.env), world))
    try {
      const record = (await data.database.logs()).find((log) => log.slug === slug)
      if (record === undefined) throw new TlogError('LOG_UNKNOWN', `no log ${slug} in ${data.place.dir}`)
      if (theft === null ? record.state === 'frozen' : record.compromisedSince !== null) {
        world.print(already(record, theft))
        return 0
      }
      if (!on.has('yes') && !(await confirmed(record, theft, world))) {
        world.warn('nothing was done')
        return 1
      }
      await end(data, record, theft, world)
      return 0
    } finally {
      await data.close()
    }
  },
}

/** With the time that stays, should another have been given now. */
function already({ slug, compromisedSince }: LogRecord, theft: Theft): string {
  if (theft === null || compromisedSince === null) return `${slug} is frozen already\n`
  return `${slug} is known as compromised already, since ${new Date(compromisedSince).toISOString()}: that stays\n`
}

function theftOf(compromised: boolean, since: string | undefined, { clock }: World): Theft {
  const problems = new Problems()
  if (since !== undefined && !compromised) problems.note('--since', 'goes with --compromised alone')
  const time = since === undefined ? null : problems.take('--since', null, () => parseTime(since))
  if (time !== null && time > clock.now()) problems.note('--since', 'is in the future')
  problems.check()
  return compromised ? { since: time } : null
}

async function confirmed({ slug, origin }: LogRecord, theft: Theft, world: World): Promise<boolean> {
  if (world.ask === undefined) throw new TlogError('CONFIG_INVALID', 'nobody can be asked here: give --yes')
  world.warn(`The log ${slug} (${origin}) will never take an entry again. This cannot be undone.`)
  if (theft !== null) world.warn('No client that follows the trust files will take anything it ever signed.')
  return (await world.ask(`Type the log's name to end it: `)) === slug
}

async function end({ database }: DataDirectory, record: LogRecord, theft: Theft, world: World): Promise<void> {
  const { number, slug, origin, vkey, createdAt } = record
  const now = world.clock.now()
  if (theft === null) await database.freezeLog(number, now)
  else await database.compromiseLog(number, now, theft.since ?? createdAt)
  const store = database.store(number)
  const published = await store.published()
  world.print(`${slug} (${origin}) IS ENDED FOR EVER at ${published?.size ?? 0} published entries\n`)
  if (theft !== null) world.print(await lastTrue(store, published, theft.since))
  const told = theft === null ? 'trusts' : 'trusted'
  world.warn(`tell everybody who ${told} ${vkey}; \`colophon log create\` makes a successor under another origin`)
}

/** What the operator must tell: any checkpoint that does not lead to this one is the thief's. */
async function lastTrue(store: LogReader, published: Published | null, since: UnixMillis | null): Promise<string> {
  const isBefore = ({ time }: Published) => since === null || time < since
  let last = published !== null && isBefore(published) ? published : null
  for (let after = null, isMore = last === null; isMore; ) {
    const page: readonly Published[] = await store.history(after, PAGE)
    last = page.findLast(isBefore) ?? last
    after = page.at(-1)?.size ?? null
    isMore = page.length === PAGE
  }
  if (last === null) return 'none of its checkpoints is older than the theft\n'
  const [size, root, time] = [last.size, hex(last.root), new Date(last.time).toISOString()]
  const which = since === null ? 'its newest checkpoint in this database' : 'its last checkpoint from before'
  return `${which}: size ${size}, root ${root}, of ${time}\n`
}

const PAGE = 1000

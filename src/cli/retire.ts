/** `colophon retire`: ends a log for ever. */

import { DATA_FLAGS, parseData, parseFlags } from '../config.ts'
import { TlogError } from '../kernel/error.ts'
import { openDataDirectory } from '../storage/data-directory.ts'
import type { LogRecord } from '../storage/database.ts'
import { placeOf } from './data.ts'
import type { Command, ExitCode, World } from './world.ts'

export const retire: Command = {
  name: 'retire',
  usage: `colophon retire LOG [--yes] [--data DIR] [--ratchet DIR]

  For a log whose tail or ratchet is lost, or whose key was stolen. It takes no entry any more, for ever; what its newest
  checkpoint covers stays readable below /logs/LOG. Without its ratchet or its tail it signs nothing either, and the
  other logs of the server start again. Fetch all that copies still have with \`colophon recover\` FIRST: a frozen log
  takes nothing in. Asks for the log's name; --yes answers in advance. The server must not be running.
  A successor is made by \`colophon log create\`, under another origin.`,

  async run(argv, world): Promise<ExitCode> {
    const { flags, on, words } = parseFlags(argv, DATA_FLAGS, ['yes'])
    const [slug, ...rest] = words
    if (slug === undefined || rest.length > 0) throw new TlogError('CONFIG_INVALID', 'retire takes one LOG')
    const data = openDataDirectory(placeOf(parseData(flags, world.env)))
    try {
      const record = data.database.logs().find((log) => log.slug === slug)
      if (record === undefined) throw new TlogError('LOG_UNKNOWN', `no log ${slug} in ${data.place.dir}`)
      if (record.state === 'frozen') {
        world.print(`${slug} is frozen already\n`)
        return 0
      }
      if (!on.has('yes') && !(await confirmed(record, world))) {
        world.warn('nothing was done')
        return 1
      }
      data.database.freezeLog(record.number)
      const published = await data.database.store(record.number).published()
      world.print(`${slug} (${record.origin}) IS ENDED FOR EVER at ${published?.size ?? 0} published entries\n`)
      world.warn(
        `tell everybody who trusts ${record.vkey}; \`colophon log create\` makes a successor under another origin`,
      )
      return 0
    } finally {
      await data.close()
    }
  },
}

async function confirmed({ slug, origin }: LogRecord, world: World): Promise<boolean> {
  if (world.ask === undefined) throw new TlogError('CONFIG_INVALID', 'nobody can be asked here: give --yes')
  world.warn(`The log ${slug} (${origin}) will never take an entry again. This cannot be undone.`)
  return (await world.ask(`Type the log's name to end it: `)) === slug
}

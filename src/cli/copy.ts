/** `colophon copy`: moves the logs of a data directory to PostgreSQL, or back. */

import { type CopyPlace, parseCopy } from '../config/copy-end.ts'
import { parseData, parseFlags } from '../config.ts'
import { hex } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { type CopyEnd, type HeldEnd, openSource, openTarget } from '../storage/copy-ends.ts'
import type { Copied } from '../storage/database.ts'
import { placeOf } from './data.ts'
import { moveLogs } from './moving.ts'
import { progressBar } from './progress.ts'
import type { Command, ExitCode, World } from './world.ts'

const NAME_BYTES = 16

export const copy: Command = {
  name: 'copy',
  usage: `colophon copy --from DIR|postgres://… --to DIR|postgres://… [--publish s3://…]

  Moves all logs from one database to another: of a data directory (DIR/log.db), or of PostgreSQL. Everything is checked as
  \`fsck\` does, copied, and compared with what came of it; no checkpoint changes. Then the source is marked, and serves no more.
  --publish says where the entries are that left the source (\`serve --keep-entries\`); the copy has them all.
  No server may run on either. --to must have no logs. The database alone moves: keys, trust files and the ratchet stay where
  they are, and the server needs them as before (docs/operate.md). The password is COLOPHON_DATABASE_PASSWORD.
  Cut off, the source goes on as if nothing had been, or the same command again ends it.
  Exit code 0: the logs are there. 3: nothing was moved; the message says why.`,

  async run(argv, world): Promise<ExitCode> {
    const { flags, words } = parseFlags(argv, ['from', 'to', 'publish'])
    if (words.length > 0) throw new TlogError('CONFIG_INVALID', 'copy takes flags alone')
    const { from, to } = parseCopy(flags, world.env)
    const source = await openSource(readable(from, flags.publish, world), world.clock)
    try {
      const target = await openTarget(to)
      try {
        report(await move(source, target, world), to, world)
        return 0
      } finally {
        await target.close()
      }
    } finally {
      await source.close()
    }
  },
}

/** With where entries are that left it. @throws TlogError CONFIG_INVALID */
function readable(from: CopyPlace, publish: string | undefined, world: World): CopyEnd {
  if (from.kind === 'directory') return from
  const flags = { database: from.server.url, ...(publish !== undefined && { publish }) }
  const { database } = placeOf(parseData(flags, world.env), world)
  return { kind: 'database', server: database ?? from.server }
}

async function move(source: HeldEnd, target: HeldEnd, world: World): Promise<readonly Copied[]> {
  const progress = (label: string) => progressBar(world, label)
  return await moveLogs({ source, target, name: hex(world.random(NAME_BYTES)), progress })
}

function report(copied: readonly Copied[], to: CopyPlace, world: World): void {
  for (const { record, size } of copied) world.print(`${record.slug}: ${size} entries, copied and compared\n`)
  const where = to.kind === 'directory' ? `--data ${to.dir}` : `--database '${to.server.url}'`
  world.warn(
    `the logs go on at their new place alone: start the server with ${where}, and the keys and the ratchet that it had`,
  )
}

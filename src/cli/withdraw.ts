/** `colophon withdraw`: takes a statement, or other content beside the logs, out of the store, and says so in a log. */

import { Problems } from '../config/problems.ts'
import { parseFlags, parseSigning, SIGNING_FLAGS } from '../config.ts'
import { DEFAULT_BASE, parseBase } from '../formats/custody/vocabulary.ts'
import { TlogError } from '../kernel/error.ts'
import type { ContentName } from '../log/ports.ts'
import type { LogRecord } from '../storage/database.ts'
import { listLogs, placeOf, recordOf } from './data.ts'
import { isWaitingAmong } from './successor.ts'
import { withLifecycle } from './with-lifecycle.ts'
import { parseName, type WithdrawRequest } from './withdrawing.ts'
import type { Command, ExitCode, World } from './world.ts'

export const withdraw: Command = {
  name: 'withdraw',
  usage: `colophon withdraw LOG ALG:HEX --reason TEXT [--yes] [--base URI] [--data DIR] [--ratchet DIR] [--witness-policy FILE]

  Takes content that is kept beside the logs back, for ever: the statement of an entry, by the digest under which it is at
  /attachments/ALG:HEX. It goes out of every log of the server, frozen ones too, and is not kept again, whoever brings it;
  readers are told so (410). The entries that commit to it stay, as do their proofs. That it was withdrawn, when, and
  why, is itself an entry, signed by the log's own key; the reason is public. Asks for the log's name; --yes answers in
  advance. A server that runs there does it. Where none runs, the command does it.

  LOG       the log in which it is said: one that takes entries
  --reason  for those who look for it, up to 4,096 characters
  --base    under which identifiers of the statement stand, as of \`colophon attest\`
  --publish where the entries are that left the database (\`serve --keep-entries\`), where no server runs

  Copies elsewhere, backups from before, and the file's free pages in its -wal are not touched.
  Exit code 0: it is withdrawn. 1: not confirmed. 3: refused.`,

  async run(argv, world): Promise<ExitCode> {
    const { flags, on, words } = parseFlags(argv, [...SIGNING_FLAGS, 'publish', 'reason', 'base'], ['yes'])
    const [slug, word, ...rest] = words
    if (slug === undefined || word === undefined || rest.length > 0)
      throw new TlogError('CONFIG_INVALID', 'withdraw takes a LOG and ALG:HEX')
    const problems = new Problems()
    const name = problems.take('ALG:HEX', null, () => parseName(word))
    const base = problems.take('--base', '', () => parseBase(flags.base ?? DEFAULT_BASE))
    if (flags.reason === undefined) problems.note('--reason', 'missing: why it is taken back')
    problems.check()
    const config = parseSigning(flags, world.env)
    const records = await listLogs(placeOf(config, world))
    const record = recordOf(records, slug)
    requireActive(record, records)
    if (!on.has('yes') && !(await confirmed(record, word, world))) {
      world.warn('nothing was done')
      return 1
    }
    const request = { slug, base, reason: flags.reason ?? '', ...(name as ContentName) } satisfies WithdrawRequest
    const { log, index, wasGone } = await withLifecycle(config, world, (lifecycle) => lifecycle.withdraw(request))
    world.print(`${word} ${wasGone ? 'was withdrawn before' : 'IS WITHDRAWN'}: entry ${index} of ${log} says so\n`)
    if (!wasGone) world.warn('backups from before, and copies that others made, still have it')
    return 0
  },
}

function requireActive(record: LogRecord, records: readonly LogRecord[]): void {
  if (record.state === 'frozen')
    throw new TlogError(
      'LOG_FROZEN',
      `${record.slug} takes no entries: name a log that does. What is withdrawn goes out of all of them`,
    )
  if (isWaitingAmong(record, records))
    throw new TlogError('LOG_BUSY', `${record.slug} waits for its turn, and takes no entries yet`)
}

async function confirmed({ slug }: LogRecord, word: string, world: World): Promise<boolean> {
  if (world.ask === undefined) throw new TlogError('CONFIG_INVALID', 'nobody can be asked here: give --yes')
  world.warn(`${word} will be gone, and is never kept here again. This cannot be undone.`)
  return (await world.ask(`Type the log's name to withdraw it: `)) === slug
}

/** The commands, in the order of the list that `help` prints. One is loaded when it is called: none waits for another's modules. */

import type { Command } from './world.ts'

export interface CommandEntry {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  readonly load: () => Promise<Command>
}

export const COMMANDS: readonly CommandEntry[] = [
  entry('serve', 'run the log server', async () => (await import('./serve.ts')).serve),
  entry(
    'witness',
    'run a witness, which cosigns the checkpoints of logs',
    async () => (await import('./witness.ts')).witness,
  ),
  entry(
    'config',
    'check the configuration of a server, and show what comes out',
    async () => (await import('./config.ts')).config,
  ),
  entry('log', 'create a log, or list the logs of a data directory', async () => (await import('./log.ts')).log),
  entry('keygen', 'make a log key', async () => (await import('./keygen.ts')).keygen),
  entry(
    'token',
    'make, list and revoke the tokens of those who may write',
    async () => (await import('./token.ts')).token,
  ),
  entry(
    'fsck',
    'check every entry, tile, root, head and note of a data directory',
    async () => (await import('./fsck.ts')).fsck,
  ),
  entry(
    'reindex',
    'make the index of statements anew, from the logs alone',
    async () => (await import('./reindex.ts')).reindex,
  ),
  entry('sign', 'sign a file or a directory, and have it logged', async () => (await import('./sign.ts')).sign),
  entry(
    'attest',
    'say what a dataset, model or llamafile was made of, and have it logged',
    async () => (await import('./attest.ts')).attest,
  ),
  entry(
    'dataset',
    'commit to a dataset, and show that a document was, or was not, in it',
    async () => (await import('./dataset.ts')).dataset,
  ),
  entry(
    'verify',
    'whether a file is what a named signer signed and logged',
    async () => (await import('./verify.ts')).verify,
  ),
  entry(
    'custody',
    'draw who made a file and from what, or what was made from it',
    async () => (await import('./custody.ts')).custody,
  ),
  entry(
    'prove',
    'write the proof of an entry as a file that verifies offline',
    async () => (await import('./prove.ts')).prove,
  ),
  entry('get', 'show an entry of a log, verified', async () => (await import('./get.ts')).get),
  entry(
    'search',
    'find the entries of a server by file, name or key',
    async () => (await import('./search.ts')).search,
  ),
  entry(
    'loginfo',
    'show the logs of a server, and that they go on from what was seen',
    async () => (await import('./loginfo.ts')).loginfo,
  ),
  entry(
    'audit',
    'whether logs are honest: all that they signed and serve',
    async () => (await import('./audit.ts')).audit,
  ),
  entry(
    'slot',
    'put bundle and proof into a model file, take them out, or show them',
    async () => (await import('./slot.ts')).slot,
  ),
  entry(
    'rebuild',
    'whether a llamafile is these parts and nothing else',
    async () => (await import('./rebuild.ts')).rebuild,
  ),
  entry(
    'inspect',
    'show what a bundle, proof, checkpoint, key or trust file says',
    async () => (await import('./inspect.ts')).inspect,
  ),
  entry(
    'trust',
    'make the trust files of a private log, or change the key of the TUF repository',
    async () => (await import('./trust.ts')).trust,
  ),
  entry(
    'backup',
    'copy database, keys and trust files, beside a running server',
    async () => (await import('./backup.ts')).backup,
  ),
  entry('copy', 'move the logs to PostgreSQL, or back to a file', async () => (await import('./copy.ts')).copy),
  entry('restore', 'make a data directory from a backup', async () => (await import('./restore.ts')).restore),
  entry(
    'recover',
    'fetch the entries that a database lost from a copy of the log',
    async () => (await import('./recover.ts')).recover,
  ),
  entry(
    'freeze',
    'end a log in good order, and hand over to its successor',
    async () => (await import('./freeze.ts')).freeze,
  ),
  entry(
    'withdraw',
    'take a statement out of the store, and say so in a log',
    async () => (await import('./withdraw.ts')).withdraw,
  ),
  entry('retire', 'end a log that cannot or must not sign any more', async () => (await import('./retire.ts')).retire),
  entry(
    'export',
    'write static copies of the logs, as any file server can serve them',
    async () => (await import('./export.ts')).exportCommand,
  ),
]

function entry(name: string, summary: string, load: CommandEntry['load']): CommandEntry {
  return { name, summary, load }
}

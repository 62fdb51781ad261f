/** `colophon loginfo`: the logs of a server and their newest heads, and that they go on from those that were seen before. */

import { resolve } from 'node:path'
import { openLogServer } from '../client/log-server.ts'
import { Problems } from '../config/problems.ts'
import { parseFlags } from '../config.ts'
import { configureCrypto } from '../crypto/node.ts'
import { safeJson, visible } from '../formats/visible.ts'
import { type LookedAt, lookAt, type PostQuantumLine, type SeenHead } from './look/heads.ts'
import { exitOf, headingOf } from './look/judged.ts'
import { openMemory } from './look/memory.ts'
import { SERVER_FLAGS, serverOf, TRUST_USAGE } from './look/server.ts'
import { GAPS, quoted, row, witnesses } from './verify/text.ts'
import type { Command, ExitCode } from './world.ts'

const KINDS = { colophon: 'a Colophon server', 'rekor-v1': 'a Rekor v1 log', tiles: 'a log of tiles' } as const

export const loginfo: Command = {
  name: 'loginfo',
  usage: `colophon loginfo --url URL [--log NAME] [--trusted-root FILE] [--policy FILE] [--state FILE] [--json]

  Shows the logs of a server and their newest trees: of a Colophon, a Rekor v1 log with all its shards, or a log of
  tiles such as Rekor v2.

  --url           the server to ask
  --log           the one log that is meant: its slug, or the number of a Rekor v1 tree
${TRUST_USAGE}
  --state         keeps what was seen in FILE, and refuses a log that went back, rewrote itself or is gone; it takes
                  a trust, for what nobody signed is not worth remembering
  --json          an object (docs/search.md)

  Exit code 0: shown, and verified where a trust was named. 1: a log is not what it should be. 2: wrong use.
  3: it could not be determined.`,

  async run(argv, world): Promise<ExitCode> {
    configureCrypto({ workers: 0 }) // a handful of signatures
    const problems = new Problems()
    const { flags, on, words } = parseFlags(argv, [...SERVER_FLAGS, 'state'], ['json'], problems)
    if (words.length > 0) problems.note('', 'loginfo takes flags alone')
    const asked = await serverOf(flags, world, problems)
    if (flags.state !== undefined && asked.logs === null) problems.note('--state', 'needs --trusted-root or --policy')
    const { state } = flags
    const memory = problems.take('--state', null, () => (state === undefined ? null : openMemory(resolve(state))))
    problems.check()
    const server = await openLogServer(asked.ask, asked.url)
    const found = await lookAt(server, asked, memory?.seen ?? null)
    const code = exitOf(found.map(({ judged }) => judged.outcome))
    if (code === 0) memory?.keep(new Map(found.map(({ place, judged }) => [place, judged.shown?.note ?? ''])))
    const about = { url: asked.url, server: server.kind }
    if (on.has('json')) world.print(`${safeJson({ ...about, logs: found.map(asObject) })}\n`)
    else world.print(`${[`${asked.url}: ${KINDS[server.kind]}`, ...found.flatMap(asLines)].map(visible).join('\n')}\n`)
    return code
  },
}

function asObject({ name, state, judged: { outcome, shown, error } }: LookedAt): object {
  return { name, outcome, state, head: shown, error }
}

function asLines({ name, state, judged }: LookedAt): string[] {
  const { shown } = judged
  return [
    '',
    ...headingOf(name === '' ? 'the log' : name, judged),
    ...(shown === null ? [] : headLines(shown)),
    ...(state === null ? [] : [row('state', `${quoted(state)}, says the server`)]),
    ...(judged.outcome === 'verified' && shown?.cosigners.length === 0
      ? ['Not covered:', `  - ${GAPS.witnesses}`]
      : []),
  ]
}

function inWords({ key, isVerified }: PostQuantumLine): string {
  return `a line of ${quoted(key)}, ${isVerified ? 'verified' : 'not verified: no policy names the key'}`
}

function headLines({ origin, size, root, cosigners, postQuantum, before }: SeenHead): string[] {
  return [
    row('origin', quoted(origin)),
    row('size', String(size)),
    row('root', root),
    ...witnesses(cosigners),
    ...(postQuantum === null ? [] : [row('ML-DSA-44', inWords(postQuantum))]),
    ...(before === null
      ? []
      : [row('before', before === size ? 'the same' : `${before}, of which it is the continuation`)]),
  ]
}

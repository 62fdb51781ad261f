/** `verify EVIDENCE`: a file that an auditor wrote against a log. It is no artifact that somebody signed, and takes no signer. */

import { statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { Problems } from '../../config/problems.ts'
import { parseFlags } from '../../config.ts'
import { readBounded } from '../../files/read-bounded.ts'
import { EVIDENCE_MAX_BYTES, EVIDENCE_START, type Evidence, parseEvidence } from '../../formats/evidence.ts'
import { formatLogKey, type LogKey, parseLogKey } from '../../formats/log-key.ts'
import { safeJson, visible } from '../../formats/visible.ts'
import { equal, utf8 } from '../../kernel/bytes.ts'
import { type ProvenEvidence, verifyEvidence } from '../../verify/evidence.ts'
import { statedBy } from '../../verify/log-keys.ts'
import type { StatedLogs } from '../../verify/stated-logs.ts'
import { verifyMlDsa44 } from '../../verify-node/ml-dsa.ts'
import { readTrust } from '../stated-trust.ts'
import type { ExitCode, World } from '../world.ts'
import { EXIT, toldOf } from './outcome.ts'
import { quoted, row, utc } from './text.ts'

const FLAGS = ['trusted-root', 'policy', 'log-key']

/** What `--json` prints. */
export interface EvidenceOutcome {
  readonly outcome: 'verified' | 'not verified' | 'undetermined'
  readonly subject: string
  readonly evidence: { readonly kind: 'against a log' }
  /** Null unless verified. */
  readonly against: ProvenEvidence | null
  /** Whose keys counted: `stated` by who verifies, or those that the `file` names, which are shown to be compared. */
  readonly keys: { readonly from: 'stated' | 'file'; readonly named: readonly string[] }
  /** The word of whoever wrote the file. Milliseconds since 1970. */
  readonly said: { readonly observed: number; readonly words: string } | null
  readonly error: { readonly code: string; readonly message: string } | null
}

/** Whether the one file that was named begins as evidence does, and nothing else is asked about it. */
export async function isEvidence(argv: readonly string[]): Promise<boolean> {
  const { flags, words } = parseFlags(
    argv,
    [...FLAGS, 'key', 'bundle', 'proof', 'entry', 'log'],
    ['json'],
    new Problems(),
  )
  const [path, second] = words
  const others = Object.keys(flags).filter((name) => !FLAGS.includes(name))
  if (path === undefined || second !== undefined || others.length > 0) return false
  if (argv.some((word) => word.startsWith('--certificate')) || !statSync(path, { throwIfNoEntry: false })?.isFile())
    return false
  const start = utf8(EVIDENCE_START)
  const file = await open(path)
  try {
    const { bytesRead, buffer } = await file.read(new Uint8Array(start.length))
    return equal(buffer.subarray(0, bytesRead), start)
  } finally {
    await file.close()
  }
}

export async function verifyAgainstLog(argv: readonly string[], world: World): Promise<ExitCode> {
  const problems = new Problems()
  const { flags, on, words } = parseFlags(argv, FLAGS, ['json'], problems)
  const [path = ''] = words
  const { root, policy } = await readTrust(flags, world.env, problems)
  const { 'log-key': key } = flags
  const keys = key === undefined ? [] : problems.take<LogKey[]>('--log-key', [], () => [parseLogKey(key)])
  if (key !== undefined && root !== null) problems.note('--log-key', 'not together with a trusted root')
  problems.check()
  const isStated = root !== null || (policy !== null && policy.logs.length > 0)
  const stated = isStated
    ? { root, policy, mlDsa44: verifyMlDsa44 }
    : keys.length > 0
      ? statedBy(keys, verifyMlDsa44)
      : null
  const outcome = await judge(path, stated)
  if (on.has('json')) world.print(`${safeJson(outcome)}\n`)
  else world.print(`${describe(outcome).map(visible).join('\n')}\n`)
  return EXIT[outcome.outcome]
}

async function judge(path: string, stated: StatedLogs | null): Promise<EvidenceOutcome> {
  const about = { subject: path, evidence: { kind: 'against a log' } } as const
  let evidence: Evidence | null = null
  const from = stated === null ? 'file' : 'stated'
  try {
    evidence = parseEvidence(await readBounded(path, EVIDENCE_MAX_BYTES))
    const against = await verifyEvidence(evidence, stated, verifyMlDsa44)
    const said = { observed: evidence.observed, words: evidence.said }
    return {
      outcome: 'verified',
      ...about,
      against,
      keys: { from, named: evidence.keys.map(formatLogKey) },
      said,
      error: null,
    }
  } catch (error) {
    const { outcome, code, message } = toldOf(error)
    const named = evidence?.keys.map(formatLogKey) ?? []
    return { outcome, ...about, against: null, keys: { from, named }, said: null, error: { code, message } }
  }
}

const HEADINGS = {
  verified: 'EVIDENCE HOLDS',
  'not verified': 'NO EVIDENCE',
  undetermined: 'COULD NOT BE DETERMINED',
} as const

function describe({ outcome, subject, against, keys, said, error }: EvidenceOutcome): string[] {
  const lines = [`${HEADINGS[outcome]}: ${subject}`]
  if (error !== null) lines.push(`  ${error.code}: ${error.message}`)
  if (against === null || said === null) return lines
  const { kind, origin, weight, shows, checkpoints } = against
  lines.push(
    row('log', quoted(origin)),
    row(kind, shows),
    ...checkpoints.map(({ size, root }) => row('signed', `${size} leaves, root ${root}`)),
    ...(keys.from === 'stated' ? [row('keys', 'those that you named')] : keys.named.map((key) => row('key', key))),
    row('said', `${quoted(said.words)}, at ${utc(said.observed)}, says whoever wrote the file`),
  )
  if (keys.from === 'file' || weight === 'attested') lines.push('Not covered:')
  if (keys.from === 'file')
    lines.push(
      "  - That this is the log's key: it is the file's word. Compare it, or name it (--log-key, --policy, --trusted-root).",
    )
  if (weight === 'attested')
    lines.push(
      '  - That the log did this: what it signed is shown, and the rest is the word of whoever wrote the file. Ask the log.',
    )
  return lines
}

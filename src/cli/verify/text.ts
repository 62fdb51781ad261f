/** The verdict as a person reads it. */

import type { ModelFindings } from '../../files/compare-model.ts'
import { visible } from '../../formats/visible.ts'
import type { Cosigner } from '../../verify/checkpoint.ts'
import type { UnloggedVerdict } from '../../verify/unlogged.ts'
import type { Gap, Verdict, VerdictEntry, VerdictSigned, VerdictSigner } from '../../verify/verdict.ts'
import type { Lookup } from './log.ts'
import type { Outcome } from './outcome.ts'

const HEADINGS = {
  verified: 'VERIFIED',
  signed: 'SIGNED, AND IN NO LOG',
  'not verified': 'NOT VERIFIED',
  undetermined: 'COULD NOT BE DETERMINED',
} as const satisfies Record<Outcome['outcome'], string>

export const GAPS = {
  log: 'That anybody else can see this signature: it is in no log, so that a stolen key, or a signature for you alone, is not noticed.',
  time: 'When it was signed: nobody who is trusted says so.',
  timestamps: 'Timestamps that the bundle has: they are of authorities that the trusted root does not name.',
  inclusion: 'That the entry is in the log: the log promised to include it, and that it did was not shown.',
  witnesses:
    'That the log shows everybody the same: no witnesses were asked for, so one that shows different people different histories is not noticed.',
  claims: 'What the statement says: it is the word of its signer, true or not.',
  'key owner': 'Whose key it is: that is for you to know.',
} as const satisfies Record<Gap | 'log', string>

const ASKED =
  'What the server did not show: other signatures, and statements about the file, which `colophon custody` reads.'
const SHOWN_PATHS = 20
const SHOWN_LENGTH = 512
const ALWAYS = 'Whether the file is good, whether the key of the signer was stolen, and what happened since.'

/** Lines without their ends: names from files and servers are escaped. */
export function describeOutcome({
  outcome,
  subject,
  evidence,
  slot,
  verdict,
  unlogged,
  proof,
  lookup,
  directory,
  claimed,
  runTime,
  error,
}: Outcome): string[] {
  const lines = [`${HEADINGS[outcome]}: ${subject}`]
  if (error !== null) lines.push(`  ${error.code}: ${error.message}`)
  if (slot !== null) lines.push(...describeSlot(slot, evidence))
  if (verdict !== null) lines.push(...describeVerdict(verdict, proof, directory !== null))
  if (unlogged !== null) lines.push(...describeUnlogged(unlogged))
  if (directory !== null) lines.push(...describeDirectory(directory))
  if (lookup !== null) lines.push(...describeLookup(lookup))
  lines.push(...describeClaimed(claimed), ...(runTime === null ? [] : describeRunTime(runTime)))
  const gaps = (verdict ?? unlogged)?.notCovered ?? null
  if (gaps !== null) lines.push(...describeGaps(gaps, lookup !== null))
  return lines.map(visible)
}

function describeSlot({ carrier, bytes }: NonNullable<Outcome['slot']>, { kind }: Outcome['evidence']): string[] {
  const where = { gguf: 'behind the weights', safetensors: 'in the header', zip: "in the archive's comment" }[carrier]
  const from = kind === 'slot' ? ', from which bundle and proof are' : ''
  return [row('slot', `${bytes} bytes ${where}${from}; this is about the file without it, which has another digest`)]
}

function describeVerdict(
  { artifact, signed, signer, entries, times }: Verdict,
  proof: Outcome['proof'],
  isDirectory: boolean,
): string[] {
  return [
    row(isDirectory ? 'root' : artifact.algorithm.replace('SHA2_', 'sha'), artifact.digest),
    row('signed', statementOf(signed)),
    ...describeSigner(signer),
    ...entries.flatMap(describeEntry),
    ...(proof === null ? [] : [row('proof', place(proof)), ...witnesses(proof.cosigners)]),
    ...(times.length === 0 ? [row('when', 'nobody who is trusted says')] : []),
    ...times.map(({ time, source, name }) => row('when', `${utc(time)}, says the ${source} ${quoted(name)}`)),
  ]
}

function describeUnlogged({ artifact, signed, signer }: UnloggedVerdict): string[] {
  return [
    row('root', artifact.digest),
    row('signed', statementOf(signed)),
    ...(signer.kind === 'key'
      ? describeKey(signer)
      : [
          row('by', `${quoted(signer.name)}, by the root that you named`),
          row('', `certificate ${signer.certificate}, under the root ${signer.root}`),
        ]),
    row('log', 'none'),
    row('when', 'nobody who is trusted says'),
  ]
}

function statementOf(signed: VerdictSigned): string {
  if (signed.kind === 'file') return 'the file itself'
  return `a statement about it (${quoted(signed.predicateType)}), which calls it ${quoted(signed.subject)}`
}

function describeGaps(gaps: readonly (keyof typeof GAPS)[], wasAsked: boolean): string[] {
  const sentences = [...gaps.map((gap) => GAPS[gap]), ...(wasAsked ? [ASKED] : []), ALWAYS]
  return ['Not covered:', ...sentences.map((sentence) => `  - ${sentence}`)]
}

function describeLookup({ found, byOthers, refused }: Lookup): string[] {
  const others = byOthers === 0 ? '' : `, ${byOthers} by others`
  return [
    row('asked', `${found} ${found === 1 ? 'entry was' : 'entries were'} looked at${others}`),
    ...refused.slice(0, SHOWN_PATHS).map(({ entry, code, message }) => row('refused', `${entry}: ${code}: ${message}`)),
  ]
}

/** What is left out is named: the signer chose it. */
function describeDirectory(findings: ModelFindings): string[] {
  const { covered, ignored, excluded, unsigned, missing, mismatched } = findings
  const found = Object.entries({ ignored, unsigned, missing, mismatched }).filter(([, paths]) => paths.length > 0)
  return [
    row('files', `${covered.length} as signed`),
    ...found.map(([what, paths]) => row(what, named(paths))),
    ...(excluded.length === 0 ? [] : [row('excluded', `${named(excluded)}: by the signer, whatever is there`)]),
  ]
}

function describeClaimed(claimed: Outcome['claimed']): string[] {
  const by = (who: 'statement' | 'file') => claimed.filter((one) => one.by === who).map(({ what }) => what)
  const [statement, file] = [by('statement'), by('file')]
  return [
    ...statement.map((what) =>
      row('claimed', `what else the statement says (${quoted(what)}): the word of its signer`),
    ),
    ...(file.length === 0 ? [] : [row('claimed', `what the file says of itself: ${named(file)}`)]),
  ]
}

/** Signed or not, it is the surroundings that decide. */
function describeRunTime({ shadowable, shadows }: NonNullable<Outcome['runTime']>): string[] {
  const found = shadowable.map(({ code, what }) => row('run time', `${code}: ${what}`))
  if (shadows === null) return found
  const { directory, loaders } = shadows
  const starting = loaders.map((path) => row('run time', `${quoted(path)} is there, and would start it`))
  return [...found, ...starting, row('run time', `in ${quoted(directory)} nothing lies in front of what is in it`)]
}

function named(paths: readonly string[]): string {
  const shown = paths.slice(0, SHOWN_PATHS).map(quoted).join(', ')
  return paths.length <= SHOWN_PATHS ? shown : `${shown} and ${paths.length - SHOWN_PATHS} more`
}

function describeSigner(signer: VerdictSigner): string[] {
  if (signer.kind === 'key') return describeKey(signer)
  const { name, issuer, certificate, certificateLogs } = signer
  return [
    row('by', `${quoted(name)}, for whom ${quoted(issuer)} vouched`),
    row(
      '',
      `certificate ${certificate}, in ${certificateLogs.length} certificate log${certificateLogs.length === 1 ? '' : 's'}`,
    ),
  ]
}

function describeKey({ algorithm, fingerprint }: Extract<VerdictSigner, { kind: 'key' }>): string[] {
  return [row('by', `the key that you named (${algorithm})`), row('', `fingerprint ${fingerprint}`)]
}

function describeEntry({ log, kind, index, inclusion }: VerdictEntry): string[] {
  const name = quoted(log.url === '' ? (inclusion?.origin ?? '') : log.url)
  const entry = index === null ? `an entry of ${name}` : `entry ${index} of ${name}`
  if (inclusion === null) return [row('log', `${entry} (${kind}), as the log promised`)]
  return [row('log', `${entry} (${kind})`), row('', place(inclusion)), ...witnesses(inclusion.cosigners)]
}

export function place({ origin, index, size }: NonNullable<VerdictEntry['inclusion']>): string {
  return `at ${index} in the tree of ${size} that ${quoted(origin)} signed`
}

export function witnesses(cosigners: readonly Cosigner[]): string[] {
  return cosigners.map(({ witness, keyName, time }) =>
    row('witness', `${quoted(witness)} (${keyName}) saw that tree${time === 0 ? '' : ` at ${utc(time * 1000)}`}`),
  )
}

export function row(label: string, text: string): string {
  return `  ${label.padEnd(8)} ${text}`
}

/** A witness may say what no calendar has. */
export function utc(millis: number): string {
  const date = new Date(millis)
  return Number.isNaN(date.getTime()) ? `${millis / 1000} s after 1970` : date.toISOString().replace(/\.\d+Z$/, 'Z')
}

export function quoted(text: string): string {
  return JSON.stringify(text.length <= SHOWN_LENGTH ? text : `${text.slice(0, SHOWN_LENGTH)}…`)
}

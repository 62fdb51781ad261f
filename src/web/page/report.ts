/** An outcome in a person's words: what was shown, what was not, and nothing that sounds like more. */

import type { ModelLimits } from '../../formats/model/limits.ts'
import { hex } from '../../kernel/bytes.ts'
import type { Cosigner, Gap, ProvenEntry, Verdict } from '../../verify/index.ts'
import type { Outcome } from './judge.ts'

export interface Report {
  /** A certificate that could not be checked is never a yes. */
  readonly tone: 'yes' | 'no' | 'open'
  readonly title: string
  readonly lead: string
  /** What was found; claimed only, when the tone is `open`. */
  readonly rows: readonly Row[]
  /** What this page could not check, though the answer depends on it. */
  readonly notChecked: readonly string[]
  readonly notCovered: readonly string[]
  /** For programs: the same as docs/verify.md describes. */
  readonly json: string
}

export interface Row {
  readonly label: string
  readonly value: string
  /** Set in a face in which characters can be told apart. */
  readonly isCode?: boolean
}

/** In a file of a model. */
export interface Found {
  /** Of its slot, which were left out of what was hashed; null: it has none. */
  readonly slotBytes: number | null
  readonly limits: ModelLimits | null
}

/** @param found null: the file was not looked into */
export function reportOn(outcome: Outcome, found: Found | null = null): Report {
  const report = reportOf(outcome)
  if (found === null) return report
  const { slotBytes, limits } = found
  const value = `${count(slotBytes ?? 0)} bytes in the file are no part of what is judged: the file without them is`
  const slot = slotBytes === null ? [] : [{ label: 'Slot', value }]
  const notCovered = [...(report.tone === 'no' ? [] : limitsOf(limits)), ...report.notCovered]
  return { ...report, rows: [...report.rows, ...slot], notCovered }
}

const CLAIMED = 20

/** What is somebody's word alone, and what decides when the file runs. */
function limitsOf(limits: ModelLimits | null): string[] {
  if (limits === null) return []
  const { claimed, runTime } = limits
  const more = claimed.length > CLAIMED ? ` and ${claimed.length - CLAIMED} more` : ''
  const what = `Only claimed, by the file itself: ${claimed.slice(0, CLAIMED).join(', ')}${more}`
  return [
    ...(claimed.length === 0 ? [] : [what]),
    ...(runTime?.findings ?? []).map((finding) => `At run time: ${finding.what}`),
  ]
}

function reportOf(outcome: Outcome): Report {
  switch (outcome.kind) {
    case 'signed':
      return signed(outcome.verdict)
    case 'certificate':
      return {
        tone: 'open',
        title: 'Undetermined',
        lead: 'Signature and log agree with this file. Whether the certificate is genuine cannot be checked on this page, and anyone can make one that says anything.',
        rows: rowsOf(outcome.found.claimed),
        notChecked: outcome.found.notChecked.map((what) => NOT_CHECKED[what]),
        notCovered: gapsOf(outcome.found.claimed),
        json: toJson(outcome.found),
      }
    case 'proven':
      return proven(outcome.proven, outcome.policy.quorum !== null)
    case 'refused':
      return failed('no', 'Not verified', 'A check failed. Do not rely on this file.', outcome.error)
    case 'open':
      return failed('open', 'Undetermined', 'Nothing was decided about this file.', outcome.error)
  }
}

const NOT_CHECKED = {
  'certificate chain': 'Not checked here: whether an authority that you trust issued the certificate',
  'certificate logs': 'Not checked here: whether the certificate is in a public certificate log (SCT)',
  'certificate time': 'Not checked here: whether the certificate was valid when the file was signed',
} as const

/** In docs/verify.md the same, for programs. */
const GAPS: Readonly<Record<Gap, string>> = {
  time: 'When it was signed: nobody whom you trust says',
  timestamps: 'The timestamps in the bundle: a stranger’s, or not checkable on this page',
  inclusion: 'That the entry is in the log: it only promised to include it',
  witnesses: 'That everybody is shown the same log: you asked for no witnesses',
  claims: 'Whether what the statement says is true: that is the signer’s word',
  'key owner': 'Whose key it is: that is for you to know',
}

const NEVER = 'Whether the file is good, and whether the signer’s key was stolen'
const LATER = 'What happened after the newest time shown here'

function signed(verdict: Verdict): Report {
  const what = verdict.signed.kind === 'file' ? 'this file' : 'a statement about this file'
  return {
    tone: 'yes',
    title: 'Verified',
    lead: `The key that you named signed ${what}, and the log that you trust has it on record.`,
    rows: rowsOf(verdict),
    notChecked: [],
    notCovered: gapsOf(verdict),
    json: toJson(verdict),
  }
}

function gapsOf({ notCovered, times }: Verdict): string[] {
  return [...notCovered.map((gap) => GAPS[gap]), NEVER, ...(times.length === 0 ? [] : [LATER])]
}

function proven({ leaf, index, checkpoint }: ProvenEntry, hasQuorum: boolean): Report {
  const { origin, size, root, cosigners } = checkpoint
  return {
    tone: 'yes',
    title: 'Verified',
    lead: 'This file is an entry of the log, under a checkpoint that your policy accepts.',
    rows: [
      { label: 'Log', value: origin },
      { label: 'In the tree', value: `index ${count(index)} in a tree of ${count(size)}` },
      { label: 'Leaf hash', value: hex(leaf), isCode: true },
      { label: 'Root of the tree', value: hex(root), isCode: true },
      ...witnessRows(cosigners),
    ],
    notChecked: [],
    notCovered: [
      'Who wrote the entry, and when',
      ...(hasQuorum ? [] : [GAPS.witnesses]),
      'Whether what the entry says is true',
    ],
    json: toJson({ leaf: hex(leaf), index, checkpoint: { origin, size, root: hex(root), cosigners } }),
  }
}

function failed(tone: 'no' | 'open', title: string, lead: string, error: { code: string; message: string }): Report {
  const { code, message } = error
  const rows = [
    { label: 'Reason', value: message },
    { label: 'Code', value: code, isCode: true },
  ]
  return { tone, title, lead, rows, notChecked: [], notCovered: [], json: toJson({ code, message }) }
}

function rowsOf({ artifact, signed, signer, entries, times }: Verdict): Row[] {
  return [
    ...signerRows(signer),
    ...(signed.kind === 'file' ? [] : statementRows(signed)),
    { label: `File, ${artifact.algorithm.replace('SHA2_', 'SHA-')}`, value: artifact.digest, isCode: true },
    ...entries.flatMap(entryRows),
    ...times.map(({ time, name }) => ({ label: 'Time', value: `${moment(time)}, says ${name}` })),
  ]
}

function signerRows(signer: Verdict['signer']): Row[] {
  const { algorithm } = signer
  if (signer.kind === 'key')
    return [{ label: 'Key, SHA-256', value: signer.fingerprint, isCode: true }, ...algorithmRow(algorithm)]
  return [
    { label: 'Signer', value: signer.name },
    { label: 'Vouched for by', value: signer.issuer },
    { label: 'Certificate, SHA-256', value: signer.certificate, isCode: true },
    ...algorithmRow(algorithm),
  ]
}

function algorithmRow(algorithm: string): Row[] {
  return [{ label: 'Algorithm', value: algorithm, isCode: true }]
}

function statementRows({ predicateType, subject }: Extract<Verdict['signed'], { kind: 'statement' }>): Row[] {
  return [
    { label: 'Statement', value: predicateType },
    { label: 'Calls the file', value: subject },
  ]
}

function entryRows({ log, kind, index, inclusion }: Verdict['entries'][number]): Row[] {
  const place = index === null ? '' : `, entry ${count(index)}`
  const rows: Row[] = [{ label: 'Log', value: `${log.url}${place} (${kind})` }]
  if (inclusion === null) return [...rows, { label: 'Inclusion', value: 'promised, not shown' }]
  const { origin, size, cosigners } = inclusion
  const leaf = `index ${count(inclusion.index)} in a tree of ${count(size)}, signed by ${origin}`
  return [...rows, { label: 'In the tree', value: leaf }, ...witnessRows(cosigners)]
}

function witnessRows(cosigners: readonly Cosigner[]): Row[] {
  return cosigners.map(({ witness, time }) => ({
    label: 'Witness',
    value: time === 0 ? witness : `${witness}, ${moment(time * 1000)}`,
  }))
}

function count(value: number): string {
  return value.toLocaleString('en')
}

/** A witness may say any second up to 2^53, which is beyond what a date can be. */
function moment(millis: number): string {
  const date = new Date(millis)
  return Number.isNaN(date.getTime())
    ? `${millis / 1000} s after 1970`
    : date.toISOString().replace('T', ' ').replace('.000Z', ' UTC')
}

function toJson(value: unknown): string {
  return JSON.stringify(value, null, 2)
}

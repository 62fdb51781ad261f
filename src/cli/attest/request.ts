/** The words after `attest`: which step, of what, and what is done with the statement. Everything that is wrong is said at once. */

import { parseSmallFile } from '../../config/files.ts'
import { type Flags, parseFlags, takeRepeated } from '../../config/flags.ts'
import { oneOf } from '../../config/parsers.ts'
import { Problems } from '../../config/problems.ts'
import {
  COMPLETENESS,
  type Completeness,
  DEFAULT_BASE,
  parseBase,
  parseUri,
  ROLES,
  type Role,
  STEPS,
  type Step,
} from '../../formats/custody/vocabulary.ts'
import { isJsonObject, type JsonObject, parseJson } from '../../formats/json.ts'
import { parseTime } from '../../formats/time.ts'
import { requireFree, SIGNING_FLAGS, type Signing, signingOf } from '../sign/request.ts'
import type { World } from '../world.ts'
import { type Named, parseNamed } from './where.ts'

export const TOLD = ['advisory', 'withdrawal', 'corroboration'] as const
export const KINDS = [...(Object.keys(STEPS) as Step[]), ...TOLD]
export type Kind = (typeof KINDS)[number]

export interface AttestRequest {
  readonly kind: Kind
  readonly base: string
  /** What it is about; at least one. */
  readonly about: readonly Named[]
  readonly name: string | undefined
  readonly dependencies: readonly (readonly [Role, Named])[]
  readonly completeness: ReadonlyMap<Role, Completeness>
  readonly parameters: JsonObject
  /** Whether what the files say of themselves is said too. */
  readonly declared: boolean
  readonly isSalted: boolean
  /** Of a single kind of statement, as it was typed. */
  readonly told: Flags
  readonly evidence: readonly Named[]
  readonly affects: readonly string[]
  /** Where the statement goes by itself, or null. */
  readonly output: string | null
  /** Null: it is shown, and that is all. */
  readonly signing: (Signing & { readonly out: string }) | null
  readonly json: boolean
}

const STEP_FLAGS = ['manifest', 'builder', 'invocation-id', 'started', 'finished', 'parameters', 'completeness']
const ADVISORY_FLAGS = ['status', 'reason', 'superseded-by', 'effective-from']
const SVR_FLAGS = ['verifier', 'properties', 'rules', 'time']
const REPEATED = [...ROLES, 'parameter', 'evidence', 'affects'] as const
const MAX_PARAMETERS = 512 * 1024

/** Which flags go with which statement. */
function flagsOf(kind: Kind): readonly string[] {
  if (kind === 'advisory') return ADVISORY_FLAGS
  if (kind === 'withdrawal') return ADVISORY_FLAGS.slice(1)
  return kind === 'corroboration' ? SVR_FLAGS : STEP_FLAGS
}

/** @throws TlogError CONFIG_INVALID with all that is wrong. Nothing has been asked of anybody by then. */
export function parseAttestRequest([word = '', ...argv]: readonly string[], world: World): AttestRequest {
  const problems = new Problems()
  const kind = problems.take('', 'train' as Kind, () => oneOf(...KINDS)(word))
  problems.check() // the rest depends on it
  const { values, rest } = repeatedOf(argv, problems)
  const valued = [...SIGNING_FLAGS, ...flagsOf(kind), 'base', 'name', 'bundle', 'output']
  const { flags, on, words } = parseFlags(rest, valued, ['dry-run', 'declared', 'salted', 'json'], problems)
  const isStep = (TOLD as readonly string[]).indexOf(kind) < 0
  for (const name of REPEATED)
    if ((values.get(name) ?? []).length > 0 && isOut(name, kind, isStep))
      problems.note(`--${name}`, `is not for ${kind}`)
  const about = words.flatMap((text) => problems.take('', [], () => [parseNamed(text)]))
  if (words.length === 0) problems.note('', `${kind} takes what it is about: a FILE, a DIR, or ALGORITHM:HEX`)
  const named = (name: string) =>
    (values.get(name) ?? []).flatMap((text) => problems.take(`--${name}`, [], () => [parseNamed(text)]))
  const request: AttestRequest = {
    ...{
      kind,
      about,
      name: flags.name,
      told: flags,
      json: on.has('json'),
      declared: on.has('declared'),
      isSalted: on.has('salted'),
    },
    base: problems.take('--base', DEFAULT_BASE, () => parseBase(flags.base ?? DEFAULT_BASE)),
    dependencies: ROLES.flatMap((role) => named(role).map((each) => [role, each] as const)),
    completeness: problems.take<ReadonlyMap<Role, Completeness>>('--completeness', new Map(), () =>
      parseCompleteness(flags.completeness),
    ),
    parameters: problems.take('--parameter', {}, () =>
      parseParameters(flags.parameters, values.get('parameter') ?? []),
    ),
    evidence: named('evidence'),
    affects: values.get('affects') ?? [],
    output: flags.output ?? null,
    signing: on.has('dry-run') ? dryRun(flags, problems) : signed(kind, { flags, words }, world, problems),
  }
  checkTold(flags, problems)
  for (const name of ['manifest', 'salted'])
    if (kind !== 'dataset-snapshot' && (flags[name] !== undefined || on.has(name)))
      problems.note(`--${name}`, 'is for dataset-snapshot')
  if (flags.manifest !== undefined) problems.take('--manifest', undefined, () => requireFree(flags.manifest ?? ''))
  if (flags.output !== undefined) problems.take('--output', undefined, () => requireFree(flags.output ?? ''))
  problems.check()
  return request
}

function repeatedOf(argv: readonly string[], problems: Problems) {
  const values = new Map<string, readonly string[]>()
  let rest = argv
  for (const name of REPEATED) {
    const taken = takeRepeated(rest, name, problems)
    values.set(name, taken.values)
    rest = taken.rest
  }
  return { values, rest }
}

function isOut(name: (typeof REPEATED)[number], kind: Kind, isStep: boolean): boolean {
  if (name === 'evidence' || name === 'affects') return kind !== 'advisory' && kind !== 'withdrawal'
  return !isStep
}

function dryRun(flags: Flags, problems: Problems): null {
  for (const name of [...SIGNING_FLAGS, 'bundle'])
    if (flags[name] !== undefined) problems.note(`--${name}`, 'not together with --dry-run, which signs nothing')
  return null
}

interface Typed {
  readonly flags: Flags
  readonly words: readonly string[]
}

function signed(kind: Kind, { flags, words: [first = ''] }: Typed, world: World, problems: Problems) {
  const about = /^[^,]*/.exec(first)?.[0] ?? ''
  const out = flags.bundle ?? (about === '' ? '' : `${fileName(about)}.${kind}.sigstore.json`)
  if (out === '') problems.note('--bundle', 'missing: where the bundle goes')
  else problems.take('--bundle', undefined, () => requireFree(out))
  return { ...signingOf(flags, world, problems), out }
}

/** Beside what it is about; of a digest, here. */
function fileName(about: string): string {
  return about.replace(/\/+$/, '').replace(/^([A-Za-z]\w+):([0-9a-f]{8})[0-9a-f]*$/, '$1-$2')
}

/** What needs no file to be judged. */
function checkTold(flags: Flags, problems: Problems): void {
  for (const name of ['started', 'finished', 'effective-from', 'time'])
    problems.take(`--${name}`, 0, () => (flags[name] === undefined ? 0 : parseTime(flags[name])))
  for (const name of ['builder', 'invocation-id', 'verifier'])
    problems.take(`--${name}`, '', () => (flags[name] === undefined ? '' : parseUri(flags[name])))
}

function parseCompleteness(text: string | undefined): ReadonlyMap<Role, Completeness> {
  const said = new Map<Role, Completeness>()
  for (const pair of text?.split(',') ?? []) {
    const [name = '', how = ''] = pair.split('=', 2)
    const role = oneOf(...ROLES)(name)
    if (said.has(role)) throw new Error(`${role} is there twice`)
    said.set(role, oneOf(...COMPLETENESS)(how))
  }
  return said
}

/** NAME=TEXT, or NAME:=JSON; and a file of all of them. */
function parseParameters(file: string | undefined, pairs: readonly string[]): JsonObject {
  const found: Record<string, JsonObject[string]> =
    file === undefined ? {} : { ...parseSmallFile(file, MAX_PARAMETERS, parseJsonObject) }
  for (const pair of pairs) {
    const [, name = '', json, text] = /^([\w.-]{1,128})(?::=(.*)|=(.*))$/s.exec(pair) ?? []
    if (name === '') throw new Error(`NAME=TEXT or NAME:=JSON was expected, not ${pair.slice(0, 64)}`)
    if (Object.hasOwn(found, name)) throw new Error(`${name} is there twice`)
    found[name] = json === undefined ? (text ?? '') : parseJson(new TextEncoder().encode(json))
  }
  return found
}

function parseJsonObject(bytes: Uint8Array): JsonObject {
  const value = parseJson(bytes)
  if (!isJsonObject(value)) throw new Error('a JSON object was expected')
  return value
}

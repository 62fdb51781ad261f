/** The words after `attest`: which step, of what, and what is done with the statement. Everything that is wrong is said at once. */

import { type Flags, parseFlags, takeRepeated } from '../../config/flags.ts'
import { oneOf } from '../../config/parsers.ts'
import { Problems } from '../../config/problems.ts'
import type { Provenance } from '../../formats/custody/provenance.ts'
import {
  type Completeness,
  DEFAULT_BASE,
  parseBase,
  parseUri,
  ROLES,
  type Role,
  STEPS,
  type Step,
} from '../../formats/custody/vocabulary.ts'
import type { JsonObject } from '../../formats/json.ts'
import { parseTime } from '../../formats/time.ts'
import { requireFree, SIGNING_FLAGS, type Signing, signingOf } from '../sign/request.ts'
import type { World } from '../world.ts'
import { parseCompleteness, parseParameters } from './account.ts'
import { type Named, parseNamed } from './where.ts'

export const TOLD = ['advisory', 'withdrawal', 'corroboration'] as const
export const KINDS = [...(Object.keys(STEPS) as Step[]), ...TOLD]
export type Kind = (typeof KINDS)[number]

export interface AttestRequest {
  readonly kind: Kind
  readonly base: string
  readonly form: Provenance['form']
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

const STEP_FLAGS = ['form', 'manifest', 'builder', 'invocation-id', 'started', 'finished', 'parameters', 'completeness']
const ADVISORY_FLAGS = ['status', 'reason', 'superseded-by', 'effective-from']
const SVR_FLAGS = ['verifier', 'properties', 'rules', 'time']
const REPEATED = [...ROLES, 'parameter', 'evidence', 'affects'] as const

const FORMS = { internal: 'internal', fields: undefined } as const

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
  noteMisplaced(kind, { flags, on, values }, problems)
  const request: AttestRequest = {
    ...{ kind, name: flags.name, told: flags, output: flags.output ?? null },
    ...{ json: on.has('json'), declared: on.has('declared'), isSalted: on.has('salted') },
    form: problems.take('--form', 'internal', () => FORMS[oneOf('internal', 'fields')(flags.form ?? 'internal')]),
    base: problems.take('--base', DEFAULT_BASE, () => parseBase(flags.base ?? DEFAULT_BASE)),
    ...namedOf(kind, { words, values }, problems),
    ...accountOf(flags, values.get('parameter') ?? [], problems),
    signing: on.has('dry-run') ? dryRun(flags, problems) : signed(kind, { flags, words }, world, problems),
  }
  checkTold(flags, problems)
  for (const name of ['manifest', 'output'])
    problems.take(`--${name}`, undefined, () => (flags[name] === undefined ? undefined : requireFree(flags[name])))
  problems.check()
  return request
}

type Values = ReadonlyMap<string, readonly string[]>

interface Placed {
  readonly flags: Flags
  readonly on: ReadonlySet<string>
  readonly values: Values
}

/** Flags that another statement takes. */
function noteMisplaced(kind: Kind, { flags, on, values }: Placed, problems: Problems): void {
  for (const name of REPEATED)
    if ((values.get(name) ?? []).length > 0 && isOut(name, kind)) problems.note(`--${name}`, `is not for ${kind}`)
  if (kind === 'dataset-snapshot') return
  for (const name of ['manifest', 'salted'])
    if (flags[name] !== undefined || on.has(name)) problems.note(`--${name}`, 'is for dataset-snapshot')
}

type NamedThings = Pick<AttestRequest, 'about' | 'dependencies' | 'evidence' | 'affects'>

function namedOf(
  kind: Kind,
  { words, values }: { readonly words: readonly string[]; readonly values: Values },
  problems: Problems,
): NamedThings {
  if (words.length === 0) problems.note('', `${kind} takes what it is about: a FILE, a DIR, or ALGORITHM:HEX`)
  const all = (place: string, texts: readonly string[]) =>
    texts.flatMap((text) => problems.take(place, [], () => [parseNamed(text)]))
  const flagged = (name: string) => all(`--${name}`, values.get(name) ?? [])
  return {
    about: all('', words),
    dependencies: ROLES.flatMap((role) => flagged(role).map((each) => [role, each] as const)),
    evidence: flagged('evidence'),
    affects: values.get('affects') ?? [],
  }
}

function accountOf(
  { completeness, parameters }: Flags,
  pairs: readonly string[],
  problems: Problems,
): Pick<AttestRequest, 'completeness' | 'parameters'> {
  const nothing: ReadonlyMap<Role, Completeness> = new Map()
  return {
    completeness: problems.take('--completeness', nothing, () => parseCompleteness(completeness)),
    parameters: problems.take('--parameter', {}, () => parseParameters(parameters, pairs)),
  }
}

function repeatedOf(argv: readonly string[], problems: Problems): { values: Values; rest: readonly string[] } {
  const values = new Map<string, readonly string[]>()
  let rest = argv
  for (const name of REPEATED) {
    const taken = takeRepeated(rest, name, problems)
    values.set(name, taken.values)
    rest = taken.rest
  }
  return { values, rest }
}

function isOut(name: (typeof REPEATED)[number], kind: Kind): boolean {
  if (name === 'evidence' || name === 'affects') return kind !== 'advisory' && kind !== 'withdrawal'
  return (TOLD as readonly string[]).includes(kind)
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

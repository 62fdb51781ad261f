/**
 * Trust policies (c2sp.org/tlog-policy): which logs and witnesses a verifier knows, and how many must have cosigned.
 * The spec takes names as octets; here the whole file must be UTF-8, and names are equal when their bytes are.
 */

import { equal, parseUtf8, utf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { located } from '../located.ts'
import { formatVkey, KEY_TYPE, parseVkey, type Vkey } from './vkey.ts'

export interface PolicyLog {
  /** Its name is the log's origin. */
  readonly vkey: Vkey
  readonly url?: string
}

export interface PolicyWitness {
  /** Known inside the policy alone. */
  readonly name: string
  readonly vkey: Vkey
  /** Its submission prefix. */
  readonly url?: string
}

export interface PolicyGroup {
  readonly name: string
  /** How many of the members must have cosigned: 1 … members.length. */
  readonly threshold: number
  /** Names of witnesses, and of groups that come before. */
  readonly members: readonly string[]
}

export interface Policy {
  /** One of them must have signed. None: the verifier knows the log from elsewhere. */
  readonly logs: readonly PolicyLog[]
  readonly witnesses: readonly PolicyWitness[]
  readonly groups: readonly PolicyGroup[]
  /** A witness, a group, or null where no cosignature is asked for. */
  readonly quorum: string | null
}

const MAX_BYTES = 1024 * 1024
const NONE = 'none'
// biome-ignore lint/suspicious/noControlCharactersInRegex: a policy may hold no control character but tab and newline
const CONTROL = /[\0-\x08\x0b-\x1f\x7f]/

/** @throws TlogError POLICY_MALFORMED, naming the line: unknown words, keys or names twice, names before they are defined. */
export function parsePolicy(bytes: Uint8Array): Policy {
  if (bytes.length > MAX_BYTES) throw malformed(`a policy of ${bytes.length} bytes, at most ${MAX_BYTES}`)
  const lines = located('POLICY_MALFORMED', 'the policy', () => parseUtf8(bytes)).split('\n')
  if (lines.pop() !== '') throw malformed('the last line does not end in a newline')
  const reader = new PolicyReader()
  lines.forEach((line, i) => {
    located('POLICY_MALFORMED', `line ${i + 1}`, () => reader.line(line))
  })
  return reader.end()
}

/** @throws TlogError POLICY_MALFORMED when `parsePolicy` would refuse the result. */
export function formatPolicy(policy: Policy): Uint8Array {
  const lines = [
    ...policy.logs.map(({ vkey, url }) => ['log', formatVkey(vkey), ...optional(url)]),
    ...policy.witnesses.map(({ name, vkey, url }) => ['witness', name, formatVkey(vkey), ...optional(url)]),
    ...policy.groups.map((group) => ['group', group.name, formatThreshold(group), ...group.members]),
    ['quorum', policy.quorum ?? NONE],
  ]
  const odd = lines.flat().find((field) => !/^[^ \t\n]+$/.test(field))
  if (odd !== undefined) throw malformed(`${shown(odd)} is not one word`)
  const bytes = utf8(lines.map((fields) => `${fields.join(' ')}\n`).join(''))
  parsePolicy(bytes)
  return bytes
}

function optional(url: string | undefined): readonly string[] {
  return url === undefined ? [] : [url]
}

function formatThreshold({ threshold, members }: PolicyGroup): string {
  if (threshold === members.length) return 'all'
  return threshold === 1 ? 'any' : String(threshold)
}

/**
 * Whether these witnesses are as many as the policy asks for. Groups come after their members, so one pass settles them.
 * @param cosigned names in the policy
 */
export function isQuorum({ groups, quorum }: Policy, cosigned: ReadonlySet<string>): boolean {
  const settled = new Set(cosigned)
  for (const { name, threshold, members } of groups)
    if (members.filter((member) => settled.has(member)).length >= threshold) settled.add(name)
  return quorum === null || settled.has(quorum)
}

class PolicyReader {
  readonly #logs: PolicyLog[] = []
  readonly #witnesses: PolicyWitness[] = []
  readonly #groups: PolicyGroup[] = []
  readonly #defined = new Set<string>([NONE])
  readonly #members = new Set<string>()
  #quorum: string | null | undefined

  line(text: string): void {
    if (CONTROL.test(text)) throw malformed('a control character')
    const [keyword, ...fields] = text.split(/[ \t]+/).filter((field) => field !== '')
    if (keyword === undefined || keyword.startsWith('#')) return
    if (keyword === 'log') this.#log(fields)
    else if (keyword === 'witness') this.#witness(fields)
    else if (keyword === 'group') this.#group(fields)
    else if (keyword === 'quorum') this.#setQuorum(fields)
    else throw malformed(`no such word: ${shown(keyword)}`)
  }

  end(): Policy {
    if (this.#quorum === undefined) throw malformed('the policy has no quorum line')
    return { logs: this.#logs, witnesses: this.#witnesses, groups: this.#groups, quorum: this.#quorum }
  }

  #log([key, url, ...rest]: string[]): void {
    if (key === undefined || rest.length > 0) throw malformed('log takes a verifier key and at most a URL')
    const vkey = newKey(key, [KEY_TYPE.ed25519, KEY_TYPE.mlDsa44], this.#logs)
    this.#logs.push({ vkey, ...(url !== undefined && { url }) })
  }

  #witness([name, key, url, ...rest]: string[]): void {
    if (name === undefined || key === undefined || rest.length > 0)
      throw malformed('witness takes a name, a verifier key and at most a URL')
    this.#define(name)
    const vkey = newKey(key, [KEY_TYPE.cosignature, KEY_TYPE.mlDsa44], this.#witnesses)
    this.#witnesses.push({ name, vkey, ...(url !== undefined && { url }) })
  }

  #group([name, threshold, ...members]: string[]): void {
    if (name === undefined || threshold === undefined || members.length === 0)
      throw malformed('group takes a name, a threshold and at least one member')
    for (const member of members) this.#join(member)
    this.#define(name) // after its members: a group is none of its own
    this.#groups.push({ name, threshold: parseThreshold(threshold, members.length), members })
  }

  #setQuorum([name, ...rest]: string[]): void {
    if (this.#quorum !== undefined) throw malformed('a second quorum line')
    if (name === undefined || rest.length > 0) throw malformed('quorum takes one name')
    if (!this.#defined.has(name)) throw malformed(`${shown(name)} is not defined above`)
    this.#quorum = name === NONE ? null : name
  }

  #define(name: string): void {
    if (this.#defined.has(name)) throw malformed(`the name ${shown(name)} is taken`)
    this.#defined.add(name)
  }

  /** Once in the whole file: otherwise a witness would count in two ways. */
  #join(member: string): void {
    if (member === NONE || !this.#defined.has(member)) throw malformed(`${shown(member)} is not defined above`)
    if (this.#members.has(member)) throw malformed(`${shown(member)} is a member already`)
    this.#members.add(member)
  }
}

/** Two keys are one when their bytes are, whatever their names and types. */
function newKey(text: string, types: readonly number[], known: readonly { readonly vkey: Vkey }[]): Vkey {
  const vkey = parseVkey(text)
  if (!types.includes(vkey.type)) throw malformed(`a key of type ${vkey.type} has another role`)
  if (known.some((other) => equal(other.vkey.publicKey, vkey.publicKey)))
    throw malformed(`the key of ${shown(vkey.name)} is here already`)
  return vkey
}

function parseThreshold(text: string, members: number): number {
  if (text === 'any') return 1
  if (text === 'all') return members
  const threshold = /^[1-9][0-9]{0,5}$/.test(text) ? Number(text) : 0
  if (threshold < 1 || threshold > members) throw malformed(`a threshold is any, all or 1 to ${members}`)
  return threshold
}

function shown(name: string): string {
  return JSON.stringify(name.slice(0, 64))
}

function malformed(why: string): TlogError {
  return new TlogError('POLICY_MALFORMED', why)
}

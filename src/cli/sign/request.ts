/** The words after `sign`: what is signed, by whom, where it is logged, and who is trusted to say that it was. */

import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { parseSmallFile } from '../../config/files.ts'
import { type Flags, parseFlags } from '../../config/flags.ts'
import { oneOf, parseServiceUrl } from '../../config/parsers.ts'
import { Problems } from '../../config/problems.ts'
import { parsePolicy } from '../../formats/c2sp/policy.ts'
import { parseSigningConfig } from '../../formats/sigstore/signing-config.ts'
import { parseTrustedRoot } from '../../formats/sigstore/trusted-root.ts'
import type { UnixMillis } from '../../kernel/brand.ts'
import type { SigningTrust } from '../../sign/check.ts'
import { type Services, selectServices } from '../../sign/services.ts'
import { NO_WITNESSES } from '../../verify/checkpoint.ts'
import type { World } from '../world.ts'

/** By whom it is signed, where it is logged, and whose word that it was counts. */
export interface Signing {
  readonly signer: { readonly kind: 'key' | 'identity'; readonly source: string }
  readonly services: Services
  readonly trust: SigningTrust | null
  /** Where the token for writing is, or null. */
  readonly logToken: string | null
}

export interface SignRequest extends Signing {
  readonly kind: 'file' | 'directory'
  readonly path: string
  /** What the statement is to say, in JSON, and of what type that is; null: the file itself is signed. */
  readonly predicate: { readonly file: string; readonly type: string } | null
  /** The file is an in-toto statement, and is signed as one. */
  readonly isStatement: boolean
  /** Paths in the directory that stay out. */
  readonly ignore: readonly string[]
  readonly out: string
  readonly json: boolean
}

export const SIGNING_FLAGS = [
  ...['key', 'identity-token', 'trusted-root', 'policy'],
  ...['signing-config', 'rekor-url', 'rekor-version', 'fulcio-url', 'tsa-url', 'write-token'],
]
export const VALUED = [...SIGNING_FLAGS, 'statement', 'type', 'ignore', 'bundle']

/** Where OpenSSF Model Signing's own tool looks for it. It is no part of the model. */
export const MODEL_SIGNATURE = 'model.sig'

const MAX_ROOT = 4 * 1024 * 1024
const MAX_SMALL = 1024 * 1024
const NO_SERVICES: Services = { logs: [], version: 2, certificates: null, timestamps: [] }

/** @throws TlogError CONFIG_INVALID with all that is wrong. Nothing has been asked of anybody by then. */
export function parseSignRequest(argv: readonly string[], world: World): SignRequest {
  const problems = new Problems()
  const { flags, on, words } = parseFlags(argv, VALUED, ['json', 'in-toto'], problems)
  const { kind, path } = problems.take('', { kind: 'file' as const, path: '' }, () => parseSubject(words))
  const out = flags.bundle ?? (kind === 'directory' ? join(path, MODEL_SIGNATURE) : `${path}.sigstore.json`)
  if (path !== '') problems.take('--bundle', undefined, () => requireFree(out))
  const request: SignRequest = {
    ...{ kind, path, out, json: on.has('json') },
    predicate: predicateOf(flags, kind, problems),
    isStatement: on.has('in-toto'),
    ignore: ignoredOf(flags, kind, problems),
    ...signingOf(flags, world, problems),
  }
  if (request.isStatement && (kind === 'directory' || request.predicate !== null))
    problems.note('--in-toto', 'is for a FILE that is a statement itself')
  problems.check()
  return request
}

/** What SIGNING_FLAGS say. */
export function signingOf(flags: Flags, world: Pick<World, 'clock'>, problems: Problems): Signing {
  const signing: Signing = {
    signer: signerOf(flags, problems),
    services: servicesOf(flags, world.clock.now(), problems),
    trust: trustOf(flags, problems),
    logToken: flags['write-token'] ?? null,
  }
  if (signing.signer.kind === 'identity' && flags['signing-config'] === undefined && flags['fulcio-url'] === undefined)
    problems.note('--identity-token', 'needs --fulcio-url, or a --signing-config that names a certificate authority')
  return signing
}

/** @throws Error for the person who typed it */
export function parseSubject([word, ...rest]: readonly string[]): Pick<SignRequest, 'kind' | 'path'> {
  if (word === undefined || word === '' || rest.length > 0) throw new Error('sign takes one FILE or DIR')
  const stat = statSync(word, { throwIfNoEntry: false })
  if (stat === undefined) throw new Error(`there is no ${word}`)
  if (stat.isDirectory()) return { kind: 'directory', path: word }
  if (!stat.isFile()) throw new Error(`${word} is neither a file nor a directory`)
  return { kind: 'file', path: word }
}

/** What is logged must have a place to go: looked at before, not after. @throws Error */
export function requireFree(out: string): void {
  if (existsSync(out)) throw new Error(`${out} is there already, and is not overwritten: name another file`)
  try {
    accessSync(dirname(resolve(out)), constants.W_OK)
  } catch {
    throw new Error(`nothing can be written to ${dirname(resolve(out))}`)
  }
}

function predicateOf(
  { statement, type }: Flags,
  kind: SignRequest['kind'],
  problems: Problems,
): SignRequest['predicate'] {
  if (statement === undefined && type === undefined) return null
  if (statement === undefined || type === undefined) {
    problems.note('--statement', 'and --type go together: what is said of the file, and what kind of saying it is')
    return null
  }
  if (kind === 'directory') problems.note('--statement', 'is for a FILE: a DIR gets the statement of a model')
  if (!/^[a-z][a-z0-9+.-]*:[^\s\p{C}]+$/iu.test(type)) problems.note('--type', 'must be a URI')
  return { file: statement, type }
}

export function ignoredOf({ ignore }: Flags, kind: SignRequest['kind'], problems: Problems): readonly string[] {
  if (ignore === undefined) return []
  if (kind === 'file') problems.note('--ignore', 'is for a DIR')
  return ignore.split(',')
}

function signerOf({ key, 'identity-token': token }: Flags, problems: Problems): SignRequest['signer'] {
  if (key !== undefined && token !== undefined) problems.note('--key', 'not together with --identity-token')
  if (key === undefined && token === undefined) problems.note('--key', 'or --identity-token says who signs')
  return key === undefined ? { kind: 'identity', source: token ?? '' } : { kind: 'key', source: key }
}

const URL_FLAGS = ['rekor-url', 'rekor-version', 'fulcio-url', 'tsa-url', 'write-token'] as const

function servicesOf(flags: Flags, now: UnixMillis, problems: Problems): Services {
  const file = flags['signing-config']
  if (file !== undefined) {
    for (const name of URL_FLAGS)
      if (flags[name] !== undefined) problems.note(`--${name}`, 'not together with --signing-config')
    return problems.take('--signing-config', NO_SERVICES, () =>
      selectServices(parseSmallFile(file, MAX_SMALL, parseSigningConfig), now),
    )
  }
  const url = (name: (typeof URL_FLAGS)[number]): string | null => {
    const text = flags[name]
    return text === undefined ? null : problems.take(`--${name}`, null, () => parseServiceUrl(text))
  }
  if (flags['rekor-url'] === undefined) problems.note('--rekor-url', 'or --signing-config says where it is logged')
  const version = problems.take('--rekor-version', '2', () => oneOf('1', '2')(flags['rekor-version'] ?? '2'))
  const [log, authority] = [url('rekor-url'), url('tsa-url')]
  return {
    logs: log === null ? [] : [log],
    version: version === '1' ? 1 : 2,
    certificates: url('fulcio-url'),
    timestamps: authority === null ? [] : [authority],
  }
}

function trustOf({ 'trusted-root': root, policy }: Flags, problems: Problems): SigningTrust | null {
  if (root === undefined) {
    if (policy !== undefined) problems.note('--policy', 'needs --trusted-root')
    return null
  }
  const read = problems.take('--trusted-root', null, () => parseSmallFile(root, MAX_ROOT, parseTrustedRoot))
  const witnesses = problems.take('--policy', NO_WITNESSES, () =>
    policy === undefined ? NO_WITNESSES : parseSmallFile(policy, MAX_SMALL, parsePolicy),
  )
  return read === null ? null : { root: read, policy: witnesses }
}

/** What a model or a statement calls it. */
export function nameOf(path: string): string {
  return basename(resolve(path))
}

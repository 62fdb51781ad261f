/**
 * How an object store is reached: by the variables that other clients of the S3 API read too. Secrets have no flag, which shows
 * in the list of processes, and no key in a file, which is copied about. The ratchet has variables of its own: whoever may
 * write the copies must not be able to set it back.
 */

import type { S3Access } from '../formats/s3/location.ts'
import { oneOf } from './parsers.ts'
import type { Problems } from './problems.ts'
import type { Environment } from './sources.ts'

/** Whose variables. */
export type StoreOwner = 'copies' | 'ratchet'

interface Variables {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  /** The first that is set. */
  readonly region: readonly string[]
  readonly endpoint: readonly string[]
  readonly addressing: string
}

export const STORE_VARIABLES: Readonly<Record<StoreOwner, Variables>> = {
  copies: {
    accessKeyId: 'AWS_ACCESS_KEY_ID',
    secretAccessKey: 'AWS_SECRET_ACCESS_KEY',
    sessionToken: 'AWS_SESSION_TOKEN',
    region: ['AWS_REGION', 'AWS_DEFAULT_REGION'],
    endpoint: ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'],
    addressing: 'COLOPHON_S3_ADDRESSING',
  },
  ratchet: {
    accessKeyId: 'COLOPHON_RATCHET_AWS_ACCESS_KEY_ID',
    secretAccessKey: 'COLOPHON_RATCHET_AWS_SECRET_ACCESS_KEY',
    sessionToken: 'COLOPHON_RATCHET_AWS_SESSION_TOKEN',
    region: ['COLOPHON_RATCHET_AWS_REGION'],
    endpoint: ['COLOPHON_RATCHET_AWS_ENDPOINT_URL_S3'],
    addressing: 'COLOPHON_RATCHET_S3_ADDRESSING',
  },
}

/** What is wrong is noted, by the name of the variable alone. An empty variable is one that is not set. */
export function readAccess(env: Environment, owner: StoreOwner, problems: Problems): S3Access {
  const names = STORE_VARIABLES[owner]
  const said = (candidates: readonly string[]) => candidates.find((name) => Boolean(env[name])) ?? null
  const value = (name: string | null) => (name === null ? null : (env[name] ?? null))
  const secret = (name: string) => problems.take(name, '', () => parseSecret(env[name] ?? ''))
  const [endpoint, region] = [said(names.endpoint), said(names.region)]
  if (endpoint === null && region === null)
    problems.note(names.region[0] as string, `must be set, or ${names.endpoint[0]} for a store that is not AWS`)
  const at = problems.take(region ?? '', '', () => parseRegion(value(region) ?? 'us-east-1'))
  return {
    endpoint: problems.take(endpoint ?? '', '', () =>
      parseStoreUrl(value(endpoint) ?? `https://s3.${at}.amazonaws.com`),
    ),
    region: at,
    addressing: addressingOf(env, names.addressing, endpoint !== null, problems),
    accessKeyId: secret(names.accessKeyId),
    secretAccessKey: secret(names.secretAccessKey),
    sessionToken: env[names.sessionToken] ? secret(names.sessionToken) : null,
  }
}

/** AWS wants the bucket before the host's name; most others take it in the path, and some nowhere else. */
function addressingOf(env: Environment, name: string, isElsewhere: boolean, problems: Problems): 'host' | 'path' {
  const said = env[name]
  if (said !== undefined) return problems.take(name, 'path' as const, () => oneOf('host', 'path')(said))
  return isElsewhere ? 'path' : 'host'
}

function parseSecret(text: string): string {
  if (text === '') throw new Error('must be set: it is read from the environment alone')
  if (!/^[\x21-\x7e]{1,4096}$/.test(text)) throw new Error('must be 1 to 4096 printable characters without spaces')
  return text
}

function parseRegion(text: string): string {
  if (!/^[a-z0-9][a-z0-9-]{0,39}$/.test(text)) throw new Error('must be the name of a region: a-z, 0-9 and hyphens')
  return text
}

/** Scheme, host and port; TLS is what the URL says. */
function parseStoreUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  const isPlain = url !== null && /^https?:$/.test(url.protocol) && `${url.origin}/` === url.href
  if (!isPlain) throw new Error('must be an http(s) URL of scheme, host and port alone')
  return url.origin
}

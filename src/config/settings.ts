/** The one table of settings: its names make the flags, the variables and the keys of the file, its words the help. */

import { DIALECTS } from '../dialects/names.ts'
import type { Endpoint } from '../http/listen.ts'
import { parseTrustedProxies } from '../http/proxies.ts'
import {
  listOf,
  oneOf,
  parseDatabase,
  parseEndpoint,
  parseHostname,
  parseHostPort,
  parseKept,
  parseOperator,
  parsePath,
  parseServiceUrl,
  parseUrl,
  wholeNumber,
} from './parsers.ts'
import { parsePlace } from './place.ts'

export const GROUPS = ['Listening', 'Data', 'Logs', 'Writing', 'Trust', 'Running'] as const

export interface Setting<T = unknown, Initial extends string | null = string | null> {
  readonly group: (typeof GROUPS)[number]
  /** What follows the flag. */
  readonly shape: string
  readonly help: string
  /** The text that holds when nobody says another; null: there is none, or it depends on other settings. */
  readonly initial: Initial
  /** What null comes to, in words. */
  readonly otherwise?: string
  /**
   * How it is spelled in the file; absent: as a string. A path there starts at the file's own directory; a place is one, or
   * in an object store. `objects` are a list that trust-file.ts reads; the flags say the one item of it.
   */
  readonly inFile?: 'number' | 'list' | 'path' | 'place' | 'objects'
  /** Where it stands in the file, when that is not its name in camel case; null: nowhere. */
  readonly key?: string | null
  readonly parse: (text: string) => T
}

function setting<T, Initial extends string | null>(spec: Setting<T, Initial>): Setting<T, Initial> {
  return spec
}

export const SETTINGS = {
  config: setting({
    group: 'Running',
    shape: 'FILE',
    help: 'settings in a JSON file, below flags and variables',
    initial: null,
    key: null,
    parse: parsePath,
  }),
  listen: setting({
    group: 'Listening',
    shape: 'ADDRESS',
    help: 'HOST:PORT (port 0 takes a free one) or unix:/path/to.sock',
    initial: '127.0.0.1:3000',
    parse: parseEndpoint,
  }),
  'metrics-listen': setting<Endpoint, null>({
    group: 'Listening',
    shape: 'HOST:PORT',
    help: 'a listener of its own for /metrics, which --listen then has no longer',
    initial: null,
    parse: parseHostPort,
  }),
  url: setting({
    group: 'Listening',
    shape: 'URL',
    help: "what clients reach; its host is the first log's origin",
    initial: null,
    otherwise: 'http://localhost:PORT',
    parse: parseUrl,
  }),
  hostname: setting({
    group: 'Listening',
    shape: 'NAME',
    help: "the first log's origin, when it is not the host of --url",
    initial: null,
    otherwise: 'the host of --url',
    parse: parseHostname,
  }),
  'trusted-proxies': setting({
    group: 'Listening',
    shape: 'LIST',
    help: 'whose X-Forwarded-… is believed: addresses, CIDRs, loopback, unix',
    initial: null,
    otherwise: "nobody's",
    inFile: 'list',
    parse: parseTrustedProxies,
  }),
  data: setting({
    group: 'Data',
    shape: 'DIR',
    help: 'data directory; created with a first log when it is absent or empty',
    initial: './data',
    inFile: 'path',
    parse: parsePath,
  }),
  ratchet: setting({
    group: 'Data',
    shape: 'DIR|s3://…',
    help: "the signer's own memory; best on another filesystem, or in an object store",
    initial: null,
    otherwise: 'DATA/ratchet',
    inFile: 'place',
    parse: parsePlace,
  }),
  database: setting({
    group: 'Data',
    shape: 'URL',
    help: 'a PostgreSQL database for the logs: postgres://USER@HOST:PORT/NAME',
    initial: null,
    otherwise: 'the file DATA/log.db',
    parse: parseDatabase,
  }),
  publish: setting({
    group: 'Data',
    shape: 'DIR|s3://…',
    help: 'a static copy of every log, kept in step',
    initial: null,
    inFile: 'place',
    parse: parsePlace,
  }),
  'keep-entries': setting({
    group: 'Data',
    shape: 'NUMBER|all',
    help: 'newest entries of a log that stay in PostgreSQL; older ones leave it for --publish s3://…',
    initial: 'all',
    parse: parseKept,
  }),
  dialects: setting({
    group: 'Logs',
    shape: 'LIST',
    help: 'the logs that a new data directory gets, in this order',
    initial: 'rekor-v1,rekor-v2', // some clients take the newest log: the last of them
    inFile: 'list',
    parse: listOf(...DIALECTS),
  }),
  duplicates: setting({
    group: 'Logs',
    shape: 'return|conflict',
    help: "a repeated entry gets the first one's receipt, or 409 with its index",
    initial: 'return',
    parse: oneOf('return', 'conflict'),
  }),
  interval: setting({
    group: 'Logs',
    shape: 'MS',
    help: 'least time between two batches, and two checkpoints, in milliseconds',
    initial: '5',
    inFile: 'number',
    parse: wholeNumber(1, 10_000),
  }),
  'attachment-limit': setting({
    group: 'Logs',
    shape: 'BYTES',
    help: 'largest DSSE content kept beside its entry, in bytes',
    initial: '1048576',
    inFile: 'number',
    parse: wholeNumber(0, 4 * 2 ** 20),
  }),
  'witness-policy': setting({
    group: 'Logs',
    shape: 'FILE',
    help: 'who must cosign each checkpoint before it is shown (c2sp.org/tlog-policy)',
    initial: null,
    otherwise: 'nobody is asked',
    inFile: 'path',
    parse: parsePath,
  }),
  'write-tokens': setting({
    group: 'Writing',
    shape: 'FILE',
    help: 'who may write, as `colophon token create` made it; read again on SIGHUP',
    initial: null,
    otherwise: 'everybody may',
    inFile: 'path',
    parse: parsePath,
  }),
  operator: setting({
    group: 'Trust',
    shape: 'NAME',
    help: 'who runs this server, for trust files',
    initial: null,
    key: 'trust.operator',
    parse: parseOperator,
  }),
  'fulcio-url': setting({
    group: 'Trust',
    shape: 'URL',
    help: 'certificate authority for trust files',
    initial: null,
    key: 'trust.certificateAuthorities',
    inFile: 'objects',
    parse: parseServiceUrl,
  }),
  'fulcio-certificate': setting({
    group: 'Trust',
    shape: 'FILE',
    help: 'its chain in PEM, the root last',
    initial: null,
    key: 'trust.certificateAuthorities',
    inFile: 'objects',
    parse: parsePath,
  }),
  'tsa-url': setting({
    group: 'Trust',
    shape: 'URL',
    help: 'timestamp authority for trust files',
    initial: null,
    key: 'trust.timestampAuthorities',
    inFile: 'objects',
    parse: parseServiceUrl,
  }),
  'tsa-certificate': setting({
    group: 'Trust',
    shape: 'FILE',
    help: 'its chain in PEM, the root last',
    initial: null,
    key: 'trust.timestampAuthorities',
    inFile: 'objects',
    parse: parsePath,
  }),
  'ct-log-url': setting({
    group: 'Trust',
    shape: 'URL',
    help: 'certificate transparency log for trust files',
    initial: null,
    key: 'trust.ctLogs',
    inFile: 'objects',
    parse: parseServiceUrl,
  }),
  'ct-log-key': setting({
    group: 'Trust',
    shape: 'FILE',
    help: 'its public key in PEM',
    initial: null,
    key: 'trust.ctLogs',
    inFile: 'objects',
    parse: parsePath,
  }),
  'oidc-issuer': setting({
    group: 'Trust',
    shape: 'URL',
    help: 'where signers log in, for trust files',
    initial: null,
    key: 'trust.oidc',
    inFile: 'objects',
    parse: parseServiceUrl,
  }),
  'log-level': setting({
    group: 'Running',
    shape: 'LEVEL',
    help: 'fatal, error, warn, info, debug, trace or silent',
    initial: null,
    otherwise: 'info; warn on a terminal',
    parse: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
  }),
} as const

export type SettingName = keyof typeof SETTINGS

/** The value of a setting; null where nobody said one and there is no default. */
export type ValueOf<N extends SettingName> =
  (typeof SETTINGS)[N] extends Setting<infer T, infer Initial> ? (Initial extends null ? T | null : T) : never

export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[]

/** The passphrase of encrypted keys has a variable alone: a flag shows in the list of processes, a file is copied about. */
export const PASSPHRASE_VARIABLE = 'COLOPHON_KEY_PASSPHRASE'

/** So has the password of the database; without it, `pg` looks where it always does: PGPASSWORD, PGPASSFILE. */
export const DATABASE_PASSWORD_VARIABLE = 'COLOPHON_DATABASE_PASSWORD'

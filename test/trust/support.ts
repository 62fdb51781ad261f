/** A server's logs, keys and configuration, made up for the tests of the trust files. */

import { readFileSync } from 'node:fs'
import { importEd25519Seed } from '#crypto'
import type { AuthorityConfig, CtLogConfig, TrustConfig } from '../../src/config/trust.ts'
import type { SigningKey } from '../../src/crypto/crypto.ts'
import { createVkey, formatVkey, KEY_TYPE } from '../../src/formats/c2sp/vkey.ts'
import { formatPem } from '../../src/formats/pki/pem.ts'
import { unixMillis } from '../../src/kernel/brand.ts'
import type { TrustLog } from '../../src/trust/compose.ts'
import type { TrustOptions } from '../../src/trust/trust.ts'

export const DAY_MS = 86_400_000

/** As much of the file as tests look at. */
interface PublicAuthority {
  readonly uri: string
  readonly subject: { readonly organization: string }
  readonly certChain: { readonly certificates: readonly { readonly rawBytes: string }[] }
  readonly validFor: { readonly start: string; readonly end?: string | null }
}

interface PublicLog {
  readonly baseUrl: string
  readonly publicKey: { readonly rawBytes: string }
}

interface PublicRoot {
  readonly tlogs: readonly PublicLog[]
  readonly certificateAuthorities: readonly PublicAuthority[]
  readonly ctlogs: readonly PublicLog[]
  readonly timestampAuthorities: readonly PublicAuthority[]
}

/** What the public Sigstore instance hands out. */
export const PUBLIC: PublicRoot = JSON.parse(
  readFileSync(new URL('../vectors/trust/trusted_root.json', import.meta.url), 'utf8'),
)

export const EMPTY_CONFIG: TrustConfig = {
  operator: null,
  certificateAuthorities: [],
  timestampAuthorities: [],
  ctLogs: [],
  oidcIssuers: [],
}

/** The public instance's services, as an operator would configure them. */
export const PUBLIC_CONFIG: TrustConfig = {
  operator: 'sigstore.dev',
  certificateAuthorities: PUBLIC.certificateAuthorities.map(asConfig),
  timestampAuthorities: PUBLIC.timestampAuthorities.map(asConfig),
  ctLogs: PUBLIC.ctlogs.map(asCtConfig),
  oidcIssuers: ['https://oauth2.sigstore.dev/auth'],
}

function asConfig({ uri, certChain, validFor }: PublicAuthority): AuthorityConfig {
  const pems = certChain.certificates.map(({ rawBytes }) => formatPem(Buffer.from(rawBytes, 'base64'), 'CERTIFICATE'))
  return {
    url: uri,
    chainPem: pems.join(''),
    organization: null,
    validFrom: unixMillis(Date.parse(validFor.start)),
    validUntil: validFor.end == null ? null : unixMillis(Date.parse(validFor.end)),
  }
}

function asCtConfig({ baseUrl, publicKey }: PublicLog): CtLogConfig {
  const publicKeyPem = formatPem(Buffer.from(publicKey.rawBytes, 'base64'), 'PUBLIC KEY')
  return { url: baseUrl, publicKeyPem, validFrom: null, validUntil: null }
}

export function keyOf(seed: number): SigningKey {
  return importEd25519Seed(new Uint8Array(32).fill(seed))
}

export const START = unixMillis(Date.UTC(2026, 0, 1))

export function logOf(slug: string, origin: string, more: Partial<TrustLog> = {}): TrustLog {
  const vkey = formatVkey(createVkey(origin, KEY_TYPE.ed25519, keyOf(slug.charCodeAt(0)).publicKey))
  return {
    slug,
    dialect: 'rekor-v2',
    origin,
    vkey,
    createdAt: START,
    ecdsaKey: null,
    mlDsaVkey: null,
    retiredAt: null,
    isCompromised: false,
    ...more,
  }
}

export interface TestClock {
  now(): ReturnType<typeof unixMillis>
  pass(ms: number): void
}

export function testClock(start: number = START): TestClock {
  let now = start
  return {
    now: () => unixMillis(now),
    pass(ms) {
      now += ms
    },
  }
}

export const TUF_KEY = keyOf(1)

export function optionsFor(dir: string, more: Partial<TrustOptions> = {}): TrustOptions {
  return {
    dir,
    url: 'https://log.example',
    logs: async () => [logOf('v2', 'log.example')],
    config: EMPTY_CONFIG,
    key: TUF_KEY,
    clock: testClock(),
    warn: (message) => {
      throw new Error(`unexpected warning: ${message}`)
    },
    ...more,
  }
}

export function json(bytes: Uint8Array | undefined) {
  return JSON.parse(Buffer.from(bytes ?? []).toString())
}

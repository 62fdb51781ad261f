/** `colophon trust create`: trusted root, signing config and policy of logs that are described. */

import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { sha256 } from '#sha256'
import { parseTrustCreate, type TrustCreateConfig } from '../../config/trust-create.ts'
import type { LogConfig, LogKey } from '../../config/trust-logs.ts'
import { concat, hex, utf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { contentOf, faultsOf, type TrustDescription } from '../../trust/described.ts'
import { writeTrust } from '../../trust/directory.ts'
import { trustFiles } from '../../trust/files.ts'
import type { ExitCode, World } from '../world.ts'
import { fetchKey } from './fetch-key.ts'
import { requireReadable } from './read-back.ts'

export const CREATE_USAGE = `colophon trust create --out DIR --rekor-url URL --rekor-version 1|2 --rekor-start TIME (--rekor-key FILE | --fetch) […]
colophon trust create --out DIR --config FILE […]

  Writes trusted_root.json, signing_config.json (and one for each API version), client_trust_config.json, a C2SP policy,
  and sources.json, which says where each log's key came from. DIR must be absent or empty.

  --rekor-url      the log, as clients reach it: scheme, host and port
  --rekor-version  of its API
  --rekor-start    the time of its first entry or before, such as 2026-01-31T00:00:00Z: older ones are not trusted
  --rekor-key      its public key in PEM: ECDSA P-256 for version 1, Ed25519 for version 2
  --rekor-origin   version 2: the name in its checkpoints (the host of its URL)
  --fetch          asks a log whose key is not named for it. Whoever can answer in its place chooses what is trusted:
                   compare the fingerprint that is printed with the one its operator publishes
  --policy         a C2SP policy, whose witnesses, groups, quorum and further logs are taken over
  --fulcio-url --fulcio-certificate --tsa-url --tsa-certificate --ct-log-url --ct-log-key --oidc-issuer --operator
                   other services, as \`serve\` takes them
  --config         all of this in a JSON file, several of each (docs/trust.md)

  Exit code 0: written. 2: wrong use, or something named is not as it must be. 3: could not be carried out.`

export async function createTrustFiles(argv: readonly string[], world: World): Promise<ExitCode> {
  const config = parseTrustCreate(argv)
  requireNew(config.out)
  const keyed = await Promise.all(config.logs.map((log) => withKey(log, world)))
  const description: TrustDescription = {
    logs: keyed.map(({ log, key }) => ({ ...log, spki: key.spki })),
    trust: config.trust,
    policy: config.policy,
  }
  const faults = faultsOf(description)
  if (faults.length > 0) throw new TlogError('CONFIG_INVALID', faults.join('\n'))
  const files = trustFiles(contentOf(description))
  requireReadable(files)
  writeTrust(config.out, withSources(files, keyed))
  report(config, keyed, [...files.keys()], world)
  return 0
}

interface Keyed {
  readonly log: LogConfig
  readonly key: LogKey
  readonly isFetched: boolean
}

async function withKey(log: LogConfig, world: World): Promise<Keyed> {
  if (log.key !== null) return { log, key: log.key, isFetched: false }
  return { log, key: await fetchKey(log, world.clock), isFetched: true }
}

/** What is there may be trusted by somebody. @throws TlogError CONFIG_INVALID */
function requireNew(out: string): void {
  if (existsSync(out) && readdirSync(out).length > 0)
    throw new TlogError('CONFIG_INVALID', `--out: ${out} is not empty, and nothing is overwritten`)
}

/** Where each key came from stands beside the files, and at the top of the one that may hold a remark. */
function withSources(files: ReadonlyMap<string, Uint8Array>, keyed: readonly Keyed[]): Map<string, Uint8Array> {
  const logs = keyed.map(({ log, key, isFetched }) => ({
    url: log.url,
    version: log.version,
    fingerprint: fingerprint(key),
    source: key.source,
    trustOnFirstUse: isFetched,
  }))
  const remarks = [
    ...keyed.filter(({ isFetched }) => isFetched).map(remarkOn),
    ...keyed.filter(isUnlisted).map(unlisted),
  ]
  const head = remarks.map((remark) => `# ${remark}\n`).join('')
  const policy = concat(utf8(head), files.get('policy') ?? new Uint8Array())
  return new Map([...files, ['policy', policy], ['sources.json', utf8(`${JSON.stringify({ logs }, null, 2)}\n`)]])
}

function remarkOn({ log, key }: Keyed): string {
  return `trust on first use: the key of ${log.url} was fetched from ${key.source}, SHA-256 ${fingerprint(key)}`
}

/** A policy takes keys of Ed25519 and ML-DSA-44 for logs (c2sp.org/tlog-policy). */
const isUnlisted = ({ log }: Keyed) => log.version === 1

function unlisted({ log }: Keyed): string {
  return `${log.url} is not listed: a policy takes no key of version 1. Where logs are listed, its bundles are refused, unless one is the Ed25519 key of its tree, HOST/NUMBER`
}

/** Of the SubjectPublicKeyInfo: what OpenSSL and other clients print too. */
function fingerprint({ spki }: LogKey): string {
  return hex(sha256(spki))
}

function report({ out }: TrustCreateConfig, keyed: readonly Keyed[], names: readonly string[], world: World): void {
  for (const each of keyed.filter(({ isFetched }) => isFetched))
    world.warn(
      `TRUST ON FIRST USE\n  ${each.log.url}: its key was fetched from ${each.key.source}\n  SHA-256 ${fingerprint(each.key)}\n  Compare this with what the operator of the log publishes elsewhere before anyone uses these files.`,
    )
  for (const { log, key, isFetched } of keyed)
    world.print(`${log.url}: version ${log.version}, key SHA-256 ${fingerprint(key)}${isFetched ? ', FETCHED' : ''}\n`)
  for (const name of [...names, 'sources.json']) world.print(`${join(out, name)}\n`)
}

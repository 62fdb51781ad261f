/** What a person sees when the server has started on a terminal: what runs, and commands to copy that sign and verify. */

import type { ServeConfig } from '../config.ts'
import { DIALECTS } from '../dialects/names.ts'
import type { Logs } from '../http/logs.ts'
import type { Log } from '../log/log.ts'

export function greeting(address: string, logs: Logs, config: ServeConfig): string {
  const { url, data, writeTokens } = config
  const open = DIALECTS.filter((dialect) => isOpen(logs, url, dialect))
  const entries = logs.all.map((log) => {
    const { slug, dialect, origin, vkey } = log.identity
    const size = `${log.status().durable} entries${stateOf(log, logs)}`
    return `  log ${slug} (${dialect}), origin ${origin}, ${size}\n  verifier key  ${vkey}`
  })
  return `
Colophon listens on ${address}${address === url ? '' : `, for clients at ${url}`}
data in ${data.dir}

${entries.join('\n\n')}

${writeTokens !== null ? TOKENS : open.length > 0 ? signing(url, open.includes('rekor-v2') ? 2 : 1) : FROZEN}
Ctrl-C stops it; nothing that was acknowledged is lost.
`
}

/** Whether whoever asks the URL reaches a log of the dialect that takes entries. */
function isOpen(logs: Logs, url: string, dialect: string): boolean {
  const speaks = logs.all.some((log) => log.identity.dialect === dialect)
  return speaks && !logs.forHost(new URL(url).hostname, dialect).status().frozen
}

function stateOf(log: Log, logs: Logs): string {
  const { frozen, compromised } = log.status()
  if (compromised) return ', COMPROMISED'
  if (frozen) return ', frozen'
  return logs.isWaiting(log) ? ', waiting for its turn' : ''
}

const FROZEN = 'The logs of this URL are frozen: they are read and verified, and take no entries.\n'
const TOKENS = `Writing takes a token of --write-tokens; cosign and sigstore-js send none (docs/clients.md, "The server's address").
`

/** Each command runs as it stands. Not indented: the shell wants the end of the program at the start of a line. */
function signing(url: string, version: number): string {
  return `Sign and verify a file with cosign:

${cosign(url)}
The same file with sigstore-js:

${sigstoreJs(url, version)}`
}

function cosign(url: string): string {
  return `echo hello > hello.txt
curl -fsS -O ${url}/trust/trusted_root.json -O ${url}/trust/signing_config.json
cosign generate-key-pair
cosign sign-blob --key cosign.key --signing-config signing_config.json --trusted-root trusted_root.json --bundle hello.sigstore.json hello.txt
cosign verify-blob --key cosign.pub --trusted-root trusted_root.json --bundle hello.sigstore.json hello.txt
`
}

/** An entry of such a log has no time of its own, hence no timestamp is asked for; the key is trusted by hand. */
function sigstoreJs(url: string, version: number): string {
  return `npm install @sigstore/protobuf-specs@0.5 @sigstore/sign@5 @sigstore/verify@4
node --input-type=module <<'END'
import { generateKeyPairSync, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { TrustedRoot } from '@sigstore/protobuf-specs'
import { MessageSignatureBundleBuilder, RekorWitness } from '@sigstore/sign'
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify'
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const key = { $case: 'publicKey', publicKey: publicKey.export({ type: 'spki', format: 'pem' }) }
const signer = { sign: async (data) => ({ key, signature: sign('sha256', data, privateKey) }) }
const witnesses = [new RekorWitness({ rekorBaseURL: '${url}', majorApiVersion: ${version} })]
const data = readFileSync('hello.txt')
const bundle = await new MessageSignatureBundleBuilder({ signer, witnesses }).create({ data })
const root = TrustedRoot.fromJSON(await (await fetch('${url}/trust/trusted_root.json')).json())
const trust = toTrustMaterial(root, () => ({ publicKey, validFor: () => true }))
new Verifier(trust, { timestampThreshold: 0 }).verify(toSignedEntity(bundle, data))
console.log('verified: entry', bundle.verificationMaterial.tlogEntries[0].logIndex)
END
`
}

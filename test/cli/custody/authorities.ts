/** Who vouches for names and times: a certificate authority, a certificate log, a timestamp authority (OpenSSL's), for one test. */

import { execFileSync } from 'node:child_process'
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Key } from '../../http/requests.ts'
import {
  AUTHORITY,
  CODE,
  certificateOf,
  email,
  ISSUES,
  SIGNS,
  STAMPS,
  vouched,
} from '../../verify-node/make-certificate.ts'

export const ISSUER = 'https://issuer.example'

export interface Authorities {
  /** Of a server, which names them in its trusted root. */
  readonly flags: readonly string[]
  /** A key with a certificate in place of itself: what requests call a public key is that. */
  readonly certify: (address: string) => Key & { readonly certificate: true }
  /** An RFC 3161 response. */
  readonly stamp: (signature: Uint8Array) => Uint8Array
}

export function authorities(folder: string): Authorities {
  const write = (name: string, content: string | Uint8Array) => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }
  const certificateLog = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const ca = certificateOf({ subject: 'ca', extensions: [AUTHORITY, ISSUES] })
  const tsaRoot = certificateOf({ subject: 'tsa root', extensions: [AUTHORITY, ISSUES] })
  const tsa = certificateOf({ subject: 'tsa', issuer: tsaRoot, extensions: [SIGNS, STAMPS] })
  const own = write('tsa.pem', pem('CERTIFICATE', tsa.der))
  const chain = write('tsa-chain.pem', pem('CERTIFICATE', tsa.der) + pem('CERTIFICATE', tsaRoot.der))
  const secret = write('tsa.key', tsa.key.export({ type: 'pkcs8', format: 'pem' }) as string)
  const config = write('tsa.conf', CONFIG)
  write('serial', '01')
  return {
    flags: [
      ...['--fulcio-url', 'https://ca.example', '--fulcio-certificate', write('ca.pem', pem('CERTIFICATE', ca.der))],
      ...[
        '--ct-log-url',
        'https://ct.example',
        '--ct-log-key',
        write('ct.pem', pem('PUBLIC KEY', spki(certificateLog))),
      ],
      ...['--oidc-issuer', ISSUER, '--tsa-url', 'https://tsa.example/api/v1/timestamp', '--tsa-certificate', chain],
    ],
    certify(address) {
      const extensions = [SIGNS, CODE, email(address), vouched(ISSUER)]
      const made = certificateOf({ subject: 'x', issuer: ca, extensions, certificateLog })
      return {
        ...{ secret: made.key, spki: Buffer.from(made.der), certificate: true as const },
        ...{ keyDetails: 'PKIX_ECDSA_P256_SHA_256', digest: 'sha256' as const },
      }
    },
    stamp(signature) {
      const data = write('signature', signature)
      const [query, reply] = [join(folder, 'query'), join(folder, 'reply')]
      const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
      openssl('ts', '-query', '-data', data, '-sha256', '-cert', '-out', query)
      openssl(
        ...['ts', '-reply', '-config', config, '-queryfile', query, '-signer', own, '-inkey', secret, '-out', reply],
      )
      return readFileSync(reply)
    },
  }
}

function spki(key: KeyObject): Uint8Array {
  return createPublicKey(key).export({ type: 'spki', format: 'der' })
}

export function pem(label: string, der: Uint8Array): string {
  const lines = Buffer.from(der)
    .toString('base64')
    .replaceAll(/.{64}(?!$)/g, '$&\n')
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`
}

const CONFIG = `[tsa]
default_tsa = one
[one]
serial = serial
default_policy = 1.2.3.4
digests = sha256
signer_digest = sha256
accuracy = secs:1
`

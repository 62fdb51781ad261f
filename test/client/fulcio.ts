/** A Fulcio authority by OpenSSL: it certifies whatever key comes, in the name that the test says. */

import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatDer, TAG } from '../../src/formats/pki/der.ts'
import { utf8 } from '../../src/kernel/bytes.ts'
import type { Scope } from '../cli/support.ts'
import { type FakeService, fakeService } from './support.ts'

export interface Named {
  readonly issuer?: string
  /** As OpenSSL writes it. */
  readonly san?: string
  readonly usage?: string
  readonly days?: number
}

export const ISSUER = 'https://issuer.example'

/** @param named what the nth certificate says */
export function fakeFulcio(
  scope: Scope,
  folder: string,
  named: (nth: number) => Named = () => ({}),
): Promise<FakeService> {
  const at = (name: string) => join(folder, name)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' }).toString()
  openssl(
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=ca'],
    ...['-keyout', at('ca.key'), '-out', at('ca.pem'), '-days', '1'],
  )
  return fakeService(scope, ({ body }, nth) => {
    const { issuer = ISSUER, san = 'email:me@example.com', usage = 'codeSigning', days = 1 } = named(nth)
    const issuerDer = Buffer.from(formatDer(TAG.utf8String, utf8(issuer))).toString('hex')
    writeFileSync(
      at('ext'),
      `subjectAltName=${san}\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=${usage}\n` +
        `1.3.6.1.4.1.57264.1.8=DER:${issuerDer}\n`,
    )
    writeFileSync(at('key.pub'), JSON.parse(String(body)).publicKeyRequest.publicKey.content)
    const leaf = openssl(
      ...[
        'x509',
        '-new',
        '-subj',
        '/CN=x',
        '-force_pubkey',
        at('key.pub'),
        '-CA',
        at('ca.pem'),
        '-CAkey',
        at('ca.key'),
      ],
      ...['-days', String(days), '-extfile', at('ext')],
    )
    return { status: 201, body: JSON.stringify({ signedCertificateEmbeddedSct: { chain: { certificates: [leaf] } } }) }
  })
}

/** What an identity provider would issue. */
export function tokenText(claims: object = {}): string {
  const all = {
    iss: ISSUER,
    sub: 'sub',
    aud: 'sigstore',
    exp: 4_000_000_000,
    email: 'me@example.com',
    email_verified: true,
  }
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'none' })}.${part({ ...all, ...claims })}.c2ln`
}

/** A timestamp authority of OpenSSL's, with a key of its own in `folder`. */

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export function opensslAuthority(folder: string): (request: Uint8Array) => Uint8Array {
  const at = (name: string) => join(folder, name)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' })
  writeFileSync(
    at('tsa.cnf'),
    `[req]\ndistinguished_name=dn\nx509_extensions=ext\nprompt=no\n[dn]\nCN=tsa\n[ext]\nextendedKeyUsage=critical,timeStamping\n` +
      `[tsa]\ndefault_tsa=me\n[me]\nserial=${at('serial')}\nsigner_cert=${at('tsa.pem')}\nsigner_key=${at('tsa.key')}\n` +
      `signer_digest=sha256\ndefault_policy=1.2.3.4\ndigests=sha256\nordering=yes\naccuracy=secs:1\n`,
  )
  openssl(
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'],
    ...['-config', at('tsa.cnf'), '-keyout', at('tsa.key'), '-out', at('tsa.pem')],
  )
  return (request) => {
    writeFileSync(at('request'), request)
    openssl('ts', '-reply', '-config', at('tsa.cnf'), '-queryfile', at('request'), '-out', at('reply'))
    return new Uint8Array(readFileSync(at('reply')))
  }
}

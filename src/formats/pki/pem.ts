/** PEM (RFC 7468) as tools write it: blocks of one kind, nothing but white space around them. */

import { base64, parseBase64 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'

export type PemLabel = 'CERTIFICATE' | 'PUBLIC KEY'

/** One key or certificate. */
export interface PemBlock {
  readonly label: PemLabel
  readonly der: Uint8Array
}

const LINE = 64

/** The DER of each block, in order; at least one. The text's length is for the caller to bound. @throws TlogError DER_MALFORMED, BASE64_MALFORMED */
export function parsePem(text: string, label: PemLabel | 'SSH SIGNATURE'): Uint8Array[] {
  const block = new RegExp(`^-----BEGIN ${label}-----\\n([A-Za-z0-9+/=\\n]+)\\n-----END ${label}-----\\n`)
  // Where text is trimmed, white space is what JavaScript takes for it: a byte order mark, too.
  if (!/^[\t\n\r -~]*$/.test(text)) throw new TlogError('DER_MALFORMED', 'not PEM: a character that is not ASCII')
  const blocks: Uint8Array[] = []
  let rest = `${text.replaceAll('\r\n', '\n').trim()}\n`
  while (rest !== '') {
    const found = block.exec(rest)
    if (found === null || /^\n|\n\n|\n$/.test(found[1] ?? ''))
      throw new TlogError('DER_MALFORMED', `block ${blocks.length}: not PEM with the label ${label}`)
    blocks.push(parseBase64((found[1] ?? '').replaceAll('\n', '')))
    rest = rest.slice(found[0].length).trimStart()
  }
  return blocks
}

/** One key or one certificate, as a signer sends it along. @throws TlogError DER_MALFORMED */
export function parsePemBlock(text: string): PemBlock {
  const label = text.trimStart().startsWith('-----BEGIN CERTIFICATE-----') ? 'CERTIFICATE' : 'PUBLIC KEY'
  const [der, second] = parsePem(text, label)
  if (der === undefined || second !== undefined)
    throw new TlogError('DER_MALFORMED', 'several blocks: send one public key, or the one certificate that holds it')
  return { label, der }
}

export function formatPem(der: Uint8Array, label: PemLabel | 'SSH SIGNATURE'): string {
  const lines = base64(der).match(new RegExp(`.{1,${LINE}}`, 'g')) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

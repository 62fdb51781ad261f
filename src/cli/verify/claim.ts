/** Whom a bundle names as its signer: for a person who has to say whom to trust. Nothing of it is verified. */

import { readSmallFile } from '../../config/files.ts'
import { parseCertificate } from '../../formats/pki/certificate.ts'
import { parseSigstoreBundle } from '../../formats/sigstore/bundle.ts'
import { visible } from '../../formats/visible.ts'

export const BUNDLE_MAX_BYTES = 32 * 1024 * 1024
const SHOWN = 512

/** Lines. A bundle that cannot be read claims nothing, and says why. */
export function claimOf(path: string): string[] {
  try {
    return [`${visible(path)} claims, and nothing of it has been verified:`, `  ${visible(readClaim(path))}`]
  } catch (error) {
    return [`${visible(path)} claims nothing: ${visible((error as Error).message)}`]
  }
}

function readClaim(path: string): string {
  const { material } = parseSigstoreBundle(readSmallFile(path, BUNDLE_MAX_BYTES))
  if (material.kind === 'key')
    return `a key signed, which the bundle does not hold${material.hint === '' ? '' : `; its hint is ${quoted(material.hint)}`}`
  const { sans, issuer } = parseCertificate(material.leaf)
  const names = sans.map(({ value }) => quoted(value)).join(' or ') || 'a certificate without a name'
  return `${names} signed, and ${issuer === undefined ? 'nobody' : quoted(issuer)} vouched for that name`
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, SHOWN))
}

/** A key to look entries up by, in the words of the tool that made it. */

import { sha256 } from '#sha256'
import { isJsonObject, type JsonValue } from '../../formats/json.ts'
import { located } from '../../formats/located.ts'
import { parseMinisignKey } from '../../formats/minisign.ts'
import { parsePemBlock } from '../../formats/pki/pem.ts'
import { parseSpki } from '../../formats/pki/spki.ts'
import { parseSshKey } from '../../formats/ssh/key.ts'
import { hex, parseBase64, parseUtf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { formError } from './errors.ts'

/** Rekor's; entries here are by keys of those that have a reader. */
const FORMATS = ['pgp', 'x509', 'minisign', 'ssh', 'tuf']

/** The DER of what is looked up, by whichever tool's text of it. */
const READERS: Readonly<Record<string, (text: string) => Uint8Array>> = {
  x509: (text) => {
    const { label, der } = parsePemBlock(text)
    return label === 'CERTIFICATE' ? der : parseSpki(der).der
  },
  minisign: (text) => parseMinisignKey(text).key.der,
  ssh: (text) => parseSshKey(text).key.der,
}

/**
 * The fingerprint of `{format, content}`, SHA-256 in hex: of the key itself, for nothing is fetched from where a client says that it is.
 * @throws TlogError of the form; FIELD_INVALID
 */
export function fingerprintOf(publicKey: JsonValue): string {
  if (!isJsonObject(publicKey)) throw formError('type', 'publicKey in body must be of type object')
  const { format = null, content = null } = publicKey
  if (format === null) throw formError('required', 'publicKey.format in body is required')
  if (typeof format !== 'string' || !FORMATS.includes(format))
    throw formError('enum', `publicKey.format in body should be one of [${FORMATS.join(' ')}]`)
  const read = READERS[format]
  if (read === undefined)
    throw new TlogError('FIELD_INVALID', 'the PKI format requested is not supported by this server')
  if (typeof content !== 'string' || content === '')
    throw formError(content === null || content === '' ? 'required' : 'type', 'publicKey.content in body is required')
  return located('FIELD_INVALID', 'public key provided could not be parsed', () =>
    hex(sha256(read(parseUtf8(parseBase64(content))))),
  )
}

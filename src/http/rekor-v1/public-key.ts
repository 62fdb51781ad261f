/** A key to look entries up by, in the words of the tool that made it. */

import { isJsonObject, type JsonValue } from '../../formats/json.ts'
import { located } from '../../formats/located.ts'
import { certificateKey, publicKeyKey } from '../../formats/lookup-key.ts'
import { parseMinisignKey } from '../../formats/minisign.ts'
import { parsePemBlock } from '../../formats/pki/pem.ts'
import { parseSpki } from '../../formats/pki/spki.ts'
import { parseSshKey } from '../../formats/ssh/key.ts'
import { parseBase64, parseUtf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { formError } from './errors.ts'

/** Rekor's; entries here are by keys of those that have a reader. */
const FORMATS = ['pgp', 'x509', 'minisign', 'ssh', 'tuf']

const READERS: Readonly<Record<string, (text: string) => Uint8Array>> = {
  x509: (text) => {
    const { label, der } = parsePemBlock(text)
    return label === 'CERTIFICATE' ? certificateKey(der) : publicKeyKey(parseSpki(der).der)
  },
  minisign: (text) => publicKeyKey(parseMinisignKey(text).key.der),
  ssh: (text) => publicKeyKey(parseSshKey(text).key.der),
}

/**
 * The lookup key of `{format, content}`: the key itself, for nothing is fetched from where a client says that it is.
 * @throws TlogError of the form; FIELD_INVALID
 */
export function lookupKeyOf(publicKey: JsonValue): Uint8Array {
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
    read(parseUtf8(parseBase64(content))),
  )
}

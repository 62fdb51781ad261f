/** A detached signature and the key it is by, in the words of the tool that made it: as rekord entries hold them. */

import { base64, parseBase64, parseUtf8, utf8 } from '../../kernel/bytes.ts'
import { invalid, literal, type object, parsed, type Read } from '../fields.ts'
import { isJsonObject } from '../json.ts'
import {
  formatMinisignKey,
  formatMinisignSignature,
  type MinisignKey,
  type MinisignSignature,
  parseMinisignKey,
  parseMinisignSignature,
} from '../minisign.ts'
import { formatPem, type PemBlock, parsePemBlock } from '../pki/pem.ts'
import { formatSshKey, parseSshKey, type SshKey } from '../ssh/key.ts'
import { formatSshSignature, parseSshSignature, type SshSignature } from '../ssh/signature.ts'

export type DetachedSignature =
  | { readonly format: 'x509'; readonly signature: Uint8Array; readonly key: PemBlock }
  | { readonly format: 'minisign'; readonly signature: MinisignSignature; readonly key: MinisignKey }
  | { readonly format: 'ssh'; readonly signature: SshSignature; readonly key: SshKey }

const bytes = parsed(parseBase64)
/** Text of a tool, in the base64 of JSON. */
const inBase64 = <T>(parse: (text: string) => T): Read<T> => parsed((encoded) => parse(parseUtf8(parseBase64(encoded))))

/** Rekor once fetched what was named by URL. Here nothing is fetched, and the client is told so. */
export function sent<T>(read: Read<T>): Read<T> {
  return (value, path) => {
    if (isJsonObject(value) && (value.content ?? null) === null && (value.url ?? null) !== null)
      throw invalid(`${path}.url`, 'nothing is fetched from a URL; send the content itself')
    return read(value, path)
  }
}

/** @param objectOf whether other fields are passed over, or refused */
export function detachedSignature(objectOf: typeof object): Read<DetachedSignature> {
  return objectOf((fields) => {
    const both = <S, K>(signature: Read<S>, key: Read<K>) => ({
      signature: fields.required('content', signature),
      key: fields.required('publicKey', sent(objectOf((publicKey) => publicKey.required('content', key)))),
    })
    const format = fields.required('format', literal('x509', 'minisign', 'ssh'))
    switch (format) {
      case 'x509':
        return { format, ...both(bytes, inBase64(parsePemBlock)) }
      case 'minisign':
        return { format, ...both(inBase64(parseMinisignSignature), inBase64(parseMinisignKey)) }
      case 'ssh':
        return { format, ...both(inBase64(parseSshSignature), inBase64(parseSshKey)) }
    }
  })
}

/** The form in which a log keeps it: another one of the same key and signature ends as this. */
export function detachedSignatureJson(signed: DetachedSignature) {
  const [content, key] = canonical(signed)
  return { format: signed.format, content: base64(content), publicKey: { content: base64(utf8(key)) } }
}

function canonical(signed: DetachedSignature): [signature: Uint8Array, key: string] {
  switch (signed.format) {
    case 'x509':
      return [signed.signature, formatPem(signed.key.der, signed.key.label)]
    case 'minisign':
      return [utf8(formatMinisignSignature(signed.signature)), formatMinisignKey(signed.key)]
    case 'ssh':
      return [utf8(formatSshSignature(signed.signature)), formatSshKey(signed.key)]
  }
}

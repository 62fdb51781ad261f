/** DSSE envelopes and the in-toto statements inside. */

import { sha256 } from '#sha256'
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue, parseJson } from '../../formats/json.ts'
import { pae } from '../../formats/sigstore/dsse.ts'
import { bytes as readBytes } from '../../formats/sigstore/protojson.ts'
import { parseStatement, STATEMENT_TYPE } from '../../formats/sigstore/statement.ts'
import { asBytes, asText, fieldOf, items, message, optional, required, type Show } from './message.ts'
import { bytes, type Content, faultOf, jsonValue, list, malformed, number, part, parts, text } from './tree.ts'

const signature = message(
  required('sig', 'signature', asBytes),
  optional('keyid', 'key ID', asText, 'a hint that nothing signs'),
)

export const showEnvelope: Show = (value, path) => {
  const payload: Show = (encoded, at) => showPayload(readBytes(encoded, at), typeOf(value))
  const shown = message(
    required('payloadType', 'payload type', asText),
    required('payload', 'payload', payload),
    required('signatures', 'signatures', items(signature)),
  )(value, path)
  return shown.kind === 'parts'
    ? parts(
        ...shown.parts,
        part('PAE digest', () => paeDigest(value), 'SHA-256 of what is signed'),
      )
    : shown
}

function typeOf(value: JsonValue): string {
  const type = isJsonObject(value) ? fieldOf(value, 'payloadType') : undefined
  return typeof type === 'string' ? type : ''
}

function paeDigest(value: JsonValue): Content {
  const payload = isJsonObject(value) ? fieldOf(value, 'payload') : undefined
  return bytes(sha256(pae(typeOf(value), readBytes(payload ?? '', 'payload'))))
}

function showPayload(payload: Uint8Array, type: string): Content {
  return parts(
    part('size', number(payload.length), 'bytes'),
    part('sha256', bytes(sha256(payload))),
    type === STATEMENT_TYPE
      ? part('statement', () => showStatement(payload), 'what the signer claims')
      : part('content', bytes(payload)),
  )
}

/** The claims themselves are the signer's: they are shown as they are. */
export function showStatement(payload: Uint8Array): Content {
  const json = parseJson(payload)
  if (!isJsonObject(json)) return malformed('an object was expected')
  return parts(
    faultOf(() => parseStatement(payload)),
    part('type', asShown(json._type)),
    part('predicate type', asShown(json.predicateType)),
    part('subjects', () => showSubjects(json.subject)),
    json.predicate === undefined ? null : part('predicate', jsonValue(json.predicate)),
  )
}

function showSubjects(subjects: JsonValue | undefined): Content {
  if (subjects === undefined || !isJsonArray(subjects)) return malformed('subject: an array was expected')
  return list(subjects, (subject, at) =>
    isJsonObject(subject) ? showSubject(subject) : malformed(`subject[${at}]: an object was expected`),
  )
}

function showSubject({ name, digest }: JsonObject): Content {
  const digests = digest !== undefined && isJsonObject(digest) ? Object.entries(digest) : []
  return parts(
    part('name', asShown(name)),
    part(
      'digests',
      list(digests, ([algorithm, value]) => parts(part('algorithm', text(algorithm)), part('value', asShown(value)))),
    ),
  )
}

function asShown(value: JsonValue | undefined): Content {
  if (typeof value === 'string') return text(value)
  return value === undefined ? malformed('missing') : jsonValue(value)
}

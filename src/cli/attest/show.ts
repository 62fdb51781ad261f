/** A statement as a person reads it before it is signed: what it says, what it leaves open, and what nobody vouches for. */

import { sha256 } from '#sha256'
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue, parseJson } from '../../formats/json.ts'
import { hex } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import type { Row } from '../sign/report.ts'

const SHOWN = 64

export function statementRows(payload: Uint8Array): Row[] {
  const statement = objectOf(parseJson(payload, { maxValues: 1_000_000 }))
  const predicate = objectOf(statement.predicate ?? null)
  const definition = objectOf(predicate.buildDefinition ?? {})
  const { lineage_completeness: completeness = definition.lineage_completeness ?? {} } = objectOf(
    definition.internalParameters ?? {},
  )
  return [
    ['type', textOf(definition.buildType ?? statement.predicateType ?? null)],
    ...listOf(statement.subject).flatMap((subject) => resourceRows('about', subject)),
    ...parameterRows(definition),
    ...listOf(definition.resolvedDependencies).flatMap((each) => resourceRows(roleOf(each), each)),
    ...Object.entries(objectOf(completeness)).map(
      ([role, said]) => [role, COMPLETE[textOf(said)] ?? textOf(said)] as const,
    ),
    ...listOf(predicate.affects).flatMap((each) => resourceRows('affects', each)),
    ...['status', 'reason', 'effectiveFrom', 'timeCreated', 'properties', 'verifier'].flatMap((key): Row[] =>
      predicate[key] === undefined ? [] : [[key, textOf(predicate[key])]],
    ),
    ['payload', `sha256 ${hex(sha256(payload))}, ${payload.length} bytes`],
  ]
}

/** Of a step. */
function parameterRows({ externalParameters }: JsonObject): Row[] {
  const told = Object.entries(objectOf(externalParameters ?? {}))
  if (externalParameters !== undefined && told.length === 0)
    return [['told', "NOTHING: in-toto's Go library refuses it so (--parameter NAME=TEXT)"]]
  return told.map(([key, value]) => ['told', `${key} = ${JSON.stringify(value)}`])
}

const COMPLETE: Readonly<Record<string, string>> = {
  all: 'all there was, so the signer says',
  partial: 'some of it: there was more, which is not named',
  undisclosed: 'NOT DISCLOSED',
  none: 'none, so the signer says',
}

function roleOf(each: JsonValue): string {
  return textOf(objectOf(objectOf(each).annotations ?? {}).lineage_role ?? 'dependency')
}

function resourceRows(label: string, value: JsonValue): Row[] {
  const { name, uri, digest = {}, annotations = {} } = objectOf(value)
  const notes = objectOf(annotations)
  const said = [name, uri].filter((part) => part !== undefined).map(textOf)
  const declared =
    notes.lineage_declaredBy === undefined ? [] : [`DECLARED by its ${textOf(notes.lineage_declaredBy)} alone`]
  const linked = notes.lineage_attestation === undefined ? [] : ['linked to its statement']
  const digests = Object.entries(objectOf(digest)).map(
    ([algorithm, digits]): Row => ['', `${algorithm}:${textOf(digits)}`],
  )
  return [[label, [...said, ...declared, ...linked].join(', ') || 'without a name'], ...digests]
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return value === undefined ? [] : isJsonArray(value) ? value.slice(0, SHOWN) : []
}

function objectOf(value: JsonValue): JsonObject {
  if (!isJsonObject(value)) throw new TlogError('ENVELOPE_MALFORMED', 'not a statement of ours')
  return value
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

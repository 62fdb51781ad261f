/** Someone else did a step again, or looked, and says what held: a simple verification result (in-toto svr v0.2). */

import { invalid, list, literal, object, type Read, text } from '../fields.ts'
import { time } from './provenance.ts'
import { type Resource, resourceJson, uri } from './resource.ts'
import { formatStatement, parseCustody, resources } from './statement.ts'
import { SVR_TYPE } from './vocabulary.ts'

export interface Corroboration {
  /** What was looked at. Each has a digest. */
  readonly subjects: readonly Resource[]
  /** URI of who looked. */
  readonly verifier: string
  /** By which rules. May be empty. */
  readonly policies: readonly Resource[]
  /** RFC 3339 in UTC. */
  readonly timeCreated: string
  /** What held; at least one, each once. */
  readonly properties: readonly string[]
}

const MAX_PROPERTIES = 100

/** @throws TlogError FIELD_INVALID, FIELD_MISSING, ENTRY_TOO_LARGE */
export function formatCorroboration(corroboration: Corroboration): Uint8Array {
  const payload = print(corroboration)
  parseCorroboration(payload) // nothing leaves that nobody could read
  return payload
}

function print(corroboration: Corroboration): Uint8Array {
  const { subjects, verifier, policies, timeCreated, properties } = corroboration
  return formatStatement({
    subjects,
    predicateType: SVR_TYPE,
    predicate: {
      verifier: { id: verifier, policies: policies.map(resourceJson) },
      timeCreated,
      properties,
    },
  })
}

const property: Read<string> = (value, path) => {
  const found = text(value, path)
  if (!/^[A-Z][A-Z0-9_.-]{0,127}$/.test(found)) throw invalid(path, 'a property in capitals was expected')
  return found
}

const propertiesOf: Read<string[]> = (value, path) => {
  const found = list(property, { min: 1, max: MAX_PROPERTIES })(value, path)
  if (new Set(found).size < found.length) throw invalid(path, 'the same property twice')
  return found
}

/** @throws TlogError as parseCustody does */
export function parseCorroboration(payload: Uint8Array): Corroboration {
  return parseCustody(
    payload,
    ({ subjects, predicateType }) =>
      (value, path) => {
        literal(SVR_TYPE)(predicateType, 'predicateType')
        const said = object((fields) => ({
          ...fields.required(
            'verifier',
            object((who) => ({ verifier: who.required('id', uri), policies: who.required('policies', resources) })),
          ),
          timeCreated: fields.required('timeCreated', time),
          properties: fields.required('properties', propertiesOf),
        }))(value, path)
        return { subjects, ...said }
      },
    print,
  )
}

/** Logs in memory that hold statements. */

import { createHash } from 'node:crypto'
import { factsOfLeaf } from '../../src/dialects/rekor-v2/keys.ts'
import { formatBodyV2 } from '../../src/formats/sigstore/body-v2.ts'
import { pae } from '../../src/formats/sigstore/dsse.ts'
import { base64, parseBase64, utf8 } from '../../src/kernel/bytes.ts'
import type { Log } from '../../src/log/log.ts'
import type { Entry } from '../../src/log/ports.ts'
import { altered } from '../http/api/support.ts'
import { createWorld, inTime, start } from '../log/support.ts'

const SPKI = parseBase64(
  'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEq6HMgoU7n4+NCopZhnQQBXwr5gR3X2+pQSIz1n1xF+ytDB0KcOP1qv8+nHBqOpS3kR58mARuNBy+yEhqdHmt7w==',
)
const TYPE = 'application/vnd.in-toto+json'

/** `sha256:` and 32 times this byte. */
export const digestOf = (byte: number) => `sha256:${byte.toString(16).padStart(2, '0').repeat(32)}`

export interface Step {
  readonly made: readonly (number | string)[]
  readonly from?: readonly (number | string)[]
}

const artifact = (of: number | string) => {
  const [algorithm = '', hex] = (typeof of === 'number' ? digestOf(of) : of).split(':')
  return { digest: { [algorithm]: hex } }
}

export function provenance({ made, from = [] }: Step, note = ''): Uint8Array {
  const predicate = { buildDefinition: { resolvedDependencies: from.map(artifact) }, note }
  const statement = { _type: 'https://in-toto.io/Statement/v1', subject: made.map(artifact) }
  return utf8(JSON.stringify({ ...statement, predicateType: 'https://slsa.dev/provenance/v1', predicate }))
}

/** As a Rekor v2 log has it, by whomever: nobody has checked the signature. */
export function statementEntry(payload: Uint8Array, signature = 'signed', isSent = true): Entry {
  const content = pae(TYPE, payload)
  const digest = createHash('sha256').update(content).digest()
  const verifier = { keyDetails: 'PKIX_ECDSA_P256_SHA_256', material: { kind: 'publicKey', rawBytes: SPKI } } as const
  const leaf = formatBodyV2({ algorithm: 'SHA2_256', digest, signature: utf8(base64(utf8(signature))), verifier })
  const { keys, attachments } = factsOfLeaf(leaf)
  if (!isSent) return { leaf, keys, attachments: [] }
  const derived = attachments.flatMap(({ keysOf }) => keysOf(content))
  return { leaf, keys: [...keys, ...derived], attachments: [{ algorithm: 'sha256', digest, content }] }
}

export async function logOf(slug: string, entries: readonly Entry[]): Promise<Log> {
  const world = createWorld()
  const { log } = await start(world)
  for (const one of entries) await inTime(world.clock, log.add(one))
  const identity = { ...log.identity, slug, dialect: 'rekor-v2' }
  return altered(log, { identity, add: (entry) => inTime(world.clock, log.add(entry)) })
}

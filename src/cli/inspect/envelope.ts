/** DSSE envelopes and in-toto statements by themselves. */

import { byFields, jsonKind, type Kind } from './kind.ts'
import { showEnvelope, showStatement } from './show-envelope.ts'
import { jsonValue } from './tree.ts'

export const envelope = jsonKind({
  name: 'dsse-envelope',
  title: 'a DSSE envelope',
  because: (json) => byFields(json, 'payloadType', 'payload'),
  marker: /"payloadType"/,
  show: showEnvelope,
})

const base = jsonKind({
  name: 'in-toto-statement',
  title: 'an in-toto statement, unsigned',
  because: (json) => byFields(json, '_type', 'predicateType') ?? byFields(json, '_type', 'subject'),
  marker: /"_type"[\s\S]*"predicateType"|in-toto\.io\/Statement/,
  show: jsonValue,
})

export const statement: Kind = { ...base, show: ({ whole }) => showStatement(whole ?? new Uint8Array()) }

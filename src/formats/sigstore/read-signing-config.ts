/** signing_config.json v0.2 and client_trust_config.json, read; signing-config.ts and client-trust-config.ts write them. */

import { TlogError } from '../../kernel/error.ts'
import { invalid, list, literal, type Read, text } from '../fields.ts'
import { type JsonValue, parseJson } from '../json.ts'
import { enumName, message } from './protojson.ts'
import { timeRange, trustedRoot } from './read-trusted-root.ts'
import type { Selection, Service, SigningConfig } from './signing-config.ts'
import type { TrustedRoot } from './trusted-root.ts'

const MAX_BYTES = 4 * 1024 * 1024
const MAX_SERVICES = 256
const MAX_COUNT = 1000

export interface ClientTrustConfig {
  readonly trustedRoot: TrustedRoot
  readonly signingConfig: SigningConfig
}

/**
 * URLs are text here: whoever asks one looks at it first.
 *
 * @throws TlogError FIELD_UNKNOWN, FIELD_MISSING, FIELD_INVALID with the field's path, or a JSON_ code.
 */
export function parseSigningConfig(file: Uint8Array): SigningConfig {
  return signingConfig(jsonOf(file), '')
}

/** @throws TlogError as parseSigningConfig and parseTrustedRoot do */
export function parseClientTrustConfig(file: Uint8Array): ClientTrustConfig {
  return clientTrustConfig(jsonOf(file), '')
}

function jsonOf(file: Uint8Array): JsonValue {
  if (file.length > MAX_BYTES) throw new TlogError('FIELD_INVALID', `a signing config of ${file.length} bytes`)
  return parseJson(file)
}

/** A small whole number above zero. */
function count(max: number): Read<number> {
  return (value, path) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > max)
      throw invalid(path, `must be a whole number from 1 to ${max}`)
    return value
  }
}

const version = count(MAX_COUNT)

const service: Read<Service> = message((fields) => ({
  url: fields.required('url', text),
  majorApiVersion: fields.required('majorApiVersion', version),
  validFor: fields.required('validFor', timeRange),
  operator: fields.optional('operator', text) ?? '',
}))

const selector = enumName<Selection['selector']>({ ALL: 1, ANY: 2, EXACT: 3 })

const selection: Read<Selection> = message((fields) => {
  const found = fields.required('selector', selector)
  return found === 'EXACT' ? { selector: found, count: fields.required('count', version) } : { selector: found }
})

const services: Read<Service[]> = list(service, { max: MAX_SERVICES })
const ANY: Selection = { selector: 'ANY' }

const signingConfig: Read<SigningConfig> = message((fields) => {
  fields.required('mediaType', literal('application/vnd.dev.sigstore.signingconfig.v0.2+json'))
  return {
    caUrls: fields.optional('caUrls', services) ?? [],
    oidcUrls: fields.optional('oidcUrls', services) ?? [],
    rekorTlogUrls: fields.optional('rekorTlogUrls', services) ?? [],
    rekorTlogConfig: fields.optional('rekorTlogConfig', selection) ?? ANY,
    tsaUrls: fields.optional('tsaUrls', services) ?? [],
    tsaConfig: fields.optional('tsaConfig', selection) ?? ANY,
  }
})

const clientTrustConfig: Read<ClientTrustConfig> = message((fields) => {
  fields.required('mediaType', literal('application/vnd.dev.sigstore.clienttrustconfig.v0.1+json'))
  return {
    trustedRoot: fields.required('trustedRoot', trustedRoot),
    signingConfig: fields.required('signingConfig', signingConfig),
  }
})

/** signing_config.json v0.2: where a Sigstore client sends what it signs (sigstore_trustroot.proto, SigningConfig). */

import { TlogError } from '../../kernel/error.ts'
import { invalid, list, literal, type Read, text } from '../fields.ts'
import { type JsonObject, parseJson } from '../json.ts'
import { enumName, filled, message } from './protojson.ts'
import { type TimeRange, timeRange, timeRangeJson } from './trusted-root.ts'

const MEDIA_TYPE = 'application/vnd.dev.sigstore.signingconfig.v0.2+json'
const MAX_BYTES = 1024 * 1024
/** Of each kind. */
const MAX_SERVICES = 64

export interface Service {
  /** Clients put their paths behind it; a timestamp authority's is whole. */
  readonly url: string
  readonly majorApiVersion: number
  readonly validFor: TimeRange
  /** A URI without a scheme. Clients take at most one service of each. */
  readonly operator: string
}

/** How many of the services a client uses, all of one API version: the highest that it speaks. */
export type Selection = { readonly selector: 'ANY' | 'ALL' } | { readonly selector: 'EXACT'; readonly count: number }

export interface SigningConfig {
  readonly caUrls: readonly Service[]
  readonly oidcUrls: readonly Service[]
  readonly rekorTlogUrls: readonly Service[]
  readonly rekorTlogConfig: Selection
  readonly tsaUrls: readonly Service[]
  readonly tsaConfig: Selection
}

export function formatSigningConfig(config: SigningConfig): string {
  return `${JSON.stringify(signingConfigJson(config), null, 2)}\n`
}

/** Both selections always: sigstore-go reads them without looking whether they are there. */
export function signingConfigJson(config: SigningConfig): JsonObject {
  return {
    mediaType: MEDIA_TYPE,
    caUrls: servicesJson(config.caUrls),
    oidcUrls: servicesJson(config.oidcUrls),
    rekorTlogUrls: servicesJson(config.rekorTlogUrls),
    rekorTlogConfig: { ...config.rekorTlogConfig },
    tsaUrls: servicesJson(config.tsaUrls),
    tsaConfig: { ...config.tsaConfig },
  }
}

/**
 * The newest first, as clients expect, of one age as they came; but version 1 last. Of several services at one URL
 * rekor-monitor watches the last one, and version 2 it reads at default ports alone.
 * Starts in one form (toISOString) compare as text.
 */
function servicesJson(services: readonly Service[]): JsonObject[] {
  const newer = (a: string, b: string) => (a === b ? 0 : a < b ? 1 : -1)
  const sorted = services.toSorted(
    (a, b) => b.majorApiVersion - a.majorApiVersion || newer(a.validFor.start, b.validFor.start),
  )
  return sorted.map(({ url, majorApiVersion, validFor, operator }) => ({
    url,
    majorApiVersion,
    validFor: timeRangeJson(validFor),
    operator,
  }))
}

/**
 * The inverse, in the values.
 * @throws TlogError FIELD_UNKNOWN, FIELD_MISSING, FIELD_INVALID with the field's path, or a JSON_ code. A service without a
 *   start of its validity is refused, and so is one without a selection when there are services to select from.
 */
export function parseSigningConfig(file: Uint8Array): SigningConfig {
  if (file.length > MAX_BYTES) throw new TlogError('FIELD_INVALID', `a signing config of ${file.length} bytes`)
  return signingConfig(parseJson(file, { integersOnly: true }), '')
}

const whole: Read<number> = (value, path) => {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 1000)
    throw invalid(path, 'a small whole number was expected')
  return value
}

/** Scheme and host, and a path without `..`: nothing of it is a secret or a query. */
const url: Read<string> = (value, path) => {
  const written = text(value, path)
  if (!/^https?:\/\/[^\s/?#@\\]+(\/[\w.~%:+-]*)*$/.test(written)) throw invalid(path, 'not a plain http(s) URL')
  return written
}

const service: Read<Service> = message((fields) => ({
  url: fields.required('url', url),
  majorApiVersion: fields.required('majorApiVersion', whole),
  validFor: fields.required('validFor', timeRange),
  operator: filled(fields, 'operator', text),
}))

const selector = enumName({ ALL: 1, ANY: 2, EXACT: 3 })

const selectionFields = message((fields) => ({
  selector: fields.required('selector', selector),
  count: fields.optional('count', whole) ?? 0,
}))

const selection: Read<Selection> = (value, path) => {
  const { selector, count } = selectionFields(value, path)
  if (selector !== 'EXACT' && count !== 0) throw invalid(`${path}.count`, `has no meaning with ${selector}`)
  if (selector === 'EXACT' && count === 0) throw invalid(`${path}.count`, 'EXACT takes a count from 1')
  return selector === 'EXACT' ? { selector, count } : { selector }
}

const services = list(service, { max: MAX_SERVICES })

export const signingConfig: Read<SigningConfig> = message((fields) => {
  fields.required('mediaType', literal(MEDIA_TYPE))
  const read = (name: string) => fields.optional(name, services) ?? []
  const select = (name: string, from: readonly Service[]): Selection =>
    from.length === 0 ? (fields.optional(name, selection) ?? { selector: 'ANY' }) : fields.required(name, selection)
  const [caUrls, oidcUrls] = [read('caUrls'), read('oidcUrls')]
  const [rekorTlogUrls, tsaUrls] = [read('rekorTlogUrls'), read('tsaUrls')]
  const rekorTlogConfig = select('rekorTlogConfig', rekorTlogUrls)
  return { caUrls, oidcUrls, rekorTlogUrls, rekorTlogConfig, tsaUrls, tsaConfig: select('tsaConfig', tsaUrls) }
})

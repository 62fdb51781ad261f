/** signing_config.json v0.2: where a Sigstore client sends what it signs (sigstore_trustroot.proto, SigningConfig). */

import type { JsonObject } from '../json.ts'
import { type TimeRange, timeRangeJson } from './trusted-root.ts'

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
    mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
    caUrls: servicesJson(config.caUrls),
    oidcUrls: servicesJson(config.oidcUrls),
    rekorTlogUrls: servicesJson(config.rekorTlogUrls),
    rekorTlogConfig: { ...config.rekorTlogConfig },
    tsaUrls: servicesJson(config.tsaUrls),
    tsaConfig: { ...config.tsaConfig },
  }
}

/** The newest first, as clients expect, of one age as they came. Starts in one form (toISOString) compare as text. */
function servicesJson(services: readonly Service[]): JsonObject[] {
  const newer = (a: string, b: string) => (a === b ? 0 : a < b ? 1 : -1)
  const sorted = services.toSorted((a, b) => newer(a.validFor.start, b.validFor.start))
  return sorted.map(({ url, majorApiVersion, validFor, operator }) => ({
    url,
    majorApiVersion,
    validFor: timeRangeJson(validFor),
    operator,
  }))
}

/** What a log may speak, by name; and the slug of the first log of each in a new data directory. */

export const FIRST_SLUGS = { 'rekor-v2': 'v2', 'rekor-v1': 'v1' } as const

export type DialectName = keyof typeof FIRST_SLUGS

export const DIALECTS = Object.keys(FIRST_SLUGS) as readonly DialectName[]

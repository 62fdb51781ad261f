/** Where static copies and ratchets are: a directory, or an object store with what reaching it takes. */

import { join, resolve } from 'node:path'
import { formatS3Url, isS3Url, parseS3Url, type S3Access, type S3Location } from '../formats/s3/location.ts'
import { readAccess, type StoreOwner } from './object-store.ts'
import { overlap } from './overlap.ts'
import { parsePath } from './parsers.ts'
import type { Problems } from './problems.ts'
import type { Environment } from './sources.ts'

export interface ObjectPlace {
  readonly kind: 'objects'
  readonly location: S3Location
  readonly access: S3Access
}

export type Place = { readonly kind: 'directory'; readonly dir: string } | ObjectPlace

/** A path, or `s3://BUCKET/PREFIX`; the text as it stands. */
export function parsePlace(text: string): string {
  return isS3Url(text) ? formatS3Url(parseS3Url(text)) : parsePath(text)
}

/** @param text as `parsePlace` gives it; what is wrong with the variables is noted */
export function placeAt(text: string, env: Environment, owner: StoreOwner, problems: Problems): Place {
  if (!isS3Url(text)) return { kind: 'directory', dir: resolve(text) }
  return { kind: 'objects', location: parseS3Url(text), access: readAccess(env, owner, problems) }
}

/** What people read, of the place or of one of its parts. */
export function describePlace(place: Place, ...parts: readonly string[]): string {
  return place.kind === 'directory' ? join(place.dir, ...parts) : [formatS3Url(place.location), ...parts].join('/')
}

/** Whether one of them is the other, or lies within it. */
export function placesOverlap(a: Place, b: Place): boolean {
  if (a.kind === 'directory') return b.kind === 'directory' && overlap(a.dir, b.dir)
  if (b.kind === 'directory' || a.access.endpoint !== b.access.endpoint || a.location.bucket !== b.location.bucket)
    return false
  return a.location.prefix.startsWith(b.location.prefix) || b.location.prefix.startsWith(a.location.prefix)
}

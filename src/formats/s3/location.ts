/** A place in an object store: `s3://BUCKET` or `s3://BUCKET/PREFIX`. Keys below it are plain ASCII, so that no store spells one twice. */

import { TlogError } from '../../kernel/error.ts'

export interface S3Location {
  readonly bucket: string
  /** What keys begin with: empty, or ends in a slash. */
  readonly prefix: string
}

/** How a bucket is reached, and as whom. */
export interface S3Access {
  /** Scheme, host and port; plain http only where the operator says so here. */
  readonly endpoint: string
  readonly region: string
  /** Where the bucket stands: before the host's name, or first in the path. */
  readonly addressing: 'host' | 'path'
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Of credentials that end. */
  readonly sessionToken: string | null
}

/** S3 itself takes keys of 1024 bytes; the longest of ours below a prefix takes 180. */
const MAX_PREFIX = 512

export function isS3Url(text: string): boolean {
  return /^s3:/i.test(text)
}

/** @throws TlogError FIELD_INVALID */
export function parseS3Url(text: string): S3Location {
  const [, bucket, path = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(text) ?? []
  const prefix = path.replace(/\/$/, '')
  if (bucket === undefined || prefix.length > MAX_PREFIX || (prefix !== '' && !prefix.split('/').every(isSegment)))
    throw new TlogError(
      'FIELD_INVALID',
      'an object store is s3://BUCKET/PREFIX: lower-case letters, digits, dots and hyphens, then parts of letters, digits and ._-',
    )
  return { bucket, prefix: prefix === '' ? '' : `${prefix}/` }
}

/** Without a slash at the end. */
export function formatS3Url({ bucket, prefix }: S3Location): string {
  return `s3://${bucket}/${prefix}`.replace(/\/$/, '')
}

/** A place below another. @param name parts that `parseS3Url` takes. */
export function below({ bucket, prefix }: S3Location, name: string): S3Location {
  return { bucket, prefix: `${prefix}${name}/` }
}

function isSegment(text: string): boolean {
  return /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(text)
}

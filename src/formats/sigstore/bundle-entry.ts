/** A log's entry as a bundle carries it (sigstore/protobuf-specs sigstore_rekor.proto, TransparencyLogEntry), of v1 and v2 logs. */

import { type Hash, hash, type LeafIndex, leafIndex, type TreeSize, treeSize } from '../../kernel/brand.ts'
import { parseDecimal } from '../../kernel/bytes.ts'
import { list, type Read, text } from '../fields.ts'
import { located } from '../located.ts'
import { bytes, filled, message } from './protojson.ts'

export interface BundleProof {
  /** In the tree of the checkpoint. A v1 log counts its entries over several trees, so the entry's own index may be larger. */
  readonly index: LeafIndex
  readonly root: Hash
  readonly size: TreeSize
  /** The leaf's sibling first. */
  readonly path: readonly Hash[]
  /** A signed note; null only in bundles 0.1, where the proof leads to a root that nobody signed. */
  readonly checkpoint: string | null
}

/** Nothing of it has been checked. */
export interface BundleEntry {
  readonly index: LeafIndex
  /** 32 bytes. */
  readonly logId: Uint8Array
  readonly kind: string
  readonly version: string
  /** Seconds since 1970; 0 where the log gives none. Only a promise vouches for it. */
  readonly integratedTime: number
  /** The signed entry timestamp of a v1 log. */
  readonly promise: Uint8Array | null
  readonly proof: BundleProof | null
  /** The leaf's bytes, as the bundle says. */
  readonly body: Uint8Array
}

const MAX_PATH = 63

/** 64-bit numbers: a string, as protojson prints them, or a JSON number. Absent is zero. */
function number<T>(brand: (value: number) => T): Read<T> {
  return (value, path) =>
    located('FIELD_INVALID', path, () => brand(typeof value === 'number' ? value : parseDecimal(text(value, path))))
}

const index = number(leafIndex)
const size = number(treeSize)
const hashBytes: Read<Hash> = (value, path) => located('FIELD_INVALID', path, () => hash(bytes(value, path)))
const logId: Read<Uint8Array> = message((fields) => fields.required('keyId', hashBytes))
const kindVersion = message((fields) => ({
  kind: filled(fields, 'kind', text),
  version: filled(fields, 'version', text),
}))
const promise = message((fields) => filled(fields, 'signedEntryTimestamp', bytes))
const checkpoint = message((fields) => filled(fields, 'envelope', text))

const proof: Read<BundleProof> = message((fields) => ({
  index: fields.optional('logIndex', index) ?? leafIndex(0),
  root: fields.required('rootHash', hashBytes),
  size: fields.required('treeSize', size),
  path: fields.optional('hashes', list(hashBytes, { max: MAX_PATH })) ?? [],
  checkpoint: fields.optional('checkpoint', checkpoint) ?? null,
}))

export const bundleEntry: Read<BundleEntry> = message((fields) => ({
  index: fields.optional('logIndex', index) ?? leafIndex(0),
  logId: fields.required('logId', logId),
  ...fields.required('kindVersion', kindVersion),
  integratedTime: fields.optional('integratedTime', size) ?? 0,
  promise: fields.optional('inclusionPromise', promise) ?? null,
  proof: fields.optional('inclusionProof', proof) ?? null,
  body: filled(fields, 'canonicalizedBody', bytes),
}))

/** JSON Schemas (2020-12) of what the API takes and gives. */

export interface Schema {
  readonly [keyword: string]: unknown
}

const MAX_SIZE = Number.MAX_SAFE_INTEGER

export const SIZE: Schema = { type: 'integer', minimum: 0, maximum: MAX_SIZE }
export const INDEX: Schema = { type: 'integer', minimum: 0, maximum: MAX_SIZE - 1 }
export const HASH: Schema = { type: 'string', pattern: '^[0-9a-f]{64}$' }
/** `sha256:` and so on, with as many digits as the algorithm makes. */
export const ARTIFACT = {
  type: 'string',
  pattern: '^(sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$',
} as const satisfies Schema
/** Of whatever a statement may name; lengths of the three above are fixed, those of others are for who named them. */
export const ANY_DIGEST = {
  type: 'string',
  pattern: `${ARTIFACT.pattern.slice(0, -2)}|(?![sS][hH][aA]-?(256|384|512):)[A-Za-z0-9_.-]{1,64}:([0-9a-f]{2}){1,64})$`,
} as const satisfies Schema
export const BASE64: Schema = { type: 'string', contentEncoding: 'base64' }
export const TIME: Schema = {
  type: 'string',
  pattern: '^[0-9]{4,}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$',
}
const TEXT: Schema = { type: 'string' }
/** A signed note as text (c2sp.org/tlog-checkpoint). */
const NOTE: Schema = { type: 'string', description: 'The signed note, verbatim (c2sp.org/tlog-checkpoint).' }
const DECIMAL: Schema = { type: 'string', pattern: '^(0|[1-9][0-9]*)$' }

export function ref(name: keyof typeof COMPONENTS.schemas): Schema {
  return { $ref: `#/components/schemas/${name}` }
}

/** An object of exactly these fields; those of `optional` may be absent. */
export function record(fields: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema {
  return {
    type: 'object',
    required: Object.keys(fields).filter((name) => !optional.includes(name)),
    properties: fields,
  }
}

/** A request's object: another field is refused. */
export function closed(fields: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema {
  return { ...record(fields, optional), additionalProperties: false }
}

export function listOf(items: Schema, limits: { minItems?: number; maxItems?: number } = {}): Schema {
  return { type: 'array', items, ...limits }
}

export function nullable(schema: Schema): Schema {
  return { oneOf: [schema, { type: 'null' }] }
}

const PATH: Schema = {
  ...listOf(HASH, { maxItems: 53 }),
  description: "The leaf's sibling first, the root's child last (RFC 6962 §2.1.1).",
}
const CHECKPOINT: Schema = { ...NOTE, description: 'The newest signed note, when no size was asked for.' }

const ENTRY_AT = {
  log: { ...TEXT, description: 'Its slug.' },
  index: INDEX,
  leafHash: HASH,
  kind: { ...nullable(TEXT), description: 'Such as `hashedrekord 0.0.2`; null for a leaf that says none.' },
  time: { ...TIME, description: 'When the first tree with this entry was sealed.' },
  signers: {
    ...listOf(record({ key: HASH, names: listOf(TEXT), issuer: nullable(TEXT) })),
    description: 'As the leaf has them: SHA-256 of the key, and the names of its certificate, which nobody has judged.',
  },
  links: { ...record({ self: TEXT }), description: 'The entry with its proof.' },
} as const
const WITHDRAWN: Schema = {
  ...nullable(record({ entry: TEXT, time: TIME })),
  description: 'By which entry the operator of this server took its content back, and when; null: it was not.',
}
const NAMED = { name: TEXT, uri: TEXT, digests: listOf(ANY_DIGEST), role: TEXT, relation: TEXT } as const

const SCHEMAS = {
  Error: {
    ...record({
      code: { type: 'integer', description: 'The gRPC code that goes with the status.' },
      message: TEXT,
      details: listOf(
        record(
          {
            '@type': TEXT,
            reason: { type: 'string', pattern: '^[A-Z0-9_]+$' },
            domain: { const: 'colophon' },
            metadata: { type: 'object', additionalProperties: TEXT, description: 'As the reason has it.' },
          },
          ['metadata'],
        ),
        { maxItems: 1 },
      ),
    }),
    description: 'Programs look at details[0].reason: a stable code. An error of status 500 has none.',
  },
  Log: record({
    slug: { type: 'string', pattern: '^[a-z0-9][a-z0-9-]{0,31}$' },
    dialect: TEXT,
    origin: { type: 'string', description: 'The first line of its checkpoints.' },
    vkey: { type: 'string', description: 'The verifier key of its first signature line (c2sp.org/signed-note).' },
    mlDsaVkey: {
      ...nullable(TEXT),
      description: 'The verifier key of its post-quantum line (c2sp.org/tlog-cosignature); null for a log without one.',
    },
    state: {
      enum: ['active', 'waiting', 'frozen', 'compromised', 'closing', 'failed'],
      description:
        'Only an active one takes entries. Of a compromised one others have the key: nothing it signed counts.',
    },
    size: { ...SIZE, description: 'Entries that the newest checkpoint covers.' },
    root: { ...nullable(HASH), description: 'null for an instant after the creation of the log.' },
    time: { ...nullable(TIME), description: 'When that tree was sealed.' },
    links: {
      ...record({ self: TEXT, checkpoint: TEXT, checkpoints: TEXT }),
      description: '`self` is the prefix of the tiles too (c2sp.org/tlog-tiles).',
    },
  }),
  Checkpoint: record({ size: SIZE, root: HASH, time: TIME, note: NOTE }),
  Entry: record({
    index: INDEX,
    leafHash: HASH,
    leaf: { ...BASE64, description: 'The bytes in the tree; their hash, not `leafHash`, is what a verifier proves.' },
    body: { description: 'The leaf as JSON; null when it is none.' },
    time: { ...TIME, description: 'When the first tree with this entry was sealed.' },
    attachments: {
      ...listOf(
        record({ algorithm: { enum: ['sha256', 'sha384', 'sha512'] }, digest: { ...TEXT, pattern: '^[0-9a-f]+$' } }),
      ),
      description: 'Content that the leaf commits to and this server keeps.',
    },
    proof: record({ size: SIZE, root: HASH, path: PATH, checkpoint: NOTE }),
    promise: {
      ...nullable(
        record({
          logId: { ...HASH, description: "SHA-256 of the log's ECDSA key." },
          logIndex: { ...INDEX, description: 'Over all trees of the log.' },
          integratedTime: { type: 'integer', minimum: 0, maximum: MAX_SIZE, description: 'In seconds.' },
          signedEntryTimestamp: BASE64,
        }),
      ),
      description: "Rekor v1's signed entry timestamp, which dates it. Null: of another dialect, or promised no more.",
    },
  }),
  ArtifactEntry: record({
    ...ENTRY_AT,
    statement: {
      ...nullable(record({ attachment: ARTIFACT, payload: ARTIFACT, predicateType: TEXT, buildType: TEXT })),
      description: 'The in-toto statement that was signed, where it is kept; `attachment` is the digest to get it by.',
    },
    withdrawn: WITHDRAWN,
  }),
  CustodyStatement: record({
    ...ENTRY_AT,
    artifact: { ...ANY_DIGEST, description: 'By which it was found.' },
    depth: { ...SIZE, description: '1 for what is about the artifact that was asked for.' },
    as: { enum: ['subject', 'dependency'], description: 'Whether it speaks of that, or of what was made from it.' },
    attachment: { ...nullable(ARTIFACT), description: 'The digest to get it by.' },
    statement: {
      ...nullable(
        record({
          payload: { ...ARTIFACT, description: 'Of the statement itself.' },
          predicateType: TEXT,
          buildType: TEXT,
          builder: TEXT,
          subjects: listOf(record(NAMED)),
          parts: { ...SIZE, description: 'How many files it lists as parts, or as affected.' },
          dependencies: listOf(
            record({
              ...NAMED,
              link: { ...nullable(HASH), description: 'SHA-256 of the statement about it that was meant.' },
              kind: { enum: ['hash-linked', 'claimed'], description: 'Hash-linked: that statement is in a log here.' },
            }),
          ),
          completeness: {
            type: 'object',
            description: 'By role, whether all that was used is named: by the word of the signer.',
            additionalProperties: { enum: ['all', 'partial', 'undisclosed', 'none'] },
          },
          advisory: nullable(record({ status: TEXT, reason: TEXT })),
          cut: {
            ...listOf({ enum: ['subjects', 'dependencies', 'parts'] }),
            description: 'Of what it lists more than is indexed, and shown here: 4,096 digests of a statement are.',
          },
        }),
      ),
      description: 'Null: it is not kept here any more.',
    },
    withdrawn: WITHDRAWN,
  }),
  FoundEntry: record({
    log: { ...TEXT, description: 'Its slug.' },
    index: INDEX,
    leafHash: HASH,
    links: { ...record({ self: TEXT }), description: 'The entry with its proof.' },
  }),
  InclusionProof: record({ index: INDEX, leafHash: HASH, size: SIZE, root: HASH, path: PATH, checkpoint: CHECKPOINT }, [
    'checkpoint',
  ]),
  ConsistencyProof: record(
    {
      first: record({ size: SIZE, root: HASH }),
      last: record({ size: SIZE, root: HASH }),
      path: { ...PATH, description: 'In the order of RFC 6962 §2.1.2; empty from size 0 and between equal sizes.' },
      checkpoint: CHECKPOINT,
    },
    ['checkpoint'],
  ),
  TransparencyLogEntry: {
    ...record({
      logIndex: DECIMAL,
      logId: record({ keyId: BASE64 }),
      kindVersion: record({ kind: { const: 'hashedrekord' }, version: { const: '0.0.2' } }),
      integratedTime: { const: '0' },
      inclusionPromise: { type: 'null' },
      inclusionProof: record({
        logIndex: DECIMAL,
        rootHash: BASE64,
        treeSize: DECIMAL,
        hashes: listOf(BASE64, { maxItems: 53 }),
        checkpoint: record({ envelope: NOTE }),
      }),
      canonicalizedBody: { ...BASE64, description: 'The leaf.' },
    }),
    description: "dev.sigstore.rekor.v1.TransparencyLogEntry in protojson's spelling.",
  },
} as const

const ENTRY_ID: Schema = { type: 'string', pattern: '^[0-7][0-9a-f]{79}$' }
const INCLUSION_V1 = record({
  checkpoint: { ...NOTE, description: 'With the one signature line that Rekor v1 knows.' },
  hashes: listOf(HASH, { maxItems: 53 }),
  logIndex: { ...INDEX, description: 'In its tree.' },
  rootHash: HASH,
  treeSize: SIZE,
})
const TREE_V1 = {
  rootHash: HASH,
  signedTreeHead: NOTE,
  treeID: { ...DECIMAL, description: 'A string: JavaScript numbers would not hold it.' },
  treeSize: SIZE,
}

/** Those of Rekor v1's API. */
const REKOR_V1_SCHEMAS = {
  RekorV1Error: record({
    code: { type: 'integer', description: "The status, or go-openapi's code of what is wrong with the form." },
    message: TEXT,
  }),
  RekorV1EntryId: ENTRY_ID,
  RekorV1Entry: {
    type: 'object',
    description: 'One entry, by its ID: the number of its tree, and the hash of its leaf.',
    minProperties: 1,
    maxProperties: 1,
    propertyNames: { pattern: ENTRY_ID.pattern },
    additionalProperties: record(
      {
        attestation: record({ data: { ...BASE64, description: 'The payload of an intoto entry, if it is kept.' } }),
        body: { ...BASE64, description: 'The leaf.' },
        integratedTime: { type: 'integer', minimum: 0, maximum: MAX_SIZE, description: 'In seconds.' },
        logID: { ...HASH, description: "SHA-256 of the log's key." },
        logIndex: { ...INDEX, description: 'Over all trees.' },
        verification: record(
          {
            inclusionProof: INCLUSION_V1,
            signedEntryTimestamp: { ...BASE64, description: 'Absent where the log promises nothing any more.' },
          },
          ['signedEntryTimestamp'],
        ),
      },
      ['attestation'],
    ),
  },
  RekorV1Trees: record({
    inactiveShards: { ...listOf(record(TREE_V1)), description: 'Those that have ended.' },
    ...TREE_V1,
  }),
} as const

export const COMPONENTS = {
  schemas: { ...SCHEMAS, ...REKOR_V1_SCHEMAS },
  securitySchemes: {
    token: { type: 'http', scheme: 'bearer', description: 'Asked for only by servers that were set up with tokens.' },
  },
}

/** Sigstore bundles as files: what each version must have, and what none may. */

import { readFileSync } from 'node:fs'
import t from 'tap'
import { parseSigstoreBundle } from '../../../src/formats/sigstore/bundle.ts'
import { utf8 } from '../../../src/kernel/bytes.ts'
import { refused } from '../support.ts'

type Json = { [key: string]: Json } & { [index: number]: Json }

const read = (name: string) =>
  readFileSync(
    new URL(`../../vectors/sigstore-conformance/bundle-verify/${name}/bundle.sigstore.json`, import.meta.url),
    'utf8',
  )
const parse = (text: string) => parseSigstoreBundle(utf8(text))
const changed = (name: string, change: (bundle: Json) => unknown) => () => {
  const bundle = JSON.parse(read(name))
  change(bundle)
  return parse(JSON.stringify(bundle))
}

t.test('each version', async (t) => {
  t.match(parse(read('happy-path-v0.1')), {
    version: '0.1',
    material: { kind: 'certificate', others: [] },
    content: { kind: 'message' },
  })
  t.match(parse(read('happy-path-v0.2')), { version: '0.2', entries: [{ kind: 'hashedrekord', version: '0.0.1' }] })
  t.match(parse(read('happy-path-v0.3')), { version: '0.3' })
  t.match(parse(read('happy-path-intoto-in-dsse-v3')), {
    version: '0.3',
    content: { kind: 'envelope', payloadType: 'application/vnd.in-toto+json' },
  })
  t.match(parse(read('managed-key-happy-path')), { material: { kind: 'key' } })
  t.match(parse(read('rekor2-happy-path')), { entries: [{ integratedTime: 0, promise: null }] })
})

t.test('snake_case, numbers for strings and enums, URL-safe base64: as protojson reads', async (t) => {
  const bundle = JSON.parse(read('happy-path-v0.3'))
  const { tlogEntries, ...material } = bundle.verificationMaterial
  const [entry] = tlogEntries
  const { logIndex, integratedTime, ...rest } = entry
  const other = {
    media_type: bundle.mediaType,
    verification_material: {
      ...material,
      tlog_entries: [
        {
          ...rest,
          log_index: Number(logIndex),
          integrated_time: Number(integratedTime),
          inclusionPromise: null,
          inclusion_promise: entry.inclusionPromise,
        },
      ],
    },
    message_signature: {
      message_digest: { algorithm: 1, digest: bundle.messageSignature.messageDigest.digest },
      signature: bundle.messageSignature.signature.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, ''),
    },
  }
  refused(() => parse(JSON.stringify(other)), 'FIELD_INVALID', 'one field by two names')
  const [inner] = other.verification_material.tlog_entries
  delete (inner as { inclusionPromise?: null }).inclusionPromise
  t.same(parse(JSON.stringify(other)), parse(read('happy-path-v0.3')))
})

t.test('refused', async () => {
  const v3 = 'happy-path-v0.3'
  const entry = (bundle: Json) => bundle.verificationMaterial?.tlogEntries?.[0] as Json
  refused(
    changed(v3, (b) => delete b.messageSignature),
    'FIELD_MISSING',
    'nothing signed',
  )
  refused(
    changed(v3, (b) => Object.assign(b, { dsseEnvelope: {} })),
    'FIELD_INVALID',
    'two things signed',
  )
  refused(
    changed(v3, (b) => delete b.verificationMaterial),
    'FIELD_MISSING',
    'no material',
  )
  refused(
    changed(v3, (b) => Object.assign(b, { more: 1 })),
    'FIELD_UNKNOWN',
    'a field nobody knows',
  )
  refused(
    changed(v3, (b) => delete entry(b).inclusionProof),
    'FIELD_MISSING',
    '0.3 without a proof',
  )
  refused(
    changed(v3, (b) => delete entry(b).inclusionProof?.checkpoint),
    'FIELD_MISSING',
    '0.3 without a checkpoint',
  )
  refused(
    changed('happy-path-v0.1', (b) => delete entry(b).inclusionPromise),
    'FIELD_MISSING',
    '0.1 without a promise',
  )
  refused(
    changed(v3, (b) => Object.assign(entry(b), { logIndex: '01' })),
    'FIELD_INVALID',
    'a number spelled otherwise',
  )
  refused(
    changed(v3, (b) => Object.assign(entry(b), { logIndex: '9007199254740993' })),
    'FIELD_INVALID',
    'a number above 2^53',
  )
  refused(
    changed(v3, (b) => Object.assign(entry(b), { logId: { keyId: 'AAAA' } })),
    'FIELD_INVALID',
    'a short log ID',
  )
  refused(
    changed(v3, (b) =>
      Object.assign(entry(b), {
        inclusionProof: { ...entry(b).inclusionProof, hashes: Array(64).fill(`${'A'.repeat(43)}=`) },
      }),
    ),
    'FIELD_INVALID',
    '64 hashes',
  )
  refused(
    changed(v3, (b) => Object.assign(b.verificationMaterial ?? {}, { tlogEntries: Array(17).fill(entry(b)) })),
    'FIELD_INVALID',
    '17 entries',
  )
  refused(
    changed('happy-path-intoto-in-dsse-v3', (b) =>
      Object.assign(b.dsseEnvelope ?? {}, { signatures: [{ sig: 'AAAA' }, { sig: 'AAAA' }] }),
    ),
    'FIELD_INVALID',
    'two signatures',
  )
  for (const from of ['happy-path-v0.1', v3])
    for (const version of ['0.1', '0.3'])
      if (!from.endsWith(version))
        refused(
          changed(from, (b) =>
            Object.assign(b, { mediaType: `application/vnd.dev.sigstore.bundle+json;version=${version}` }),
          ),
          'FIELD_MISSING',
          `${from} as ${version}`,
        )
  refused(() => parseSigstoreBundle(new Uint8Array(33 * 1024 * 1024)), 'FIELD_INVALID', 'too long')
})

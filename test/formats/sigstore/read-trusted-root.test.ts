import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { parseTrustedRoot } from '../../../src/formats/sigstore/read-trusted-root.ts'
import { formatTrustedRoot } from '../../../src/formats/sigstore/trusted-root.ts'
import { utf8 } from '../../../src/kernel/bytes.ts'
import { refused } from '../support.ts'

const CASES = new URL('../../vectors/sigstore-conformance/bundle-verify/', import.meta.url)
const ROOTS = readdirSync(CASES, { recursive: true, encoding: 'utf8' }).filter((path) =>
  path.endsWith('trusted_root.json'),
)
/** The public instance's, with one range cut short. */
const PUBLIC_GOOD = readFileSync(new URL('trust-root-tlog-validity-end-inclusive/trusted_root.json', CASES), 'utf8')

t.test('the roots of the public instances, and of the suite', async (t) => {
  const root = parseTrustedRoot(utf8(PUBLIC_GOOD))
  const { tlogs, ctLogs, certificateAuthorities, timestampAuthorities } = root
  t.same([tlogs.length, ctLogs.length, certificateAuthorities.length, timestampAuthorities.length], [2, 2, 2, 1])
  t.same(parseTrustedRoot(utf8(formatTrustedRoot(root))), root, 'what is printed is read')
  t.equal(ROOTS.length > 30, true)
  for (const path of ROOTS)
    if (!path.startsWith('trust-root-tlog-missing'))
      t.ok(parseTrustedRoot(new Uint8Array(readFileSync(new URL(path, CASES)))).tlogs.length > 0, path)
})

t.test('refused, with the place', async () => {
  type Json = { [key: string]: Json } & { [index: number]: Json }
  const changed = (change: (root: Json) => unknown) => () => {
    const root = JSON.parse(PUBLIC_GOOD)
    change(root)
    return parseTrustedRoot(utf8(JSON.stringify(root)))
  }
  const log = (root: Json) => root.tlogs?.[0] as Json
  const key = (root: Json) => log(root).publicKey as Json
  for (const [code, name, change] of [
    ['FIELD_INVALID', 'another media type', (root) => Object.assign(root, { mediaType: 'application/json' })],
    ['FIELD_UNKNOWN', 'a field nobody knows', (root) => Object.assign(root, { more: 1 })],
    ['FIELD_MISSING', 'no range', (root) => delete key(root).validFor],
    ['FIELD_MISSING', 'no start', (root) => delete key(root).validFor?.start],
    ['FIELD_INVALID', 'no time', (root) => Object.assign(key(root), { validFor: { start: 'now' } })],
    ['FIELD_INVALID', 'another hash', (root) => Object.assign(log(root), { hashAlgorithm: 'SHA2_512' })],
    ['FIELD_INVALID', 'a short ID', (root) => Object.assign(log(root), { logId: { keyId: 'AAAA' } })],
    ['FIELD_INVALID', 'two IDs', (root) => Object.assign(log(root), { checkpointKeyId: root.tlogs?.[1]?.logId })],
    [
      'FIELD_INVALID',
      'no chain',
      (root) => Object.assign(root.certificateAuthorities?.[0] as Json, { certChain: { certificates: [] } }),
    ],
  ] as const satisfies readonly (readonly [string, string, (root: Json) => unknown])[])
    refused(changed(change), code, name)
  refused(() => parseTrustedRoot(new Uint8Array(5 * 1024 * 1024)), 'FIELD_INVALID', 'too long')
})

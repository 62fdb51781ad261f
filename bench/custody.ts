/**
 * The graph of statements in a log of a million: a chain of 20 steps in one answer, and the descendants of one data set, page by page,
 * with the memory that the server had at most. Filling takes some minutes.
 *
 * node bench/custody.ts [--statements 1000000] [--asked 1000] [--json]
 */

import { createHash } from 'node:crypto'
import { parseArgs } from 'node:util'
import { factsOfLeaf } from '../src/dialects/rekor-v2/keys.ts'
import { formatBodyV2 } from '../src/formats/sigstore/body-v2.ts'
import { pae } from '../src/formats/sigstore/dsse.ts'
import { parseBase64, utf8 } from '../src/kernel/bytes.ts'
import type { Entry } from '../src/log/ports.ts'
import { startServer } from './server.ts'

const { values } = parseArgs({
  options: {
    statements: { type: 'string', default: '1000000' },
    asked: { type: 'string', default: '1000' },
    json: { type: 'boolean', default: false },
  },
})
const STATEMENTS = Number(values.statements)
const ASKED = Number(values.asked)
const DEPTH = 20
const SPKI = parseBase64(
  'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEq6HMgoU7n4+NCopZhnQQBXwr5gR3X2+pQSIz1n1xF+ytDB0KcOP1qv8+nHBqOpS3kR58mARuNBy+yEhqdHmt7w==',
)

const sha256 = (text: string | Uint8Array) => createHash('sha256').update(text).digest()
const madeAt = (chain: number, step: number) => sha256(`${chain}/${step}`).toString('hex')
const DATASET = sha256('the data set').toString('hex')

/** Chains of 20 steps; two of each chain were fed the one data set. */
function statementOf(n: number): Uint8Array {
  const [chain, step] = [Math.floor(n / DEPTH), n % DEPTH]
  const fed = [...(step === 0 ? [] : [madeAt(chain, step - 1)]), ...(step % 10 === 0 ? [DATASET] : [])]
  const resolvedDependencies = fed.map((sha256) => ({ digest: { sha256 }, annotations: { lineage_role: 'weights' } }))
  return utf8(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: `step ${step}`, digest: { sha256: madeAt(chain, step) } }],
      predicateType: 'https://slsa.dev/provenance/v1',
      predicate: { buildDefinition: { buildType: 'https://lineage.example/train/v1', resolvedDependencies } },
    }),
  )
}

/** Signed by nobody. */
function entryOf(n: number): Entry {
  const content = pae('application/vnd.in-toto+json', statementOf(n))
  const digest = sha256(content)
  const verifier = { keyDetails: 'PKIX_ECDSA_P256_SHA_256', material: { kind: 'publicKey', rawBytes: SPKI } } as const
  const leaf = formatBodyV2({ algorithm: 'SHA2_256', digest, signature: digest, verifier })
  const { keys, attachments } = factsOfLeaf(leaf)
  const derived = attachments.flatMap(({ keysOf }) => keysOf(content))
  return { leaf, keys: [...keys, ...derived], attachments: [{ algorithm: 'sha256', digest, content }] }
}

interface Page {
  readonly statements: readonly unknown[]
  readonly more: readonly { readonly artifact: string; readonly after: string | null }[]
}

const server = await startServer({ dialect: 'rekor-v2', filled: STATEMENTS, entryOf })
const custody = `http://127.0.0.1:${server.port}/artifacts/sha256:`
const ask = async (path: string) => (await (await fetch(custody + path)).json()) as Page
const chains = Math.floor(STATEMENTS / DEPTH)

const times: number[] = []
for (let i = 0; i < ASKED; i++) {
  const chain = (i * 7919) % chains
  const start = performance.now()
  const { statements } = await ask(`${madeAt(chain, DEPTH - 1)}/custody?depth=${DEPTH}`)
  times.push(performance.now() - start)
  if (statements.length < DEPTH) throw new Error(`a chain of ${statements.length}`)
}
times.sort((a, b) => a - b)
const at = (share: number) => Number((times[Math.floor(times.length * share)] ?? 0).toFixed(2))

const before = server.usage().rssMiB
let [found, pages, most, after]: [number, number, number, string | null] = [0, 0, 0, '']
const start = performance.now()
while (after !== null) {
  const from: string = after === '' ? '' : `&after=${after}`
  const page: Page = await ask(`${DATASET}/custody?direction=down&depth=1${from}`)
  found += page.statements.length
  pages++
  most = Math.max(most, server.usage().rssMiB)
  after = page.more.find(({ artifact }) => artifact === `sha256:${DATASET}`)?.after ?? null
}
const descendants = { found, pages, seconds: Number(((performance.now() - start) / 1000).toFixed(1)) }
const result = {
  statements: STATEMENTS,
  chain: { depth: DEPTH, asked: ASKED, p50Ms: at(0.5), p99Ms: at(0.99) },
  descendants: { ...descendants, serverMiBBefore: Math.round(before), serverMiBMost: Math.round(most) },
}
console.log(values.json ? JSON.stringify(result) : JSON.stringify(result, null, 2))
await server.stop()

/** The witness as HTTP clients meet it: other people's request sequences, the worked examples, and every status. */

import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { importEd25519Seed, signEd25519 } from '../../src/crypto/node.ts'
import { formatSignatureLine } from '../../src/formats/c2sp/note.ts'
import { createVkey, KEY_TYPE, parseVkey } from '../../src/formats/c2sp/vkey.ts'
import { createWitnessServer } from '../../src/http/witness.ts'
import { createWitnessMetrics } from '../../src/http/witness-metrics.ts'
import { unixMillis } from '../../src/kernel/brand.ts'
import { hex, parseHex, parseUtf8 } from '../../src/kernel/bytes.ts'
import { memoryWitnessStore } from '../../src/storage/witness/memory.ts'
import { KnownLogs } from '../../src/witness/known-logs.ts'
import type { WitnessKeys } from '../../src/witness/ports.ts'
import type { WitnessParts } from '../../src/witness/witness.ts'
import { readBytes, readVector } from '../formats/support.ts'
import { GENEROUS, LOG, NAME, ORIGIN, originHash, request, signed, Tree, testWitness } from '../witness/support.ts'

const TREE = new Tree(20)
const COSIGNED = 'text/plain; charset=utf-8'

function serverOf(t: Test, parts: Partial<WitnessParts> = {}): FastifyInstance {
  const { store = memoryWitnessStore(), logs = new KnownLogs(NAME, [LOG.vkey], GENEROUS) } = parts
  const metrics = createWitnessMetrics(store.heads, () => logs.count)
  const { witness } = testWitness({ ...parts, store, logs, watch: metrics })
  const server = createWitnessServer(witness, {
    metrics,
    logger: pino({ level: 'silent' }),
    after: () => () => undefined, // what is injected has no socket to close
  })
  t.teardown(() => server.close())
  return server
}

async function post(server: FastifyInstance, url: string, body: string | Uint8Array, headers = {}) {
  const payload = typeof body === 'string' ? body : Buffer.from(body)
  const { statusCode, headers: answered, body: text } = await server.inject({ method: 'POST', url, payload, headers })
  return { status: statusCode, type: answered['content-type'], text, headers: answered }
}

interface Sequence {
  readonly requests: readonly {
    readonly path: string
    readonly body: string
    readonly status: number
    readonly asserts: readonly string[]
  }[]
}

const SEQUENCES = readVector<Readonly<Record<string, Sequence>>>('torchwood/add-checkpoint-requests.json')
const SIGSUM = 'sigsum.org/v1/tree/4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562'
const SUMDB = 'sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8'

t.test("litewitness's own request sequences", async (t) => {
  const sigsum = parseHex('ffdc2d4d98e4124d3feaf788c0c2f9abfd796083d1f0495437f302ec79cf100f')
  const logs = new KnownLogs(NAME, [createVkey(SIGSUM, KEY_TYPE.ed25519, sigsum)], GENEROUS)
  logs.learn([{ origin: 'go.sum database tree', vkey: parseVkey(SUMDB), perDay: 24, contact: 'x' }])
  const server = serverOf(t, { logs })
  let count = 0
  for (const [name, { requests }] of Object.entries(SEQUENCES))
    for (const { path, body, status, asserts } of requests) {
      const answer = await post(server, path, body)
      // 404 is the spec's word for an unknown log; that version of litewitness said 403.
      const isUnknown = asserts.includes('body contains "unknown log"')
      t.equal(answer.status, isUnknown ? 404 : status, `${name}: ${++count}`)
      if (status === 200)
        t.match(
          answer.text,
          /^— witness\.example\/w [A-Za-z0-9+/=]{104}\n— witness\.example\/w [A-Za-z0-9+/=]{3244}\n$/,
        )
      if (status === 409) t.equal(`body == ${JSON.stringify(answer.text)}`, asserts[0])
      t.equal(answer.type, status === 409 ? 'text/x.tlog.size' : COSIGNED)
    }
  t.equal(count, 10)
})

t.test('a log that signs with ML-DSA-44 alone, by other people', async (t) => {
  const [vkey, note] = ['log.vkey', 'checkpoint.note'].map((name) => parseUtf8(readBytes(`torchwood/mldsa-${name}`)))
  const logs = new KnownLogs(NAME, [parseVkey(vkey?.trim() ?? '')], GENEROUS)
  const server = serverOf(t, { logs })
  t.match(await post(server, '/add-checkpoint', `old 0\n\n${note}`), { status: 200, type: COSIGNED })
  t.match(await post(server, '/add-checkpoint', `old 1\n\n${note?.replace('\n1\n', '\n2\n')}`), { status: 403 })
})

interface Examples {
  readonly vkeys: Readonly<Record<string, string>>
  readonly timestamp: number
  readonly addCheckpointFirst: string
  readonly addCheckpointRequest: string
  readonly cosignatureLine: string
  readonly cosignatureLineMlDsa: string
  readonly signSubtreeRequest: string
  readonly subtreeLine: string
  readonly originHash: string
  readonly checkpoints: Readonly<Record<string, string>>
}

const EXAMPLES = readVector<Examples>('computed/worked-examples.json')

/** Their Ed25519 and ML-DSA-44 witnesses have two names; ours has one for both, and here two as well. */
function exampleKeys(): WitnessKeys {
  const ed25519 = importEd25519Seed(new Uint8Array(32).fill(2))
  const mlDsa = ml_dsa44.keygen(new Uint8Array(32).fill(3))
  return {
    ed25519: {
      vkey: createVkey('witness.example/w1', KEY_TYPE.cosignature, ed25519.publicKey),
      sign: (message) => signEd25519(ed25519, message),
    },
    mlDsa44: {
      vkey: createVkey('witness.example/pq1', KEY_TYPE.mlDsa44, mlDsa.publicKey),
      sign: async (message) => ml_dsa44.sign(message, mlDsa.secretKey, { extraEntropy: false }),
    },
  }
}

t.test('the worked examples, byte for byte', async (t) => {
  const logs = new KnownLogs('witness.example', [parseVkey(EXAMPLES.vkeys.log ?? '')], GENEROUS)
  const now = () => unixMillis(EXAMPLES.timestamp * 1000 + 999)
  const server = serverOf(t, { logs, keys: exampleKeys(), now })
  t.match(await post(server, '/add-checkpoint', EXAMPLES.addCheckpointFirst), { status: 200, type: COSIGNED })
  const grown = await post(server, '/add-checkpoint', EXAMPLES.addCheckpointRequest)
  const lines = `${EXAMPLES.cosignatureLine.trim()}\n${EXAMPLES.cosignatureLineMlDsa.trim()}\n`
  t.match(grown, { status: 200, type: COSIGNED, text: lines })
  t.match(await post(server, '/add-checkpoint', EXAMPLES.addCheckpointRequest), {
    status: 409,
    type: 'text/x.tlog.size',
    text: '5\n',
  })
  const subtree = await post(server, '/sign-subtree', EXAMPLES.signSubtreeRequest)
  t.match(subtree, { status: 200, type: COSIGNED, text: `${EXAMPLES.subtreeLine.trim()}\n` })
  const shown = await server.inject(`/${EXAMPLES.originHash}/checkpoint`)
  t.equal(shown.statusCode, 200)
  t.equal(shown.headers['content-type'], COSIGNED)
  t.equal(shown.body, `${EXAMPLES.checkpoints[5]}${lines}`)
})

t.test('every status', async (t) => {
  const server = serverOf(t, { logs: new KnownLogs(NAME, [LOG.vkey], { perDay: 1, burst: 3 }) })
  const add = (body: string | Uint8Array, headers = {}) => post(server, '/add-checkpoint', body, headers)
  t.match(await add(''), { status: 400, type: COSIGNED, text: /^REQUEST_MALFORMED: / })
  t.match(await add('old 0\n\nx'), { status: 400, text: /^NOTE_MALFORMED: / })
  t.match(await add(await request(TREE, 5, { old: 6, proof: [] })), { status: 400 })
  t.match(await add(await request(TREE, 5, { origin: 'x' })), { status: 404, text: /^LOG_UNKNOWN: / })
  t.match(
    await add(await request(TREE, 5, { keys: [], lines: [{ name: 'a', keyId: 1, signature: Uint8Array.of(1) }] })),
    { status: 403 },
  )
  t.match(await add(await request(TREE, 5), { 'content-type': 'application/x-www-form-urlencoded' }), { status: 200 })
  t.match(await add(await request(TREE, 5, { old: 3 })), { status: 409, type: 'text/x.tlog.size', text: '5\n' })
  t.match(await add(await request(TREE, 6, { old: 5, proof: [] })), { status: 422, text: /^PROOF_INVALID: / })
  t.match(await add(await request(TREE, 6, { old: 5 })), { status: 200, headers: { 'cache-control': 'no-store' } })
  t.match(await add(await request(TREE, 7, { old: 6 }), { 'content-type': 'text/plain' }), { status: 200 })
  t.match(await add(await request(TREE, 8, { old: 7 })), {
    status: 429,
    text: /^LOG_BUSY: /,
    headers: { 'retry-after': '1' },
  })
  t.match(await add('x'.repeat(128 * 1024 + 1)), { status: 413, type: COSIGNED })
  t.match(await add(`old 0\n\n${'x'.repeat(100 * 1024)}`), { status: 400 }, 'there is room for many long lines')
  t.match(await add('x', { 'content-encoding': 'gzip' }), { status: 415, type: COSIGNED })
  const subtree = await post(server, '/sign-subtree', 'subtree 3 5\n\n')
  t.match(subtree, { status: 400, type: COSIGNED })
})

t.test('paths', async (t) => {
  const server = serverOf(t)
  await post(server, '/add-checkpoint', await request(TREE, 5))
  const id = hex(originHash(ORIGIN))
  const status = async (method: 'GET' | 'POST' | 'HEAD', url: string) =>
    (await server.inject({ method, url })).statusCode
  const rows: readonly (readonly ['GET' | 'POST' | 'HEAD', string, number])[] = [
    ['GET', `/${id}/checkpoint`, 200],
    ['HEAD', `/${id}/checkpoint`, 200],
    ['GET', `/${id.toUpperCase()}/checkpoint`, 404],
    ['GET', `/${id.slice(2)}/checkpoint`, 404],
    ['GET', `/${hex(originHash('x'))}/checkpoint`, 404],
    ['GET', `/${id}/checkpoint/`, 404],
    ['POST', `/${id}/checkpoint`, 405],
    ['GET', '/add-checkpoint', 405],
    ['GET', '/sign-subtree', 405],
    ['GET', '/healthz', 200],
    ['GET', '/metrics', 200],
    ['POST', '/metrics', 405],
    ['GET', '/', 404],
    ['GET', '/%61dd-checkpoint', 400],
  ]
  for (const [method, url, expected] of rows) t.equal(await status(method, url), expected, `${method} ${url}`)
})

t.test('measured', async (t) => {
  const server = serverOf(t, { logs: new KnownLogs(NAME, [LOG.vkey], { perDay: 1, burst: 2 }) })
  const add = async (size: number, old: number, tree = TREE) =>
    void (await post(server, '/add-checkpoint', await request(tree, size, { old })))
  const shown = async () => (await server.inject('/metrics')).body
  t.notMatch(await shown(), ORIGIN, 'a log stands there once it has asked')
  for (const [size, old] of [
    [5, 0],
    [9, 5],
    [9, 9],
    [12, 9],
    [9, 0],
  ] as const)
    await add(size, old)
  await add(9, 9, new Tree(20, (i) => `other ${i}`))
  await post(server, '/add-checkpoint', await request(TREE, 5, { origin: 'stranger.example' }))
  const note = (await server.inject(`/${hex(originHash(ORIGIN))}/checkpoint`)).rawPayload
  const root = Buffer.from(TREE.root(4)).toString('base64')
  const proof = TREE.subtreeProof(0, 4, 9).map((hash) => `${Buffer.from(hash).toString('base64')}\n`)
  const subtree = await post(server, '/sign-subtree', `subtree 0 4\n${root}\n${proof.join('')}\n${note}`)
  t.equal(subtree.status, 200, subtree.text)
  const text = await shown()
  for (const line of [
    'colophon_witness_cosignatures_total{log="log.example",kind="growth"} 2',
    'colophon_witness_cosignatures_total{log="log.example",kind="refresh"} 1',
    'colophon_witness_cosignatures_total{log="log.example",kind="subtree"} 1',
    'colophon_witness_limited_total{log="log.example",kind="growth"} 1',
    'colophon_witness_forks_total{log="log.example"} 1',
    'colophon_witness_logs 1',
    'colophon_witness_tree_size{log="log.example"} 9',
    'colophon_witness_cosigned_time_seconds{log="log.example"} 1700000000',
    'colophon_http_request_seconds_count{route="/add-checkpoint",status="200"} 3',
    'colophon_http_request_seconds_count{route="/add-checkpoint",status="404"} 1',
    'colophon_http_request_seconds_count{route="/add-checkpoint",status="409"} 1',
    'colophon_http_request_seconds_count{route="/add-checkpoint",status="422"} 1',
    'colophon_http_request_seconds_count{route="/add-checkpoint",status="429"} 1',
    'colophon_http_request_seconds_bucket{le="5",route="/add-checkpoint",status="200"} 3',
  ])
    t.ok(text.split('\n').includes(line), line)
  t.notMatch(text, /stranger/, 'nobody makes up labels')
})

t.test('what is our fault has no words', async (t) => {
  const store = { ...memoryWitnessStore(), head: async () => Promise.reject(new Error('a secret')) }
  const server = serverOf(t, { store })
  t.match(await post(server, '/add-checkpoint', await request(TREE, 5)), { status: 500, text: 'internal error\n' })
})

t.test('a checkpoint of a log with a line of each known kind, and a dozen strangers', async (t) => {
  const server = serverOf(t)
  const strangers = Array.from({ length: 14 }, (_, i) => ({ name: `w${i}`, keyId: i, signature: new Uint8Array(2428) }))
  t.ok(strangers.map(formatSignatureLine).join('').length > 40_000)
  t.match(await post(server, '/add-checkpoint', await request(TREE, 5, { lines: strangers })), { status: 200 })
  const { body } = await server.inject(`/${hex(originHash(ORIGIN))}/checkpoint`)
  t.ok(body.startsWith(Buffer.from(await signed(TREE, 5)).toString()), 'of them none is shown')
})

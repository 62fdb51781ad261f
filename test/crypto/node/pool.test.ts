import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { algorithmOf } from '../../../src/crypto/algorithms.ts'
import { type Job, packJobs, unpackJobs } from '../../../src/crypto/node/job.ts'
import { Pool } from '../../../src/crypto/node/pool.ts'
import { closeCrypto, configureCrypto, verifyDigest } from '../../../src/crypto/node.ts'
import { Signer } from '../ecdsa.ts'

const SECP256R1 = algorithmOf('PKIX_ECDSA_P256_SHA_256')
const SECP521R1 = algorithmOf('PKIX_ECDSA_P521_SHA_512')

/** A worker whose answer to a batch is `body`; `last` is the last byte of the batch. */
function script(body: string): URL {
  const code = `import { parentPort } from 'node:worker_threads'
    parentPort.on('message', (packed) => { const last = packed.at(-1); ${body} })`
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`)
}

function job(last: number, algorithm = SECP256R1): Job {
  return {
    algorithm,
    over: 'digest',
    spki: new Uint8Array(3),
    signature: new Uint8Array(2),
    subject: Uint8Array.of(last),
  }
}

const ALL_GOOD = 'parentPort.postMessage(new Uint8Array(64).fill(1))'
const LIMITS = { workers: 1, waitingMs: 50 }
const DIED = { message: 'the thread that checked this signature died' }

t.test('what is packed is unpacked', async (t) => {
  const jobs: Job[] = [
    job(7),
    { ...job(8, SECP521R1), over: 'message', subject: new Uint8Array(70_000).fill(9) },
    { ...job(0), subject: new Uint8Array(0), spki: new Uint8Array(0), signature: new Uint8Array(0) },
  ]
  t.same(unpackJobs(packJobs(jobs)), jobs)
  t.same(unpackJobs(packJobs([])), [])
  t.throws(() => unpackJobs(new Uint8Array(14).fill(0xff)), RangeError)
})

const DEATHS: readonly (readonly [string, string])[] = [
  ['throws', 'throw new Error("a bug")'],
  ['exits', 'process.exit(0)'],
  ['rejects', 'Promise.reject(new Error("a bug"))'],
  ['runs out of memory', 'const hoard = []; for (;;) hoard.push(new Array(1e6).fill(0.5))'],
]

for (const [how, body] of DEATHS)
  t.test(`a worker that ${how} fails what it held, and is replaced`, async (t) => {
    const pool = new Pool(script(`if (last === 13) { ${body} } else ${ALL_GOOD}`), LIMITS)
    t.teardown(() => pool.close())
    t.equal(await pool.check(job(1)), true)
    const held = await Promise.allSettled([pool.check(job(2)), pool.check(job(13))])
    for (const result of held) t.match(result, { status: 'rejected', reason: DIED })
    t.equal(await pool.check(job(1)), true, 'by another worker')
  })

t.test('a worker that cannot start fails every check', async (t) => {
  const pool = new Pool(new URL('data:text/javascript,throw new Error("no")'), LIMITS)
  t.teardown(() => pool.close())
  const results = await Promise.allSettled(Array.from({ length: 100 }, () => pool.check(job(1))))
  for (const result of results) t.match(result, { status: 'rejected', reason: DIED })
})

t.test('an answer that is no verdict never passes', async (t) => {
  for (const answer of ['new Uint8Array(64)', 'new Uint8Array(0)', 'new Uint8Array(64).fill(3)']) {
    const pool = new Pool(script(`parentPort.postMessage(${answer})`), LIMITS)
    await t.rejects(pool.check(job(1)), { message: 'a signature was not checked' }, answer)
    await pool.close()
  }
  const pool = new Pool(script('parentPort.postMessage(new Uint8Array(64).fill(2))'), LIMITS)
  t.equal(await pool.check(job(1)), false, 'bad')
  await pool.close()
})

t.test('the queue is bounded by work, and says so', async (t) => {
  const pool = new Pool(script(ALL_GOOD), LIMITS)
  t.teardown(() => pool.close())
  const results = await Promise.allSettled(Array.from({ length: 1000 }, () => pool.check(job(1))))
  const refused = results.filter(({ status }) => status === 'rejected')
  t.equal(results.length - refused.length, Math.ceil(50_000 / 140), '50 ms of P-256')
  for (const result of refused) t.match(result, { reason: { code: 'LOG_BUSY', message: /^\d+ signatures wait/ } })
  const slow = await Promise.allSettled(Array.from({ length: 100 }, () => pool.check(job(1, SECP521R1))))
  t.equal(slow.filter(({ status }) => status === 'fulfilled').length, Math.ceil(50_000 / 2600), '50 ms of P-521')
  t.equal(await pool.check(job(1)), true, 'and takes more when it has emptied')
})

t.test('batches are neither tiny nor huge under load', async (t) => {
  const pool = new Pool(script('parentPort.postMessage(new Uint8Array(64).fill(packed.length > 64 * 20 ? 2 : 1))'), {
    workers: 2,
    waitingMs: 1000,
  })
  t.teardown(() => pool.close())
  const results = await Promise.all(Array.from({ length: 2000 }, () => pool.check(job(1))))
  t.ok(results.every((isGood) => isGood))
})

t.test('closing fails what waits, and a later check starts again', async (t) => {
  const pool = new Pool(script(`if (last !== 5) ${ALL_GOOD}`), LIMITS)
  t.equal(await pool.check(job(1)), true)
  const stuck = Array.from({ length: 300 }, () => pool.check(job(5)))
  const settled = Promise.allSettled(stuck)
  await new Promise((resolve) => setTimeout(resolve, 20))
  await pool.close()
  for (const result of await settled) t.match(result, { status: 'rejected', reason: { code: 'LOG_CLOSED' } })
  t.equal(await pool.check(job(1)), true)
  await pool.close()
  await pool.close()
})

t.test('workers can be made more and fewer', async (t) => {
  const pool = new Pool(script(ALL_GOOD), { workers: 3, waitingMs: 1000 })
  t.teardown(() => pool.close())
  const many = () => Promise.all(Array.from({ length: 300 }, () => pool.check(job(1))))
  t.ok((await many()).every(Boolean))
  pool.limits = { workers: 1, waitingMs: 1000 }
  t.ok((await many()).every(Boolean))
})

t.test('the threads of #crypto', async (t) => {
  for (const workers of [-1, 65, 1.5, Number.NaN])
    t.throws(() => configureCrypto({ workers }), { code: 'CONFIG_INVALID', message: /from 0 to 64/ }, `${workers}`)
  configureCrypto({ workers: 2 })
  const { check } = new Signer('P-256', new Uint8Array(66).fill(3)).sign(77n, 88n)
  await verifyDigest(check)
  const closed = t.rejects(verifyDigest(check), { code: 'LOG_CLOSED' })
  await closeCrypto()
  await closed
  await verifyDigest(check)
})

t.test('without threads', async (t) => {
  t.teardown(() => configureCrypto({ workers: 1 }))
  configureCrypto({ workers: 0 })
  const { check } = new Signer('P-256', new Uint8Array(66).fill(3)).sign(77n, 88n)
  const checked = verifyDigest(check)
  await closeCrypto() // ends threads, of which there is none
  await checked
  const other = { ...check, digest: new Uint8Array(32) }
  await t.rejects(verifyDigest(other), { code: 'SIGNATURE_INVALID' })
})

t.test('Ed25519ph has a short queue of its own', async (t) => {
  const { generateEd25519 } = await import('../../../src/crypto/node.ts')
  const { formatSpki, parseSpki } = await import('../../../src/formats/pki/spki.ts')
  const key = parseSpki(formatSpki({ kind: 'ed25519', bytes: generateEd25519().publicKey }))
  const signature = new Uint8Array(64).fill(2)
  const algorithm = algorithmOf('PKIX_ED25519_PH')
  const flood = Promise.allSettled(
    Array.from({ length: 200 }, () => verifyDigest({ algorithm, key, digest: new Uint8Array(64), signature })),
  )
  const { check } = new Signer('P-256', new Uint8Array(66).fill(3)).sign(77n, 88n)
  await verifyDigest(check)
  const codes = (await flood).map((result) => (result.status === 'rejected' ? result.reason.code : 'good'))
  t.ok(codes.filter((code) => code === 'LOG_BUSY').length > 100)
  t.ok(codes.filter((code) => code === 'SIGNATURE_INVALID').length > 30)
  t.equal(codes.includes('good'), false)
})

t.test('idle workers do not keep a process alive', async (t) => {
  const code = `
    import { verifyDigest } from '${new URL('../../../src/crypto/node.ts', import.meta.url)}'
    import { Signer } from '${new URL('../ecdsa.ts', import.meta.url)}'
    await verifyDigest(new Signer('P-256', new Uint8Array(66).fill(3)).sign(77n, 88n).check)
    console.log('good')`
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', code], { timeout: 10_000 })
  t.equal((await run).stdout, 'good\n')
})

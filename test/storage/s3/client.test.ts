import t, { type Test } from 'tap'
import { parseS3Url } from '../../../src/formats/s3/location.ts'
import { unixMillis } from '../../../src/kernel/brand.ts'
import { utf8 } from '../../../src/kernel/bytes.ts'
import { type Put, S3Client, type S3Parts } from '../../../src/storage/s3/client.ts'
import { BUCKET, type Fault, startStore } from './store.ts'
import { quickClock } from './support.ts'

const PLAIN: Put = { bytes: utf8('one'), type: 'text/plain', cache: 'no-cache', condition: null }

async function open(t: Test, access: Partial<S3Parts['access']> = {}) {
  const store = await startStore(t)
  const clock = quickClock()
  const parts: S3Parts = {
    location: parseS3Url(`s3://${BUCKET}/logs`),
    access: { ...store.access, ...access },
    clock,
    random: () => Uint8Array.of(128),
  }
  return { store, clock, client: new S3Client(parts), parts }
}

t.test('objects are written, read, listed and removed', async (t) => {
  const { client, store } = await open(t)
  t.equal(await client.get('a/b', 9), null)
  t.equal(await client.put('a/b', PLAIN), 'written')
  t.match(store.objects.get('logs/a/b'), { type: 'text/plain', cache: 'no-cache' })
  const found = await client.get('a/b', 3)
  t.same(found?.bytes, utf8('one'))
  t.equal(found?.etag, store.objects.get('logs/a/b')?.etag)
  await t.rejects(client.get('a/b', 2), {
    code: 'SERVICE_REFUSED',
    message: 's3://tlog/logs/a/b: an answer above 2 bytes',
  })
  await client.remove('a/b')
  await client.remove('a/b')
  t.equal(await client.get('a/b', 9), null)
  t.equal(await client.put('empty', { ...PLAIN, bytes: new Uint8Array() }), 'written')
  t.same((await client.get('empty', 0))?.bytes, new Uint8Array())
  t.equal(client.name('a/b'), 's3://tlog/logs/a/b')
})

t.test('conditions', async (t) => {
  const { client, store } = await open(t)
  const put = (text: string, condition: Put['condition']) => client.put('a', { ...PLAIN, bytes: utf8(text), condition })
  t.equal(await put('one', { etag: '"none"' }), 'refused', 'there is none yet')
  t.equal(await put('one', { absent: true }), 'written')
  t.equal(await put('two', { absent: true }), 'refused')
  t.equal(await put('two', { etag: '"other"' }), 'refused')
  const { etag = '' } = (await client.get('a', 9)) ?? {}
  t.equal(await put('two', { etag }), 'written')
  t.equal(await put('three', { etag }), 'refused')
  store.conditions = 'refused'
  t.equal(await put('three', { absent: true }), 'unconditional')
  t.same((await client.get('a', 9))?.bytes, utf8('two'))
})

t.test('a listing in parts, bounded', async (t) => {
  const { client, store } = await open(t)
  for (const name of ['a.p/1', 'a.p/2', 'a.p/30', 'b', 'a']) await client.put(name, PLAIN)
  store.pageSize = 2
  t.same(await client.list('a.p/', 3), ['a.p/1', 'a.p/2', 'a.p/30'])
  t.same(await client.list('', 9), ['a', 'a.p/1', 'a.p/2', 'a.p/30', 'b'])
  t.same(await client.list('none', 0), [])
  t.same([await client.isEmpty('a.p/'), await client.isEmpty('none')], [false, true])
  await t.rejects(client.list('a.p/', 2), { code: 'SERVICE_REFUSED', message: /there are more than 2 objects/ })
  store.pageSize = 0
  await t.rejects(client.list('a.p/', 9), { code: 'SERVICE_REFUSED', message: /its listing has no end/ })
})

t.test('what passes is asked again, three times, after longer and longer', async (t) => {
  const { client, store, clock } = await open(t)
  const faults: readonly Fault[] = [
    { status: 503, code: 'SlowDown' },
    { status: 500 },
    { status: 409, code: 'ConditionalRequestConflict' },
    { status: 400, code: 'RequestTimeout' },
    { kind: 'cut' },
  ]
  for (const fault of faults) {
    const left = Array.from({ length: 3 }, () => fault)
    store.fault = () => left.pop() ?? null
    t.equal(await client.put('a', PLAIN), 'written', JSON.stringify(fault))
    t.same(clock.pauses.splice(0), [150, 300, 600])
  }
  store.fault = () => ({ status: 503, code: 'SlowDown' })
  await t.rejects(client.get('a', 9), {
    code: 'SERVICE_UNREACHABLE',
    message: 's3://tlog/logs/a: answered 503 SlowDown',
  })
  t.equal(clock.pauses.length, 3)
  store.fault = () => ({ kind: 'cut' })
  await t.rejects(client.get('a', 9000), { code: 'SERVICE_UNREACHABLE' })
})

t.test('a store with another time of day is believed', async (t) => {
  const { client, store } = await open(t)
  const HOUR = 3_600_000
  let ahead = HOUR
  const times: number[] = []
  store.fault = (_, { headers }) => {
    const [year, month, day, hour, minute, second] =
      /^(.{4})(..)(..)T(..)(..)(..)Z$/.exec(`${headers['x-amz-date']}`)?.slice(1) ?? []
    const signed = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
    const now = Date.now() + ahead
    times.push(signed)
    if (Math.abs(signed - now) < HOUR / 4) return null
    return { status: 403, code: 'RequestTimeTooSkewed', headers: { date: new Date(now).toUTCString() } }
  }
  for (ahead of [HOUR, -HOUR, 0]) {
    t.equal(await client.put('a', PLAIN), 'written')
    t.equal(await client.put('a', PLAIN), 'written')
  }
  t.equal(times.length, 9, 'one refusal for each time that it is another')
  store.fault = () => ({ status: 403, code: 'RequestTimeTooSkewed', headers: { date: 'x' } })
  await t.rejects(client.get('a', 9), { code: 'SERVICE_UNREACHABLE', message: /answered 403 RequestTimeTooSkewed/ })
})

t.test('a store that says nothing is not waited for, and what landed is found by its condition', async (t) => {
  const { client, store, clock } = await open(t)
  let silent = 1
  store.fault = () => {
    if (silent-- <= 0) return null
    setTimeout(() => clock.patience.at(-1)?.(), 20)
    return { kind: 'silent', lands: true }
  }
  t.equal(await client.put('a', { ...PLAIN, condition: { absent: true } }), 'refused', 'by its own first attempt')
  silent = 9
  await t.rejects(client.get('a', 2 ** 20), { code: 'SERVICE_UNREACHABLE', message: /no answer within 9096 ms/ })
})

t.test('a no is final, and its words are not repeated', async (t) => {
  const { client, store } = await open(t)
  const everything: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['get', () => client.get('a', 9)],
    ['put', () => client.put('a', { ...PLAIN, condition: { etag: '"x"' } })],
    ['remove', () => client.remove('a')],
    ['list', () => client.list('a', 9)],
  ]
  for (const [status, code] of [
    [403, 'AccessDenied'],
    [404, 'NoSuchBucket'],
    [301, 'PermanentRedirect'],
  ] as const)
    for (const [name, run] of everything) {
      if (name === 'remove' && status === 404) continue
      store.asked.length = 0
      store.fault = () => ({
        status,
        code,
        headers: { 'x-amz-bucket-region': 'us-west-2', location: 'http://127.0.0.1:1/' },
      })
      await t.rejects(run(), {
        code: 'SERVICE_REFUSED',
        message: `s3://tlog/logs/a: answered ${status} ${code}; the bucket is in the region us-west-2`,
      })
      t.equal(store.asked.length, 1, `${name} ${status}`)
    }
  store.fault = () => ({ status: 412, code: 'PreconditionFailed', headers: { 'x-amz-bucket-region': 'eu-test-1' } })
  await t.rejects(client.put('a', PLAIN), { message: 's3://tlog/logs/a: answered 412 PreconditionFailed' })
  store.fault = () => ({ status: 400, code: 'not a code' })
  await t.rejects(client.get('a', 9), { message: 's3://tlog/logs/a: answered 400' })
})

t.test('credentials are for the signature', async (t) => {
  const wrong = await open(t, { secretAccessKey: 'another' })
  await t.rejects(wrong.client.get('a', 9), { message: 's3://tlog/logs/a: answered 403 SignatureDoesNotMatch' })
  const session = await open(t, { sessionToken: 'token-of-a-session' })
  let sent: unknown
  session.store.fault = (_, request) => {
    sent = request.headers['x-amz-security-token']
    return null
  }
  t.equal(await session.client.get('a', 9), null)
  t.equal(sent, 'token-of-a-session')
})

t.test('answers that cannot be read', async (t) => {
  const { client, store } = await open(t)
  store.objects.set('logs/a', { bytes: Buffer.from('x'), etag: '', type: undefined, cache: undefined })
  await t.rejects(client.get('a', 9), { code: 'SERVICE_REFUSED', message: /it has no ETag/ })
  store.fault = () => ({ status: 200 })
  await t.rejects(client.list('a', 9), {
    code: 'SERVICE_REFUSED',
    message: /its answer cannot be read: listing: <Error> is no/,
  })
  const keys = '<Contents><Key>logs/b</Key></Contents><IsTruncated>false</IsTruncated>'
  store.fault = () => ({ body: `<ListBucketResult>${keys}</ListBucketResult>` })
  await t.rejects(client.list('a', 9), { code: 'SERVICE_REFUSED', message: /its listing has other keys/ })
})

t.test('a bucket before the name of the host', async (t) => {
  const { parts } = await open(t)
  const asked: string[] = []
  const { fetch } = globalThis
  t.teardown(() => Object.assign(globalThis, { fetch }))
  globalThis.fetch = async (url) => {
    asked.push(String(url))
    return new Response(null, { status: 404 })
  }
  const access = { ...parts.access, endpoint: 'https://s3.eu-test-1.example:444', addressing: 'host' as const }
  t.equal(await new S3Client({ ...parts, access }).get('a', 9), null)
  t.same(asked, ['https://tlog.s3.eu-test-1.example:444/logs/a'])
})

t.test('a key is made anew for each day', async (t) => {
  const { parts } = await open(t)
  let day = 0
  const clock = { ...parts.clock, now: () => unixMillis(1_800_000_000_000 + day++ * 86_400_000) }
  const client = new S3Client({ ...parts, clock })
  for (let i = 0; i < 4; i++) t.equal(await client.get('a', 9), null)
})

import t, { type Test } from 'tap'
import type { Ratchet } from '../../../src/log/ports.ts'
import { ratchetObjects } from '../../../src/storage/s3/ratchets.ts'
import { mark } from '../../contract/ratchet.ts'
import { IDENTITY, ratchetsContract } from '../../contract/ratchets.ts'
import type { Fault } from './store.ts'
import { type FakePlace, fakePlace } from './support.ts'

const KEY = 'memory/0102ab04.ratchet'

ratchetsContract('objects', async (t) => {
  const { parts } = await fakePlace(t, 'memory')
  return () => ratchetObjects(parts)
})

async function created(t: Test): Promise<FakePlace & { readonly ratchet: Ratchet }> {
  const place = await fakePlace(t, 'memory')
  return { ...place, ratchet: await ratchetObjects(place.parts).create(IDENTITY, mark(0)) }
}

/** Of the requests that write a ratchet, the first `count`. */
function faultOfWrites(place: FakePlace, count: number, fault: Fault): void {
  let left = count
  place.store.fault = (asked) => (asked === `PUT ${KEY}` && left-- > 0 ? fault : null)
}

t.test('a store that keeps no conditions holds no ratchet', async (t) => {
  for (const conditions of ['ignored', 'refused'] as const) {
    const { store, parts } = await created(t)
    store.conditions = conditions
    const ratchets = ratchetObjects(parts)
    for (const use of [() => ratchets.open(IDENTITY), () => ratchets.create(IDENTITY, mark(0))])
      await t.rejects(use(), { code: 'RATCHET_REFUSED', message: /s3:\/\/tlog\/memory: its store keeps no conditions/ })
  }
})

t.test('what is there must be whole, and what comes away is noticed', async (t) => {
  const { store, ratchet, parts } = await created(t)
  const object = store.objects.get(KEY)
  const open = () => ratchetObjects(parts).open(IDENTITY)
  if (object === undefined) throw new Error('no ratchet')
  for (const bytes of [Buffer.alloc(0), object.bytes.subarray(1), Buffer.from(object.bytes).fill(1, 70, 71)]) {
    store.objects.set(KEY, { ...object, bytes })
    await t.rejects(open(), { code: 'RATCHET_REFUSED', message: /0102ab04\.ratchet: is corrupt/ })
    t.equal(await ratchetObjects(parts).mayHaveSigned(`s3://tlog/${KEY}`), true, 'in doubt, yes')
  }
  store.objects.set(KEY, { ...object, bytes: Buffer.concat([object.bytes, Buffer.alloc(1)]) })
  await t.rejects(open(), { code: 'RATCHET_REFUSED', message: /an answer above 4096 bytes/ })
  store.objects.delete(KEY)
  await t.rejects(ratchet.advance(mark(1)), { code: 'RATCHET_REFUSED', message: /is missing/ })
  t.equal(await ratchetObjects(parts).mayHaveSigned(`s3://tlog/${KEY}`), true)
  t.equal(store.objects.has(KEY), false, 'and not made again')
})

t.test('an older version that was brought back is noticed', async (t) => {
  const { store, ratchet } = await created(t)
  await ratchet.advance(mark(3))
  const older = store.objects.get(KEY)
  await ratchet.advance(mark(5))
  if (older !== undefined) store.objects.set(KEY, older)
  await t.rejects(ratchet.advance(mark(6)), { code: 'RATCHET_REFUSED', message: /changed by someone else/ })
  await t.rejects(ratchet.advance(mark(6)), { code: 'RATCHET_REFUSED' }, 'again')
})

t.test('an answer that was lost is no reason to stop', async (t) => {
  const place = await created(t)
  faultOfWrites(place, 1, { status: 500, lands: true })
  await place.ratchet.advance(mark(3))
  faultOfWrites(place, 2, { kind: 'cut', lands: true })
  await place.ratchet.advance(mark(4))
  t.same(await (await ratchetObjects(place.parts).open(IDENTITY)).read(), mark(4))
})

t.test('a store that does not answer puts a publication off, whatever became of the write', async (t) => {
  for (const lands of [true, false]) {
    const place = await created(t)
    await place.ratchet.advance(mark(1))
    faultOfWrites(place, 4, { status: 503, code: 'SlowDown', lands })
    await t.rejects(place.ratchet.advance(mark(3)), {
      code: 'STORE_UNAVAILABLE',
      message: `ratchet s3://tlog/${KEY}: answered 503 SlowDown`,
    })
    t.same(await place.ratchet.read(), mark(1), 'it is not known')
    await t.rejects(place.ratchet.advance(mark(0)), { code: 'RATCHET_REFUSED' })
    await place.ratchet.advance(mark(7))
    t.same(await (await ratchetObjects(place.parts).open(IDENTITY)).read(), mark(7))
  }
})

t.test('a write that lands long after its time does no harm', async (t) => {
  const place = await created(t)
  const { store, ratchet } = place
  faultOfWrites(place, 4, { status: 503, code: 'SlowDown', lands: true })
  const before = store.objects.get(KEY)
  await t.rejects(ratchet.advance(mark(3)), { code: 'STORE_UNAVAILABLE' })
  const late = store.objects.get(KEY)
  if (before !== undefined) store.objects.set(KEY, before)
  // It lands between our look and our write, which then is refused and made anew.
  store.fault = (asked) => {
    if (asked !== `PUT ${KEY}` || late === undefined) return null
    if (store.objects.get(KEY) === before) store.objects.set(KEY, late)
    return null
  }
  await ratchet.advance(mark(3))
  await ratchet.advance(mark(5))
  t.same(await ratchet.read(), mark(5))
})

t.test('a no ends it', async (t) => {
  const place = await created(t)
  faultOfWrites(place, 1, { status: 403, code: 'AccessDenied' })
  await t.rejects(place.ratchet.advance(mark(3)), { code: 'RATCHET_REFUSED', message: /answered 403 AccessDenied/ })
})

t.test('a store that does not answer refuses nothing, and nothing begins', async (t) => {
  const place = await created(t)
  place.store.fault = () => ({ status: 500 })
  const uses: readonly (() => Promise<unknown>)[] = [
    () => ratchetObjects(place.parts).open(IDENTITY),
    () => ratchetObjects(place.parts).create(IDENTITY, mark(0)),
    () => ratchetObjects(place.parts).list(),
    () => ratchetObjects(place.parts).mayHaveSigned(`s3://tlog/${KEY}`),
  ]
  for (const use of uses) await t.rejects(use(), { code: 'STORE_UNAVAILABLE', message: /answered 500 InternalError/ })
})

t.test('two at once: one goes on', async (t) => {
  const { parts, store } = await created(t)
  const [a, b] = await Promise.all([1, 2].map(() => ratchetObjects(parts).open(IDENTITY)))
  for (let size = 1; size < 20; size++) {
    const outcomes = await Promise.allSettled([a?.advance(mark(size, 1)), b?.advance(mark(size, 2))])
    if (outcomes.every(({ status }) => status === 'fulfilled')) t.fail(`both signed ${size}`)
  }
  t.ok(store.objects.has(KEY))
})

t.test('creation, cut off after it landed, is taken up again', async (t) => {
  const place = await fakePlace(t, 'memory')
  faultOfWrites(place, 1, { status: 500, lands: true })
  const ratchet = await ratchetObjects(place.parts).create(IDENTITY, mark(0))
  await ratchet.advance(mark(1))
  t.same(await ratchet.read(), mark(1))
})

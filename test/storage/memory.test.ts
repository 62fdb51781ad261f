import t from 'tap'
import { memoryDatabase } from '../../src/storage/memory.ts'
import { Feeder, published } from '../contract/feeder.ts'
import { NEW_LOG } from '../contract/fresh.ts'
import { storeContract } from '../contract/log-store.ts'

storeContract('memory', async () => memoryDatabase())

for (const failure of ['before', 'after'] as const)
  t.test(`fails ${failure} persisting, on command`, async (t) => {
    let failing: 'append' | 'publish' | undefined
    const database = memoryDatabase({ fail: (step) => (step === failing ? failure : undefined) })
    const store = database.store((await database.createLog(NEW_LOG)).number)
    const feeder = await Feeder.after(store)
    const { head } = feeder
    const batch = feeder.plain(3)
    failing = 'append'
    await t.rejects(store.append(head, batch), { message: /failed on command/ })
    t.same(await store.head(), failure === 'before' ? head : batch.head)
    failing = undefined
    if (failure === 'before') await store.append(head, batch)
    failing = 'publish'
    await t.rejects(store.publish(published(batch.head)), { message: /failed on command/ })
    t.same(await store.published(), failure === 'before' ? null : published(batch.head))
  })

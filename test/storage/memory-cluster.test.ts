import { memoryDatabase } from '../../src/storage/memory.ts'
import { memoryIntake, memoryLease, memoryPruning } from '../../src/storage/memory-cluster.ts'
import { freshStore } from '../contract/fresh.ts'
import { intakeContract } from '../contract/intake.ts'
import { leaseContract } from '../contract/lease.ts'
import { pruningContract } from '../contract/pruning.ts'
import { ManualClock } from '../log/support.ts'

leaseContract('memory', async () => {
  const clock = new ManualClock()
  const lease = memoryLease(clock, 1000)
  return { node: (name) => lease.node(name), expire: () => clock.advance(1000) }
})

intakeContract('memory', async (_, most) => memoryIntake(most))

pruningContract('memory', async (_, copied) => {
  const lease = memoryLease(new ManualClock(), 1000)
  const claim = async (by: string) => (await lease.node(by).claim()) ?? 0n
  const fence = await claim('a')
  const passOn = async () => {
    await lease.node('a').release(fence)
    return await claim('b')
  }
  const { store } = await freshStore(memoryDatabase())
  return { ...memoryPruning(store, 'v2', lease, copied), fence, passOn }
})

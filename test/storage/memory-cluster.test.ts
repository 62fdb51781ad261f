import { memoryIntake, memoryLease } from '../../src/storage/memory-cluster.ts'
import { intakeContract } from '../contract/intake.ts'
import { leaseContract } from '../contract/lease.ts'
import { ManualClock } from '../log/support.ts'

leaseContract('memory', async () => {
  const clock = new ManualClock()
  const lease = memoryLease(clock, 1000)
  return { node: (name) => lease.node(name), expire: () => clock.advance(1000) }
})

intakeContract('memory', async (_, most) => memoryIntake(most))

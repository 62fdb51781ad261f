/** What is spent on strangers: requests and time, each once, and of strangers alone. */

import t from 'tap'
import { Spent } from '../../../src/cli/custody/crowd.ts'

const answer = { status: 200, header: () => null, bytes: new Uint8Array() }

function scene() {
  let now = 0
  const spent = new Spent(
    async () => answer,
    () => now,
  )
  const ask = async (times: number, ms: number) => {
    for (let i = 0; i < times; i++) await spent.ask({ url: '' })
    now += ms
  }
  return { spent, ask }
}

t.test('by requests', async (t) => {
  const { spent, ask } = scene()
  await spent.charge(
    () => ask(5000, 40_000),
    () => false,
  )
  t.equal(spent.isAll, false, 'the named cost nothing')
  const outer = () =>
    spent.charge(
      () => ask(512, 0),
      () => true,
    )
  await spent.charge(outer, () => true)
  t.equal(spent.isAll, false, 'once')
  await spent.charge(
    () => ask(512, 0),
    () => true,
  )
  t.equal(spent.isAll, true)
})

t.test('by time, and what fails is free', async (t) => {
  const { spent, ask } = scene()
  const failing = async () => {
    await ask(2000, 60_000)
    throw new Error('no')
  }
  await t.rejects(spent.charge(failing, () => true))
  t.equal(spent.isAll, false)
  await spent.charge(
    () => ask(1, 29_999),
    () => true,
  )
  t.equal(spent.isAll, false)
  await spent.charge(
    () => ask(1, 1),
    () => true,
  )
  t.equal(spent.isAll, true)
})

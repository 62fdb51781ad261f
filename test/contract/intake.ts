/** What every intake must do. */

import t, { type Test } from 'tap'
import type { Intake, Ticket, Waiting } from '../../src/log/cluster/ports.ts'
import { attachment, entry, leafHash, lookupKey } from './feeder.ts'

function waiting(text: string, content?: string): Omit<Waiting, 'ticket'> {
  const attachments = content === undefined ? [] : [attachment(content), attachment(content, 'sha512')]
  const keys = [lookupKey(`${text} leaf`), lookupKey(`${text} derived`, 'attachment')]
  const made = entry(text, content === undefined ? keys.slice(0, 1) : keys, attachments)
  return { hash: leafHash(made.leaf), entry: made }
}

const ALL = { entries: 100, bytes: 1e6 }
const tickets = (rows: readonly Waiting[]) => rows.map(({ ticket }) => ticket)

/** @param most that may wait, about: the intake refuses at the latest when there are twice as many */
export function intakeContract(name: string, open: (t: Test, most: number) => Promise<Intake>): void {
  t.test(`${name}: what is offered comes out as it went in, oldest first`, async (t) => {
    const intake = await open(t, 1000)
    t.same(await intake.take(ALL, []), [])
    const { algorithm, digest } = attachment('taken back')
    const back = waiting('c', 'why')
    const withdrawing = { ...back, entry: { ...back.entry, withdraws: { algorithm, digest } } }
    const offered = [waiting('a'), waiting('b', 'content of b'), waiting('a'), waiting('', ''), withdrawing]
    const got = [...(await intake.offer(offered.slice(0, 3))), ...(await intake.offer(offered.slice(3)))]
    t.equal(new Set(got).size, 5, 'equal entries have tickets of their own')
    const taken = await intake.take(ALL, [])
    t.same(tickets(taken), got)
    t.same(
      taken.map(({ hash, entry }) => ({ hash, entry })),
      offered,
    )
    t.same(await intake.offer([]), [])
  })

  t.test(`${name}: taking is bounded, and takes nothing away`, async (t) => {
    const intake = await open(t, 1000)
    const got = await intake.offer(Array.from({ length: 10 }, (_, i) => waiting(`${i}`.repeat(100))))
    const at = (...indexes: number[]) => indexes.map((i) => got[i] as Ticket)
    t.same(tickets(await intake.take({ entries: 3, bytes: 1e6 }, [])), at(0, 1, 2))
    t.same(tickets(await intake.take({ entries: 3, bytes: 1e6 }, at(0, 2))), at(1, 3, 4), 'but for those of the taker')
    t.same(tickets(await intake.take({ entries: 9, bytes: 250 }, [])), at(0, 1))
    t.same(tickets(await intake.take({ entries: 9, bytes: 1 }, at(0))), at(1), 'one, whatever its size')
    t.same(tickets(await intake.take(ALL, [])), got, 'in their order, which is not that of their digits')
  })

  t.test(`${name}: what is done waits no more`, async (t) => {
    const intake = await open(t, 1000)
    const got = await intake.offer([waiting('a'), waiting('b'), waiting('c')])
    const [a, b, c] = got as [Ticket, Ticket, Ticket]
    t.same(await intake.waiting([c, a, b]), [c, a, b])
    await intake.done([b, 1n << 60n])
    t.same(await intake.waiting([a, b, 1n << 60n, c]), [a, c])
    t.same(tickets(await intake.take(ALL, [])), [a, c])
    await intake.done([b, a, c])
    t.same(await intake.take(ALL, []), [])
    t.same(await intake.waiting([]), [])
    const [later] = await intake.offer([waiting('d')])
    t.ok(later !== undefined && later > c, 'a ticket is never used again')
  })

  t.test(`${name}: it is bounded`, async (t) => {
    const intake = await open(t, 10)
    const many = Array.from({ length: 10 }, (_, i) => waiting(`entry ${i}`))
    const first = await intake.offer(many)
    await t.rejects(intake.offer(Array.from({ length: 11 }, (_, i) => waiting(`more ${i}`))), { code: 'LOG_BUSY' })
    t.equal((await intake.take(ALL, [])).length, 10, 'of what is refused nothing is kept')
    await intake.done(first)
    t.equal((await intake.offer(many)).length, 10)
  })
}

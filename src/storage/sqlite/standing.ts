/** What a database is to a copy of it: see migrations/sqlite/0006-standing.sql. */

import type { Database } from 'better-sqlite3'
import { TlogError } from '../../kernel/error.ts'
import type { Copied, Copy, LogRecord, MovableDatabase, Standing } from '../database.ts'
import type { Write } from './writer.ts'

interface Row {
  readonly state: Standing['state']
  readonly copy: string
  readonly place: string
}

type Standings = Pick<MovableDatabase, 'standing' | 'arrive' | 'arrived' | 'leave'>

export function createStandings(db: Database, write: Write, logs: () => LogRecord[]): Standings {
  const one = db.prepare<[], Row>('SELECT state, copy, place FROM standing')
  const insert = db.prepare('INSERT INTO standing (state, copy, place, one) VALUES (?, ?, ?, 1)')
  const update = db.prepare('UPDATE standing SET state = ?, copy = ?, place = ?')
  const say = (row: Row) => (one.get() === undefined ? insert : update).run(row.state, row.copy, row.place)
  const size = db.prepare<[number], number>('SELECT max(size) FROM head WHERE log = ?').pluck()
  const open = db.prepare("UPDATE standing SET state = 'open' WHERE copy = ? AND state = 'arriving'")
  const refuse = (why: string) => new TlogError('COPY_REFUSED', `${db.name}: ${why}`)
  const isSame = (record: LogRecord, copied: Copied | undefined) =>
    copied !== undefined &&
    size.get(record.number) === copied.size &&
    record.retiredAt === copied.record.retiredAt &&
    record.compromisedSince === copied.record.compromisedSince
  return {
    standing: async () => {
      const row = one.get()
      if (row === undefined) return { state: 'open', copy: null }
      return { state: row.state, copy: { name: row.copy, place: row.place } }
    },
    arrive: async ({ name, place }: Copy) =>
      write(() => {
        if (logs().length > 0 || one.get() !== undefined) throw refuse('there are logs already')
        say({ state: 'arriving', copy: name, place })
      }),
    arrived: async ({ name }) =>
      write(() => {
        if (open.run(name).changes === 0) throw refuse('that copy is not coming in here')
      }),
    leave: async ({ name, place }, copied) =>
      write(() => {
        const here = logs()
        const changed = here.find((record) => !isSame(record, copied[record.number]))
        if (changed !== undefined || copied.length > here.length)
          throw refuse(`log ${changed?.number ?? here.length} was changed while it was copied: copy again`)
        if ((one.get()?.state ?? 'open') !== 'open') throw refuse('it is not served itself')
        say({ state: 'left', copy: name, place })
      }),
  }
}

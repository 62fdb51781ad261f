/** What a database is to a copy of it: see migrations/postgres/0002-standing.sql. */

import type { MovableDatabase, Standing } from '../database.ts'
import type { Server } from './server.ts'

interface Row {
  readonly state: Standing['state']
  readonly copy: string
  readonly place: string
}

type Standings = Pick<MovableDatabase, 'standing' | 'arrive' | 'arrived' | 'leave'>

export function createStandings({ query }: Server): Standings {
  return {
    standing: async () => {
      const [row] = await query<Row>('SELECT state, copy, place FROM colophon.standing')
      if (row === undefined) return { state: 'open', copy: null }
      return { state: row.state, copy: { name: row.copy, place: row.place } }
    },
    arrive: async ({ name, place }) => void (await query('SELECT colophon.arrive($1, $2)', [name, place])),
    arrived: async ({ name }) => void (await query('SELECT colophon.arrived($1)', [name])),
    leave: async ({ name, place }, copied) => {
      const values = [
        copied.map(({ fence }) => fence),
        copied.map(({ size }) => size),
        copied.map(({ record }) => record.retiredAt),
        copied.map(({ record }) => record.compromisedSince),
      ]
      await query('SELECT colophon.leave($1, $2, $3, $4, $5, $6)', [name, place, ...values])
    },
  }
}

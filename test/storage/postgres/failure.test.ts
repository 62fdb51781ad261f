import pg from 'pg'
import t from 'tap'
import { TlogError } from '../../../src/kernel/error.ts'
import { storeError } from '../../../src/storage/postgres/failure.ts'

function said(code: string | undefined, message = 'words'): pg.DatabaseError {
  return Object.assign(new pg.DatabaseError(message, 1, 'error'), { code })
}

t.test('what PostgreSQL says, in our words', async (t) => {
  const cases: readonly (readonly [unknown, string | null])[] = [
    [said('COLOP', 'LOG_FROZEN: log 0 is frozen'), 'LOG_FROZEN'],
    [said('COLOP', 'no code: words'), null],
    [said('53100'), 'STORE_FULL'],
    [said('53300'), 'STORE_UNAVAILABLE'],
    [said('08006'), 'STORE_UNAVAILABLE'],
    [said('28P01'), 'STORE_UNAVAILABLE'],
    [said('40P01'), 'STORE_UNAVAILABLE'],
    [said('25006'), 'STORE_UNAVAILABLE'],
    [said('42501'), 'STORE_UNAVAILABLE'],
    [said('55P03'), 'STORE_UNAVAILABLE'],
    [said('57P01'), 'STORE_UNAVAILABLE'],
    [said('3D000'), 'STORE_MISSING'],
    [said('XX001'), 'STORE_CORRUPT'],
    [said('58030'), 'STORE_CORRUPT'],
    [said('23505'), null],
    [said('P0001'), null],
    [said(undefined), null],
    [new Error('Connection terminated unexpectedly'), 'STORE_UNAVAILABLE'],
    ['a string', 'STORE_UNAVAILABLE'],
  ]
  for (const [error, code] of cases) {
    const found = storeError(error, 'postgres here')
    if (code === null) t.equal(found, error, 'a bug comes back as it is')
    else t.match(found, { code, cause: error }, code)
  }
  t.match(storeError(said('COLOP', 'HEAD_MOVED: a: b'), ''), { code: 'HEAD_MOVED', message: 'a: b' })
  const ours = new TlogError('LOG_BUSY', 'ours')
  t.equal(storeError(ours, ''), ours)
})

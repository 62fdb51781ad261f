import t from 'tap'
import { openDatabase } from '../../../src/storage/sqlite/open.ts'
import { copiedOf, movableContract } from '../../contract/movable.ts'
import { filledDatabase, rawDatabase } from './support.ts'

movableContract('sqlite', async (t) => {
  const database = openDatabase(`${t.testdir({})}/log.db`, { create: true })
  t.teardown(() => database.close())
  return { database, copied: () => copiedOf(database) }
})

t.test('what was said of a copy is not said otherwise', async (t) => {
  const { path } = await filledDatabase(t)
  const raw = rawDatabase(t, path)
  const say = (state: string) => `INSERT INTO standing VALUES (1, '${state}', 'c', 'p')`
  t.throws(() => raw.exec(say('open')), /comes whole or not at all/)
  t.throws(() => raw.exec(say('arriving')), /there are logs already/)
  raw.exec(say('left'))
  t.throws(() => raw.exec(say('left')), /said already/)
  for (const state of ['arriving', 'open', 'left'])
    t.throws(() => raw.exec(`UPDATE standing SET state = '${state}'`), /only comes, opens and leaves/)
  t.throws(() => raw.exec('DELETE FROM standing'), /never removed/)
  t.throws(() => raw.exec("UPDATE newest_checkpoint SET note = x'00'"), /the logs were moved/)
})

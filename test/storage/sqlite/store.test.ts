import { openDatabase } from '../../../src/storage/sqlite/open.ts'
import { storeContract } from '../../contract/log-store.ts'

storeContract('sqlite', (t) => {
  const database = openDatabase(`${t.testdir({})}/log.db`, { create: true })
  t.teardown(() => database.close())
  return database
})

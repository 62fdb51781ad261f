import { storeContract } from '../../contract/log-store.ts'
import { fileServer, freshDatabase } from './support.ts'

const server = await fileServer()

storeContract('postgres', async (t) => (await freshDatabase(t, server)).database)

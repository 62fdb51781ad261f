/** The end of a listener: what is under way is answered, and the connection is not kept for more. */

import pino from 'pino'
import t from 'tap'
import { createApp } from '../../src/http/server.ts'
import { gate } from '../log/support.ts'
import { ask } from './support.ts'

t.test('once the end has begun, each answer is the last of its connection', async (t) => {
  const after = (ms: number, run: () => void) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  }
  const parts = { logger: pino({ level: 'silent' }), after }
  const app = createApp(parts, { type: '*', dressOf: () => undefined, trustedProxies: null })
  const [arrived, held] = [gate(), gate()]
  app.get('/slow', async () => {
    arrived.open()
    await held.passed
    return 'done'
  })
  app.get('/quick', async () => 'done')
  const port = Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port)
  const keep = { headers: { connection: 'keep-alive' } }
  t.equal((await ask({ port }, '/quick', keep)).headers.connection, 'keep-alive')
  const slow = ask({ port }, '/slow', keep)
  await arrived.passed
  const closed = app.close()
  await new Promise((resolve) => setImmediate(resolve))
  held.open()
  t.match(await slow, { status: 200, text: 'done', headers: { connection: 'close' } })
  await closed
})

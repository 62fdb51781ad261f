/** What readers have not taken yet is bounded, and nobody holds it for ever. */

import { EventEmitter } from 'node:events'
import type { FastifyReply } from 'fastify'
import t from 'tap'
import { Unread } from '../../src/http/reads.ts'

t.test('bundles are read while there is room, and what is taken makes room', (t) => {
  const timers = new Set<() => void>()
  const unread = new Unread((_, run) => {
    timers.add(run)
    return () => timers.delete(run)
  })
  const hold = () => {
    const raw = Object.assign(new EventEmitter(), { destroy: () => raw.emit('close') })
    unread.hold(64 * 2 ** 20, { raw } as unknown as FastifyReply)
    return raw
  }
  const first = hold()
  unread.checkRoom()
  hold()
  t.throws(() => unread.checkRoom(), { code: 'LOG_BUSY' })
  first.emit('close')
  unread.checkRoom()
  hold()
  t.throws(() => unread.checkRoom(), { code: 'LOG_BUSY' })
  for (const timer of [...timers]) timer()
  t.equal(timers.size, 0, 'readers that drip were cut')
  unread.checkRoom()
  t.end()
})

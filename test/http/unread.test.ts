/** What readers have not taken yet is bounded, and nobody holds it for ever. */

import { EventEmitter } from 'node:events'
import type { FastifyReply } from 'fastify'
import t from 'tap'
import { Unread } from '../../src/http/unread.ts'

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

t.test('an answer may hold several things; one that nobody waits for any more holds nothing', (t) => {
  const timers = new Set<() => void>()
  const unread = new Unread((_, run) => {
    timers.add(run)
    return () => timers.delete(run)
  })
  const raw = Object.assign(new EventEmitter(), { destroyed: false })
  const reply = { raw } as unknown as FastifyReply
  for (let i = 0; i < 16; i++) unread.hold(8 * 2 ** 20, reply)
  t.equal(timers.size, 1, 'one time for all of it')
  t.throws(() => unread.checkRoom(), { code: 'LOG_BUSY' })
  Object.assign(raw, { destroyed: true }).emit('close')
  t.equal(timers.size, 0)
  unread.checkRoom()
  unread.hold(256 * 2 ** 20, reply)
  t.equal(timers.size, 0)
  unread.checkRoom()
  t.end()
})

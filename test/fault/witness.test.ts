/** A witness that is killed between every pair of steps, and at any moment, asked by a log that lies: it never goes back. */

import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { hex } from '../../src/kernel/bytes.ts'
import { WITNESS_STEPS } from '../../src/witness/steps.ts'
import { scratch } from '../cli/support.ts'
import { request, Tree } from '../witness/support.ts'
import { Given, shown, startWitness } from './witness-process.ts'

t.setTimeout(120_000)

const LEAVES = 400
const TREE = new Tree(LEAVES)
/** Other histories, from leaf 6 on. */
const FORKS = [1, 2, 3].map((n) => new Tree(LEAVES, (i) => (i < 6 ? String(i) : `${n}: ${i}`)))
const FORK = FORKS[0] as Tree
const SIZES = [6, 7, 7, 12]
/** The first, one that only asks again, one that grows. */
const KILLED_AT = [0, 2, 3]
const ANYWHERE = { from: Number.MAX_SAFE_INTEGER, to: 0 }

for (const step of WITNESS_STEPS)
  for (const nth of KILLED_AT)
    t.test(`killed once ${step}, at request ${nth + 1}`, async (t) => {
      const data = join(scratch(t), 'data')
      const given = new Given()
      const doomed = await startWitness(data, { crash: { ...ANYWHERE, step, nth: nth + 1 } })
      const before = nth === 0 ? 0 : (SIZES[nth - 1] ?? 0)
      for (const [at, size] of SIZES.slice(0, nth + 1).entries()) {
        const status = await given.ask(doomed.url, TREE, size, { old: SIZES[at - 1] ?? 0 })
        t.equal(status, at === nth ? null : 200, `request ${at + 1}`)
      }
      t.same(await doomed.ended, { code: null, signal: 'SIGKILL' })
      const size = SIZES[nth] ?? 0
      const witness = await startWitness(data)
      const found = await shown(witness.url)
      const expected = step === 'stored' ? size : before
      t.equal(found.size, expected, 'all of it, or nothing')
      if (expected > 0) t.equal(found.root, hex(TREE.root(expected)))
      const old = expected
      if (old > 6) t.equal(await given.ask(witness.url, FORK, size, { old }), 422, 'the fork')
      t.equal(await given.ask(witness.url, TREE, 20, { old }), 200, 'it goes on')
      t.equal(await given.ask(witness.url, FORK, 20, { old: 20 }), 422)
      t.equal(await given.ask(witness.url, TREE, 12, { old: 0 }), 409)
      t.same(given.faults, [])
      await witness.kill('SIGKILL')
    })

t.test('killed at any moment, asked by four clients for four histories', async (t) => {
  const data = join(scratch(t), 'data')
  const given = new Given()
  let last = 0
  for (let round = 0; round < 8; round++) {
    const witness = await startWitness(data)
    const found = await shown(witness.url)
    t.ok(found.size >= given.size && found.size >= last, `${found.size} after ${given.size}`)
    last = found.size
    const history = [TREE, ...FORKS].findIndex((tree) => found.size === 0 || hex(tree.root(found.size)) === found.root)
    t.ok(history >= 0, 'a history that was asked for')
    const clients = [TREE, ...FORKS].map(async (tree) => {
      for (let size = found.size + 1; size < LEAVES; size++) {
        const current = await shown(witness.url).catch(() => null)
        if (current === null) return
        const old = current.size
        if ((await given.ask(witness.url, tree, Math.max(old + 1, size), { old })) === null) return
      }
    })
    await new Promise((resolve) => setTimeout(resolve, 40 + 37 * round))
    await witness.kill('SIGKILL')
    await Promise.all(clients)
  }
  t.same(given.faults, [])
  t.ok(given.count > 5, `${given.count} cosigned, up to ${given.size}`)
})

t.test('SIGTERM: a request under way gets its answer', async (t) => {
  const data = join(scratch(t), 'data')
  const witness = await startWitness(data)
  const body = Buffer.from(await request(TREE, 5))
  const socket = connect(Number(new URL(witness.url).port), '127.0.0.1')
  let answer = ''
  socket.on('data', (chunk) => {
    answer += chunk.toString('latin1')
  })
  socket.write(`POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: ${body.length}\r\n\r\n`)
  socket.write(body.subarray(0, 50))
  await new Promise((resolve) => setTimeout(resolve, 200))
  const asked = performance.now()
  const ended = witness.kill('SIGTERM')
  while (!witness.output().includes('stopping')) await new Promise((resolve) => setTimeout(resolve, 10))
  socket.write(body.subarray(50))
  await once(socket, 'close')
  t.match(answer, /^HTTP\/1\.1 200 /)
  t.ok(performance.now() - asked < 5000, 'and its connection is not waited for')
  t.same(await ended, { code: 0, signal: null })
})

t.test('one process a directory', async (t) => {
  const data = join(scratch(t), 'data')
  const witness = await startWitness(data)
  await t.rejects(startWitness(data), /STORE_LOCKED/)
  await witness.kill('SIGKILL')
  await (await startWitness(data)).kill('SIGTERM')
})

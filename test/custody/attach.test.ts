/** Content that comes after its entry; and content that several entries commit to, of which one at least is found by it. */

import { createHash } from 'node:crypto'
import t from 'tap'
import { attach } from '../../src/custody/attach.ts'
import { walk } from '../../src/custody/walk.ts'
import { factsOf } from '../../src/dialects/facts.ts'
import { pae } from '../../src/formats/sigstore/dsse.ts'
import { leafIndex, unixMillis } from '../../src/kernel/brand.ts'
import { fsck } from '../../src/log/fsck.ts'
import { reindex } from '../../src/log/reindex.ts'
import { altered } from '../http/api/support.ts'
import { createWorld, inTime, ORIGIN, start } from '../log/support.ts'
import { digestOf, provenance, statementEntry } from './support.ts'

const payload = provenance({ made: [1], from: [2] })
const content = pae('application/vnd.in-toto+json', payload)
const digest = createHash('sha256').update(content).digest()

t.test('several entries of one statement', async (t) => {
  const world = createWorld()
  const { log } = await start(world)
  const identity = { ...log.identity, dialect: 'rekor-v2' }
  const known = altered(log, { identity, add: (entry) => inTime(world.clock, log.add(entry)) })
  for (const signature of ['one', 'two']) await known.add(statementEntry(payload, signature, false))
  await known.add(statementEntry(provenance({ made: [9] })))
  const found = async () =>
    (
      await walk(
        { artifact: digestOf(1), depth: 1, after: null },
        { logs: [known], direction: 'up', maxDepth: 1, limit: 10, turn: async () => undefined },
      )
    ).found.map(({ index }) => index)
  const problems = async () => {
    const said: string[] = []
    await fsck({
      origin: ORIGIN,
      store: world.store,
      mark: await world.ratchet.read(),
      open: world.signer.open,
      facts: factsOf('rekor-v2'),
      withdraws: () => null,
      digest: (algorithm, bytes) => createHash(algorithm).update(bytes).digest(),
      onProblem: (problem) => void said.push(problem),
      onProgress: () => undefined,
    })
    return said
  }
  t.same([await found(), await problems()], [[], []], 'nothing is kept, and nothing is missed')
  const places = await attach([known], { algorithm: 'sha256', digest, content })
  t.same(
    places.map(({ index }) => index),
    [0],
  )
  t.same([await found(), await problems()], [[0], []], 'one is found: by its digest it leads to the other signers')
  const parts = { store: world.store, facts: factsOf('rekor-v2'), isDry: false, onProgress: () => undefined }
  const outcome = await reindex({ ...parts, onProblem: (problem) => t.fail(problem) })
  t.match(outcome, { size: 3, rows: 0 }, 'nothing to be made')
})

t.test('content without rows is missed, and made up for', async (t) => {
  const world = createWorld()
  const { log } = await start(world)
  const { keys, ...entry } = statementEntry(payload)
  await inTime(world.clock, log.add({ ...entry, keys: keys.filter(({ source }) => source === 'leaf') }))
  const parts = { store: world.store, facts: factsOf('rekor-v2'), onProgress: () => undefined }
  const run = (isDry: boolean) => reindex({ ...parts, isDry, onProblem: (problem) => t.fail(problem) })
  const expected = keys.filter(({ source }) => source === 'attachment').length
  t.match(await run(true), { rows: expected })
  t.match(await run(false), { rows: expected })
  t.match(await run(true), { rows: 0 })
})

t.test('what is taken back while it is brought is not said to be kept', async (t) => {
  const world = createWorld()
  const { log } = await start(world)
  let asked = 0
  const known = altered(log, {
    identity: { ...log.identity, dialect: 'rekor-v2' },
    add: (entry) => inTime(world.clock, log.add(entry)),
    withdrawn: async () => (asked++ === 0 ? null : { index: leafIndex(7), time: unixMillis(0) }),
  })
  await known.add(statementEntry(payload, 'one', false))
  await t.rejects(attach([known], { algorithm: 'sha256', digest, content }), {
    code: 'ATTACHMENT_WITHDRAWN',
    message:
      /was withdrawn by the operator of this server at 1970-01-01T00:00:00.000Z: \/logs\/v2\/entries\/7 says so$/,
    metadata: { entry: '/logs/v2/entries/7', time: '1970-01-01T00:00:00.000Z' },
  })
})

/** docs/operate.md, followed word for word through every disaster it knows. */

import { appendFileSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { scratch } from '../cli/support.ts'
import { Operator, STEPS } from './disaster.ts'

t.setTimeout(300_000)
t.jobs = 4 // they mostly wait: for processes to start, and to end

const folder = scratch(t)

/** The servers of a scene end with it, however it ends. */
async function scene(t: Test, operators: readonly Operator[]): Promise<void> {
  t.teardown(async () => {
    for (const operator of operators) await operator.end()
  })
}

/** A log goes on: nothing that was acknowledged is lost, and new entries get their receipts. */
async function goesOn(t: Test, operator: Operator): Promise<void> {
  t.same(await operator.findings(''), [], 'nothing is lost')
  await operator.load.fill(operator.url, 20)
  t.same(await operator.findings(''), [], 'and the log goes on')
}

/** The old log is there to be read, and the successor takes entries. */
async function hasSuccessor(t: Test, operator: Operator, old: Operator['checker']): Promise<void> {
  t.same(await operator.findings('/logs/v2', old), [], 'nothing of the old log is lost')
  await operator.watch('next-v2')
  t.same(await operator.offer(10, 'next.example.org'), [201])
  t.same(await operator.findings('/logs/next-v2'), [], 'the successor takes entries')
  t.equal(await operator.offerV1('next.example.org'), 201, 'so does the log of Rekor v1, or its successor')
}

t.test('every day', async (t) => {
  const operator = await Operator.running(folder, 'every-day', 300)
  await scene(t, [operator])
  await operator.follow('backup')
  t.match(await operator.follow('check'), /^v2: 300 entries, clean$/m)
  await operator.follow('before-upgrade')
  await operator.follow('after-upgrade')
  await goesOn(t, operator)
})

t.test('lost disk', async (t) => {
  const operator = await Operator.running(folder, 'lost-disk', 300)
  await scene(t, [operator])
  await operator.follow('backup')
  t.equal(await operator.offerV1('log.example.org'), 201)
  await operator.load.fill(operator.url, 300)
  await operator.copied()
  await operator.powerCut()
  operator.lose('data')
  const text = await operator.follow('lost-disk')
  t.match(text, /300 entries are missing: the backup ends at 300, the ratchet says 600 was signed/)
  t.match(text, /v2: 300 entries brought, now 600/)
  t.match(text, /v1: 1 entries brought, now 1/)
  await goesOn(t, operator)
})

t.test('damaged disk', async (t) => {
  const operator = await Operator.running(folder, 'damaged-disk', 20)
  await scene(t, [operator])
  await operator.follow('backup')
  await operator.powerCut()
  appendFileSync(join(operator.place('data'), 'log.db'), 'x')
  t.match(await operator.follow('lost-disk'), /v2: 20 entries, whole/)
  t.ok(
    readdirSync(operator.folder).some((name) => /^data\.\d+$/.test(name)),
    'what was left is kept',
  )
  await goesOn(t, operator)
})

t.test('lost last minute', async (t) => {
  const operator = await Operator.running(folder, 'last-minute', 250)
  await scene(t, [operator])
  await operator.end()
  operator.keep('data', 'older')
  await operator.shell('systemctl start colophon')
  await operator.load.fill(operator.url, 50)
  await operator.copied()
  await operator.powerCut()
  operator.bringBack('data', 'older')
  const refused = await operator.shell('systemctl start colophon')
  t.match(refused, { code: 1, text: /RATCHET_REFUSED: the database is behind the last signed head.*colophon recover/ })
  await operator.follow('last-minute')
  await goesOn(t, operator)
})

t.test('the tail is gone', async (t) => {
  const operator = await Operator.running(folder, 'tail-is-gone', 100)
  await scene(t, [operator])
  await operator.follow('backup')
  await operator.load.fill(operator.url, 200)
  await operator.copied()
  operator.keep('www', 'www.older')
  const copied = operator.checker.copy()
  await operator.load.fill(operator.url, 7)
  await operator.powerCut()
  operator.lose('data')
  operator.bringBack('www', 'www.older')
  const lost = await operator.tryTo('lost-disk')
  t.match(lost, { code: 1, text: /7 entries that were signed are still missing, so it cannot sign/ })
  await operator.follow('tail-is-gone')
  await hasSuccessor(t, operator, copied)
})

t.test('lost disk, and the ratchet with it', async (t) => {
  const operator = await Operator.running(folder, 'both', 100)
  await scene(t, [operator])
  await operator.follow('backup')
  await operator.load.fill(operator.url, 20)
  await operator.copied()
  await operator.powerCut()
  operator.lose('data')
  operator.lose('ratchet')
  const lost = await operator.tryTo('lost-disk')
  t.match(lost, { code: 1, text: /the ratchet cannot be read/ })
  await operator.follow('tail-is-gone')
  await hasSuccessor(t, operator, operator.checker)
})

t.test('lost ratchet', async (t) => {
  const operator = await Operator.running(folder, 'lost-ratchet', 40)
  await scene(t, [operator])
  await operator.powerCut()
  operator.lose('ratchet')
  const refused = await operator.shell('systemctl start colophon')
  t.match(refused, { code: 1, text: /RATCHET_REFUSED: .* is missing/ })
  await operator.follow('lost-ratchet')
  await hasSuccessor(t, operator, operator.checker)
})

t.test('stolen key', async (t) => {
  const operator = await Operator.running(folder, 'stolen-key', 40)
  await scene(t, [operator])
  await operator.copied()
  const text = await operator.follow('stolen-key')
  t.match(text, /2\.root\.json names a new key/)
  t.match(text, /^log\.example\.org\n40\n/m, 'the copy’s checkpoint')
  t.match(text, /^its newest checkpoint in this database: size 40, root [0-9a-f]{64}, of /m)
  t.same(readdirSync(join(operator.place('data'), 'keys')).toSorted(), [
    'next-v1.ecdsa.pem',
    'next-v1.ml-dsa-44.pem',
    'next-v1.pem',
    'next-v2.ml-dsa-44.pem',
    'next-v2.pem',
    'tuf.pem',
  ])
  const next = 'https://next.example.org'
  t.same(await operator.trusted(), [next, next], 'what was stolen is trusted no more')
  await hasSuccessor(t, operator, operator.checker)
})

t.test('another key of the trust files', async (t) => {
  const operator = await Operator.running(folder, 'rotate', 20)
  await scene(t, [operator])
  t.match(await operator.follow('rotate'), /2\.root\.json names a new key/)
  await goesOn(t, operator)
})

t.test('moving', async (t) => {
  const from = await Operator.running(folder, 'old-host', 40)
  const to = await Operator.create(folder, 'new-host', from.place('backups'))
  await scene(t, [from, to])
  await from.follow('move-from')
  t.match(await to.follow('move-to'), /v2: 40 entries, whole/)
  to.checker = from.checker
  to.load = from.load
  await goesOn(t, to)
  t.match(
    await from.shell('systemctl start colophon'),
    { code: 1, text: /RATCHET_REFUSED/ },
    'the old host cannot sign',
  )
})

t.test('freezing, while the server runs', async (t) => {
  const operator = await Operator.running(folder, 'freezing', 40)
  await scene(t, [operator])
  t.equal(await operator.offerV1('log.example.org'), 201)
  t.match(
    await operator.follow('successors'),
    /^next-v1 {2}rekor-v1 {2}waiting .*\n.*\n.*\nnext-v2 {2}rekor-v2 {2}active /m,
  )
  t.equal(await operator.offerV1('log.example.org'), 201, 'the old tree')
  t.match(
    await operator.follow('freeze'),
    /^v1 \S+ - \d+\) IS FROZEN at 1 entries, .*\nnext-v1 .* takes its place\n[\s\S]*^v2 \(log\.example\.org\) IS FROZEN at 40 entries, .*\nnext-v2 .* takes its place/m,
  )
  await hasSuccessor(t, operator, operator.checker)
  t.equal(await operator.offerV1('log.example.org'), 201, 'the next tree, at the same address')
  t.match(await operator.follow('check'), /^next-v1: 1 entries, clean$/m)
})

t.test('every step of the page is followed above', async (t) => {
  const followed = ['test.ts', 'ts'].map((end) => readFileSync(new URL(`disaster.${end}`, import.meta.url), 'utf8'))
  const left = [...STEPS.keys()].filter((step) => !followed.some((text) => text.includes(`'${step}'`)))
  t.same(left, [])
})

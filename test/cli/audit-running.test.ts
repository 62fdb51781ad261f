/** `colophon audit` for as long as it runs: what it prints, its metrics, its end; and what is wrong use. */

import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { run } from '../../src/cli/run.ts'
import { entriesOf, lyingLog, VKEY } from '../audit/lying-log.ts'
import { command, scratch, testWorld } from './support.ts'

t.setTimeout(120_000)

async function until(what: () => boolean): Promise<void> {
  for (let i = 0; i < 3000 && !what(); i++) await sleep(10)
  if (!what()) throw new Error('it did not come to that')
}

t.test('it looks again and again, says what changed, and shows its figures', async (t) => {
  const log = await lyingLog(t)
  await log.show(entriesOf(300))
  const world = testWorld()
  const argv = ['audit', log.url, '--state', join(scratch(t), 'audit'), '--log-key', VKEY, '--interval', '1']
  const ended = run([...argv, '--metrics-listen', '127.0.0.1:0'], world)
  const looks = () => log.asked.filter((path) => path === 'checkpoint').length
  await until(() => world.printed().includes('HONEST'))
  const before = looks()
  await until(() => looks() >= before + 2)
  t.equal(world.printed().split('HONEST').length, 2, 'a quiet log stays quiet')
  const url = /metrics: (\S+)/.exec(world.warned())?.[1] ?? ''
  const shown = await (await fetch(url)).text()
  t.match(shown, `colophon_audit_tree_size{log="${log.url}",kind="verified"} 300`)
  t.match(shown, `colophon_audit_outcome{log="${log.url}",outcome="honest"} 1`)
  t.match(shown, `colophon_audit_evidence{log="${log.url}"} 0`)
  log.failWith(404)
  await until(() => world.printed().includes('COULD NOT BE DETERMINED'))
  log.failWith(0)
  await log.show([...entriesOf(200), ...entriesOf(200, 'other')])
  await until(() => world.printed().includes('MISBEHAVED'))
  t.match(
    world.printed(),
    'the log signed a tree of 300 leaves and one of 400, whose first 300 leaves are others (proven)',
  )
  t.match(await (await fetch(url)).text(), `colophon_audit_evidence{log="${log.url}"} 1`)
  world.stop()
  t.equal(await ended, 1)
})

t.test('the keys that the first run finds are kept', async (t) => {
  const log = await lyingLog(t)
  await log.show(entriesOf(3))
  const dir = join(scratch(t), 'audit')
  const logs = (vkey: string) => {
    log.files.set('logs', new TextEncoder().encode(JSON.stringify({ logs: [{ slug: 'v2', state: 'active', vkey }] })))
    for (const [path, bytes] of [...log.files]) if (!path.startsWith('logs')) log.files.set(`logs/v2/${path}`, bytes)
  }
  logs(VKEY)
  const first = await command(['audit', log.url, '--once', '--state', dir])
  t.match(first, { code: 0, printed: /^HONEST: .*\/logs\/v2\n/, warned: `PINNED is what its server shows: ${VKEY}` })
  log.asked.length = 0
  t.match(await command(['audit', log.url, '--once', '--state', dir]), { code: 0, warned: '' })
  t.same(log.asked, ['logs/v2/checkpoint', 'logs'], 'and whether there are others')
  const none = await command(['audit', `${log.url}/logs/v2`, '--once', '--state', dir])
  t.match(none, { code: 4, printed: 'LOG_NOT_TRUSTED' }, 'a log of tiles alone shows none')
})

t.test('one directory, one auditor; and what is in it is its own', async (t) => {
  const log = await lyingLog(t)
  await log.show(entriesOf(3))
  const dir = join(scratch(t), 'audit')
  const argv = ['audit', log.url, '--state', dir, '--log-key', VKEY]
  const world = testWorld()
  const ended = run(argv, world)
  await until(() => world.printed() !== '')
  t.match(await command([...argv, '--once']), { code: 3, warned: 'STORE_LOCKED' })
  world.stop()
  t.equal(await ended, 0)
  writeFileSync(join(dir, 'log-1.json.new'), 'cut off')
  t.match(await command([...argv, '--once']), { code: 0 })
  t.notOk(existsSync(join(dir, 'log-1.json.new')))
})

t.test('wrong use, all of it at once', async (t) => {
  const dir = join(scratch(t), 'audit')
  const bad = [
    'audit',
    'ftp://log.example',
    '--state',
    dir,
    '--log-key',
    'nonsense',
    '--interval',
    '0',
    '--max-age',
    'x',
  ]
  const { code, warned } = await command([
    ...bad,
    '--witness',
    'nowhere',
    '--metrics-listen',
    'x',
    '--once',
    '--nonsense',
  ])
  t.equal(code, 2)
  for (const word of ['ftp://', '--log-key', '--interval', '--max-age', '--witness', '--metrics-listen', '--nonsense'])
    t.match(warned, word)
  t.match(await command(['audit', '--once']), { code: 2, warned: 'which log' })
  t.notOk(existsSync(dir))
  const nobody = await command(['audit', 'http://127.0.0.1:1', '--once', '--state', dir, '--log-key', VKEY])
  t.match(nobody, { code: 3, printed: 'SERVICE_UNREACHABLE' })
})

t.test('a server that never answers holds no other up, and is not waited for at the end', async (t) => {
  const log = await lyingLog(t)
  await log.show(entriesOf(300))
  const silent = createServer(() => undefined)
  await once(silent.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    silent.closeAllConnections()
    silent.close()
  })
  const world = testWorld()
  const other = `http://127.0.0.1:${(silent.address() as { port: number }).port}`
  const argv = ['audit', other, log.url, '--state', join(scratch(t), 'audit'), '--log-key', VKEY, '--interval', '1']
  const ended = run(argv, world)
  const looks = () => log.asked.filter((path) => path === 'checkpoint').length
  await until(() => looks() >= 4)
  t.match(world.printed(), `HONEST: ${log.url}\n`)
  const asked = performance.now()
  world.stop()
  world.stop()
  t.equal(await ended, 3)
  t.ok(performance.now() - asked < 15_000)
  t.match(world.printed(), `COULD NOT BE DETERMINED: ${other}\n`)
})

t.test('evidence that cannot be kept is told whole', async (t) => {
  const log = await lyingLog(t)
  await log.show(entriesOf(300))
  const folder = scratch(t)
  const dir = join(folder, 'audit')
  const argv = ['audit', log.url, '--state', dir, '--log-key', VKEY, '--interval', '1']
  const world = testWorld()
  const ended = run(argv, world)
  await until(() => world.printed().includes('HONEST'))
  rmSync(join(dir, 'evidence'), { recursive: true })
  await log.show([...entriesOf(200), ...entriesOf(200, 'other')])
  t.equal(await ended, 3)
  t.match(world.warned(), /ENOENT/)
  const [, told = ''] = world.warned().split('for colophon verify:\n')
  const file = join(folder, 'told')
  writeFileSync(file, told.slice(0, told.lastIndexOf('}') + 2))
  t.match(await command(['verify', file, '--log-key', VKEY]), { code: 0, printed: 'EVIDENCE HOLDS' })
  t.match(await command([...argv, '--once']), { code: 1, printed: 'MISBEHAVED' }, 'and it is found again')
})

t.test('a state that is damaged is refused, and says which file; without it the audit begins anew', async (t) => {
  const log = await lyingLog(t)
  await log.show(entriesOf(300))
  const dir = join(scratch(t), 'audit')
  const argv = ['audit', log.url, '--state', dir, '--log-key', VKEY, '--once']
  t.match(await command(argv), { code: 0 })
  for (const kind of ['log', 'site']) {
    const name = readdirSync(dir).find((one) => one.startsWith(`${kind}-`)) ?? ''
    const whole = readFileSync(join(dir, name))
    for (const damaged of [whole.subarray(0, -10), Buffer.alloc(whole.length), Buffer.from('[]'), Buffer.alloc(0)]) {
      writeFileSync(join(dir, name), damaged)
      t.match(await command(argv), { code: 3, printed: '', warned: new RegExp(`^STORE_CORRUPT: .*${name}`) }, kind)
    }
    rmSync(join(dir, name))
    t.match(await command(argv), { code: 0, printed: 'verified are 300' })
  }
})

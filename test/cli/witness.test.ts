/** `colophon witness` as an operator meets it. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { run } from '../../src/cli/run.ts'
import { parseWitness } from '../../src/config/witness.ts'
import { formatVkey, KEY_TYPE, parseVkey } from '../../src/formats/c2sp/vkey.ts'
import { hex } from '../../src/kernel/bytes.ts'
import { freePort } from '../e2e/support.ts'
import { ask } from '../http/support.ts'
import { logKey, mlDsaKey, witnessKey } from '../verify/support.ts'
import { LOG, linesOf, ORIGIN, originHash, request, Tree } from '../witness/support.ts'
import { command, scratch, testWorld } from './support.ts'

const VKEY = formatVkey(LOG.vkey)
const NAMED = ['--name', 'witness.example/w']
const TREE = new Tree(20)

async function startWitness(t: Test, dir: string, ...flags: readonly string[]) {
  const world = testWorld({}, true)
  const argv = ['witness', ...NAMED, '--data', dir, '--listen', '127.0.0.1:0', '--log-level', 'silent', ...flags]
  const ended = run(argv, world)
  let port = 0
  while (port === 0) {
    const code = await Promise.race([ended, new Promise<null>((resolve) => setTimeout(resolve, 5, null))])
    if (code !== null) throw new Error(`exit ${code}: ${world.warned()}`)
    port = Number(/listens on http:\/\/127\.0\.0\.1:(\d+)/.exec(world.printed())?.[1] ?? 0)
  }
  const stop = () => {
    world.stop()
    return ended
  }
  t.teardown(stop)
  const add = (body: Uint8Array) => ask({ port }, '/add-checkpoint', { method: 'POST', body })
  const vkeys = world.printed().match(/^witness\.example\/w\+\S+$/gm) ?? []
  return { port, world, add, stop, vkeys }
}

t.test('it prints its keys, cosigns, and remembers', async (t) => {
  const dir = join(scratch(t), 'w')
  const first = await startWitness(t, dir, '--log', VKEY)
  t.match(first.world.warned(), /^CREATED a new witness/)
  t.same(
    first.vkeys.map((vkey) => parseVkey(vkey).type),
    [KEY_TYPE.cosignature, KEY_TYPE.mlDsa44],
  )
  const answer = await first.add(await request(TREE, 5))
  t.equal(answer.status, 200)
  t.same(
    linesOf(answer.text).map(({ keyId }) => keyId),
    first.vkeys.map((vkey) => parseVkey(vkey).keyId),
  )
  t.equal(await first.stop(), 0)
  const second = await startWitness(t, dir, `--log=${VKEY}`)
  t.notMatch(second.world.warned(), /CREATED/)
  t.same(second.vkeys, first.vkeys)
  t.match(await second.add(await request(TREE, 3)), { status: 409, text: '5\n' })
  t.match(await second.add(await request(TREE, 9, { old: 5 })), { status: 200 })
  const shown = await ask(second, `/${hex(originHash(ORIGIN))}/checkpoint`)
  t.match(shown.text, /^log\.example\n9\n/)
})

t.test('metrics beside the rest, or on a listener of their own', async (t) => {
  const dir = join(scratch(t), 'w')
  const first = await startWitness(t, dir, '--log', VKEY)
  await first.add(await request(TREE, 5))
  t.match(await ask(first, '/metrics'), { status: 200, text: /^colophon_witness_tree_size\{log="log\.example"\} 5$/m })
  await first.stop()
  const port = await freePort()
  const second = await startWitness(t, dir, '--log', VKEY, '--metrics-listen', `127.0.0.1:${port}`)
  t.equal((await ask(second, '/metrics')).status, 404)
  t.match((await ask({ port }, '/metrics')).text, /^colophon_witness_tree_size\{log="log\.example"\} 5$/m, 'kept')
  t.equal((await ask({ port }, '/healthz')).text, '{"status":"SERVING"}')
  t.equal(await second.stop(), 0)
  await t.rejects(ask({ port }, '/metrics'), /ECONNREFUSED/)
})

t.test('lists add logs, also while it runs, and take none away', async (t) => {
  const dir = scratch(t)
  const list = join(dir, 'list')
  const write = (...logs: readonly string[]) =>
    writeFileSync(list, `logs/v0\n${logs.map((vkey) => `vkey ${vkey}\nqpd 86400\ncontact x\n`).join('')}`)
  const other = logKey('other.example', 4)
  write(VKEY)
  const data = join(dir, 'data')
  const first = await startWitness(t, data, '--log-list', list)
  t.equal((await first.add(await request(TREE, 5))).status, 200)
  t.equal((await first.add(await request(TREE, 5, { origin: 'other.example', keys: [other] }))).status, 404)
  write(formatVkey(logKey(ORIGIN, 77).vkey), formatVkey(other.vkey))
  first.world.hangUp()
  const asked = async () => (await first.add(await request(TREE, 5, { origin: 'other.example', keys: [other] }))).status
  while ((await asked()) === 404) await new Promise((resolve) => setTimeout(resolve, 5))
  t.match(first.world.warned(), /log\.example: listed with another key than the one it is known by, which stays/)
  t.equal((await first.add(await request(TREE, 6, { old: 5 }))).status, 200, 'by the first key')
  writeFileSync(list, 'not a list')
  first.world.hangUp()
  await first.stop()
  t.match(await command(['witness', ...NAMED, '--data', data, '--log-list', list]), {
    code: 2,
    warned: /--log-list: .*list: line 1: not a log list: expected logs\/v0/,
  })
  write()
  const second = await startWitness(t, data, '--log-list', list)
  t.equal((await second.add(await request(TREE, 7, { old: 6 }))).status, 200, 'what a list brought stays without it')
})

t.test('misuse, all of it at once, and before anything is made', async (t) => {
  const dir = join(scratch(t), 'x')
  const rows: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /--name: is missing/],
    [['--name', ''], /--name: is missing/],
    [[...NAMED, '--log'], /--log: its value is missing/],
    [[...NAMED, '--log', '--data', dir], /--log: its value is missing/],
    [[...NAMED, '--log', 'x'], /--log: not a verifier key/],
    [[...NAMED, '--log', formatVkey(witnessKey('a', 1).vkey)], /--log: a: the key of a witness/],
    [[...NAMED, '--log', VKEY, '--log', VKEY], /--log: log\.example: the same key twice/],
    [[...NAMED, '--log', formatVkey(logKey('witness.example/w', 1).vkey)], /the witness's own name/],
    [[...NAMED, '--log-list', '/nowhere/list'], /--log-list: .*ENOENT/],
    [[...NAMED, '--rate', '0'], /--rate: must be a whole number from 1 to 10000/],
    [[...NAMED, '--listen', 'x'], /--listen: not HOST:PORT/],
    [[...NAMED, '--metrics-listen', 'x'], /--metrics-listen: not HOST:PORT/],
    [[...NAMED, '--metrics-listen', '127.0.0.1:3001'], /--metrics-listen: is the address of --listen/],
    [[...NAMED, '--log-level', 'loud'], /--log-level: must be one of/],
    [[...NAMED, '--config', 'x'], /--config: there is no such flag/],
    [[...NAMED, '--nmae', 'x'], /--nmae: there is no such flag/],
    [[...NAMED, 'x'], /witness takes flags alone, not x/],
    [['--rate', 'x', '--log', 'y', '--listen', 'z'], /--listen: [\s\S]*--log: [\s\S]*--rate: [\s\S]*--name: /],
  ]
  for (const [argv, warned] of rows) {
    const outcome = await command(['witness', ...(argv.includes('--data') ? [] : ['--data', dir]), ...argv])
    t.match(outcome, { code: 2, printed: '', warned }, argv.join(' ').slice(0, 80))
    t.match(outcome.warned, /^CONFIG_INVALID: [\s\S]*\n\ncolophon witness /)
  }
  t.match(await command(['witness', '--name', 'a b', '--data', dir]), { code: 3, warned: /VKEY_MALFORMED/ })
  t.match(await command(['witness', ...NAMED, '--data', scratch(t)], { COLOPHON_KEY_PASSPHRASE: '' }), { code: 2 })
})

t.test('what the flags say', async (t) => {
  const pq = mlDsaKey(ORIGIN, 3).vkey
  const config = parseWitness([...NAMED, '--log', VKEY, `--log=${formatVkey(pq)}`, '--rate', '7'], {})
  t.match(config, {
    name: 'witness.example/w',
    listen: { port: 3001 },
    logListPath: null,
    perSecond: 7,
    logLevel: null,
  })
  t.same(config.logs, [LOG.vkey, pq])
  t.match(config.dir, /\/witness$/)
})

/** The files in memory and on disk, over restarts. */

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createTrust } from '../../src/trust/trust.ts'
import { scratch } from '../cli/support.ts'
import { DAY_MS, json, keyOf, logOf, optionsFor, PUBLIC_CONFIG, testClock } from './support.ts'

function onDisk(dir: string): ReadonlyMap<string, Buffer> {
  const paths = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((path) =>
    statSync(join(dir, path)).isFile(),
  )
  return new Map(paths.sort().map((path) => [path, readFileSync(join(dir, path))]))
}

function sorted(files: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, Buffer> {
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, bytes]) => [path, Buffer.from(bytes)]))
}

t.test('what is served stands on disk, byte for byte, and the index lists it', async (t) => {
  const dir = join(scratch(t), 'trust')
  const trust = await createTrust(optionsFor(dir, { config: PUBLIC_CONFIG }))
  t.same(onDisk(dir), sorted(trust.files()))
  const { files } = json(trust.files().get('index.json')) as { files: { url: string; size: number; sha256: string }[] }
  const listed = files.map(({ url }) => url.replace('https://log.example/trust/', ''))
  t.same(listed.toSorted(), [...trust.files().keys()].filter((path) => path !== 'index.json').toSorted())
  for (const { url, size, sha256 } of files) {
    const bytes = trust.files().get(url.replace('https://log.example/trust/', '')) ?? new Uint8Array()
    t.same([size, sha256], [bytes.length, createHash('sha256').update(bytes).digest('hex')], url)
  }
})

t.test('a target is the file that it is named for', async (t) => {
  const dir = scratch(t)
  const files = (await createTrust(optionsFor(dir))).files()
  const names: Readonly<Record<string, string>> = {
    'trusted_root.json': 'trusted_root.json',
    'signing_config.v0.2.json': 'signing_config.json',
    'signing_config_rekor_v2.v0.2.json': 'signing_config.v2.json',
    'client_trust_config.json': 'client_trust_config.json',
    policy: 'policy',
    'v2.vkey': 'v2.vkey',
    'v2.pem': 'v2.pem',
  }
  const path = [...files.keys()].find((name) => name.endsWith('.targets.json')) ?? ''
  const { targets } = json(files.get(path)).signed as { targets: Record<string, { hashes: { sha256: string } }> }
  t.same(Object.keys(targets).toSorted(), Object.keys(names).toSorted())
  for (const [target, ours] of Object.entries(names))
    t.same(files.get(`tuf/targets/${targets[target]?.hashes.sha256}.${target}`), files.get(ours), target)
})

t.test('logs that change while it runs', async (t) => {
  const dir = scratch(t)
  const clock = testClock()
  let logs = [logOf('v2', 'log.example')]
  const trust = await createTrust(optionsFor(dir, { clock, logs: async () => logs }))
  const versionOf = (role: string) => json(trust.files().get(`tuf/${role}.json`)).signed.version
  const before = versionOf('timestamp')
  t.equal(await trust.refresh(), false, 'nothing has changed')
  logs = [logOf('v2', 'log.example', { retiredAt: clock.now() }), logOf('w2', 'next.example')]
  t.equal(await trust.refresh(), true)
  t.match(json(trust.files().get('trusted_root.json')).tlogs, [
    { baseUrl: 'https://log.example', publicKey: { validFor: { end: '2026-01-01T00:00:00.000Z' } } },
    { baseUrl: 'https://next.example' },
  ])
  t.ok(versionOf('timestamp') > before, 'clients of the repository hear of it, within the same minute too')
  t.ok(trust.files().has('w2.vkey'))
  for (const [path, bytes] of trust.files()) t.ok(onDisk(dir).get(path)?.equals(bytes), path)
  t.equal(await trust.refresh(), false)
})

t.test('restarts', async (t) => {
  const dir = scratch(t)
  const clock = testClock()
  const first = await createTrust(optionsFor(dir, { clock }))
  const before = onDisk(dir)
  clock.pass(3_600_000)
  await createTrust(optionsFor(dir, { clock }))
  t.same(onDisk(dir), before, 'soon after: nothing changes')
  clock.pass(2 * DAY_MS)
  const later = await createTrust(optionsFor(dir, { clock }))
  const changed = [...onDisk(dir)].filter(([path, bytes]) => !before.get(path)?.equals(bytes)).map(([path]) => path)
  t.same(changed, ['index.json', 'tuf/timestamp.json'], 'days after: the timestamp alone')
  const logs = async () => [logOf('v2', 'log.example'), logOf('w2', 'next.example')]
  const grown = await createTrust(optionsFor(dir, { clock, logs }))
  t.ok(grown.files().has('w2.vkey'))
  const versions = [first, later, grown].map((trust) => json(trust.files().get('tuf/timestamp.json')).signed.version)
  t.same(
    versions,
    versions.toSorted((a, b) => a - b),
    'versions go up',
  )
  t.equal(new Set(versions).size, 3)
  for (const path of later.files().keys()) t.ok(grown.files().has(path), `${path} is still there for slow clients`)
  t.same(onDisk(dir), sorted(grown.files()))
})

t.test('refresh', async (t) => {
  const dir = scratch(t)
  const clock = testClock()
  const trust = await createTrust(optionsFor(dir, { clock }))
  const before = trust.files()
  t.equal(await trust.refresh(), false)
  t.equal(trust.files(), before)
  clock.pass(DAY_MS)
  t.same(await Promise.all([trust.refresh(), trust.refresh()]), [true, false], 'one at a time')
  t.not(trust.files(), before)
  t.same(onDisk(dir), sorted(trust.files()))
})

t.test('a failed write leaves what is served as it was', async (t) => {
  const dir = scratch(t)
  const clock = testClock()
  const trust = await createTrust(optionsFor(dir, { clock }))
  const before = trust.files()
  mkdirSync(join(dir, 'tuf/timestamp.json.new')) // where the next one would be written
  clock.pass(DAY_MS)
  await t.rejects(trust.refresh(), { code: 'EISDIR' })
  t.equal(trust.files(), before)
})

t.test('what is not ours in the directory is neither read nor served nor touched', async (t) => {
  const dir = scratch(t)
  await createTrust(optionsFor(dir))
  const strange = ['tuf/notes.txt', 'tuf/timestamp.json.new', 'tuf/01.root.json', 'tuf/targets/x', 'mine.txt']
  for (const path of strange) writeFileSync(join(dir, path), 'x')
  const trust = await createTrust(optionsFor(dir))
  for (const path of strange) t.notOk(trust.files().has(path), path)
  for (const path of strange) t.ok(existsSync(join(dir, path)), `${path} stays`)
})

t.test('damage is told and mended; a huge file is not read', async (t) => {
  const dir = scratch(t)
  await createTrust(optionsFor(dir))
  const warnings: string[] = []
  const again = () => createTrust(optionsFor(dir, { warn: (message) => void warnings.push(message) }))
  writeFileSync(join(dir, 'tuf/timestamp.json'), 'x')
  const mended = await again()
  t.same(onDisk(dir), sorted(mended.files()))
  t.match(warnings, [/timestamp\.json is damaged and was signed anew$/])
  writeFileSync(join(dir, 'tuf/timestamp.json'), Buffer.alloc(2 ** 20 + 1, 0x20))
  await again()
  t.ok(statSync(join(dir, 'tuf/timestamp.json')).size < 2000)
})

t.test('the key of a log is not taken', async (t) => {
  const dir = join(scratch(t), 'trust')
  await t.rejects(createTrust(optionsFor(dir, { key: keyOf('v'.charCodeAt(0)) })), { code: 'KEY_FILE_REFUSED' })
  t.notOk(existsSync(dir), 'nothing was written')
})

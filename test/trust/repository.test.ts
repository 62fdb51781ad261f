/** The versions of a TUF repository over the years, and what is done when its files are not as we left them. */

import t from 'tap'
import { signEd25519 } from '#crypto'
import type { JsonObject } from '../../src/formats/json.ts'
import { ed25519Key, formatEnvelope, parseEnvelope, signedBytes } from '../../src/formats/tuf/envelope.ts'
import { unixMillis } from '../../src/kernel/brand.ts'
import { utf8 } from '../../src/kernel/bytes.ts'
import { TlogError } from '../../src/kernel/error.ts'
import { advance, type Files } from '../../src/trust/repository.ts'
import { DAY_MS, json, keyOf, START, TUF_KEY } from './support.ts'

const WANTED: Files = new Map([['a.json', utf8('{}')]])
const MINUTE_MS = 60_000
const FIRST = START / MINUTE_MS

/** A repository and the time at which it was last looked at. */
interface Scene {
  files: Map<string, Uint8Array>
  now: number
}

async function step(scene: Scene, wanted = WANTED, key = TUF_KEY) {
  const { written, damaged } = await advance(scene.files, wanted, { key, now: unixMillis(scene.now) })
  scene.files = new Map([...scene.files, ...written])
  return { written: [...written.keys()].map((path) => path.replace(/[0-9a-f]{64}/, 'HASH')), damaged }
}

async function begin(): Promise<Scene> {
  const scene = { files: new Map<string, Uint8Array>(), now: START as number }
  await step(scene)
  return scene
}

async function codeOf(run: () => Promise<unknown>): Promise<string> {
  const error = await run().then(
    () => null,
    (thrown: unknown) => thrown,
  )
  return error instanceof TlogError ? `${error.code} ${error.message}` : String(error)
}

async function signedBy(signed: JsonObject, ...seeds: number[]): Promise<Uint8Array> {
  const signatures = seeds.map(async (seed) => {
    const key = keyOf(seed)
    return { keyId: ed25519Key(key.publicKey).id, signature: await signEd25519(key, signedBytes(signed)) }
  })
  return formatEnvelope({ signed, signatures: await Promise.all(signatures) })
}

t.test('the first state', async (t) => {
  const scene = { files: new Map<string, Uint8Array>(), now: START as number }
  const { written } = await step(scene)
  const inOrder = [
    '1.root.json',
    'targets/HASH.a.json',
    `${FIRST}.targets.json`,
    `${FIRST}.snapshot.json`,
    'timestamp.json',
  ]
  t.same(written, inOrder, 'each file names only those before it')
  const root = json(scene.files.get('1.root.json')).signed
  t.match(root, { _type: 'root', consistent_snapshot: true, version: 1, expires: '2036-01-01T00:00:00Z' })
  t.match(json(scene.files.get(`${FIRST}.targets.json`)).signed.targets, { 'a.json': { length: 2 } })
  t.match(json(scene.files.get('timestamp.json')).signed, { version: FIRST, expires: '2026-01-08T00:00:00Z' })
  t.same((await step(scene)).written, [], 'nothing is due again at once')
})

t.test('what is due when', async (t) => {
  const table: readonly (readonly [string, number, string[]])[] = [
    ['within a day', DAY_MS - 1000, []],
    ['after a day', DAY_MS, ['timestamp.json']],
    ['after the timestamp has ended', 30 * DAY_MS, ['timestamp.json']],
    ['after half a year', 184 * DAY_MS, ['N.targets.json', 'N.snapshot.json', 'timestamp.json']],
    ['after five years', 1827 * DAY_MS, ['2.root.json', 'N.targets.json', 'N.snapshot.json', 'timestamp.json']],
    ['with a clock that went back', -DAY_MS, ['1.root.json', 'N.targets.json', 'N.snapshot.json', 'timestamp.json']],
  ]
  for (const [name, ms, expected] of table) {
    const scene = await begin()
    scene.now += ms
    const { written } = await step(scene)
    const rooted = name.includes('went back') ? expected.with(0, '2.root.json') : expected
    t.same(
      written.map((path) => path.replace(/^\d{2,}/, 'N')),
      rooted,
      name,
    )
  }
})

t.test('a server that is never restarted stays valid for twenty years', async (t) => {
  const scene = await begin()
  const seen = { root: 0, targets: 0, snapshot: 0, timestamp: 0 }
  // Hourly in life; here daily for a year, then by the month.
  for (let day = 0; day < 7305; day += day < 380 ? 0.9 : 29.9) {
    scene.now = START + Math.round(day * DAY_MS)
    await step(scene)
    const roots = [...scene.files.keys()].filter((path) => path.endsWith('.root.json')).length
    const timestamp = json(scene.files.get('timestamp.json')).signed
    const snapshot = json(scene.files.get(`${timestamp.meta['snapshot.json'].version}.snapshot.json`)).signed
    const targets = json(scene.files.get(`${snapshot.meta['targets.json'].version}.targets.json`)).signed
    const root = json(scene.files.get(`${roots}.root.json`)).signed
    for (const part of [root, targets, snapshot, timestamp]) {
      const type = part._type as keyof typeof seen
      if (Date.parse(part.expires) - scene.now < 5 * DAY_MS) t.fail(`day ${day}: ${type} ends ${part.expires}`)
      if (part.version < seen[type]) t.fail(`day ${day}: ${type} went back`)
      seen[type] = part.version
    }
  }
  t.ok(seen.root >= 3, 'roots were renewed')
})

t.test('other content', async (t) => {
  const scene = await begin()
  scene.now += 3 * MINUTE_MS
  const wanted = new Map([['a.json', utf8('[]')]])
  const { written } = await step(scene, wanted)
  t.same(written, ['targets/HASH.a.json', `${FIRST + 3}.targets.json`, `${FIRST + 3}.snapshot.json`, 'timestamp.json'])
  t.equal([...scene.files.keys()].filter((path) => path.startsWith('targets/')).length, 2, 'the old file stays')
  const back = await step(scene, WANTED)
  t.same(back.written.at(-1), 'timestamp.json', 'the content of before is a new version too')
  t.equal(json(scene.files.get('timestamp.json')).signed.version, FIRST + 4, 'one more within the same minute')
  t.same((await step(scene, new Map([...WANTED, ['b', utf8('b')]]))).written.length, 4, 'one file more')
  t.same((await step(scene, WANTED)).written.length, 3, 'one file fewer')
})

t.test('a lost repository goes on above what clients have seen', async (t) => {
  const scene = await begin()
  scene.now += 9 * DAY_MS
  scene.files = new Map()
  await step(scene)
  t.equal(json(scene.files.get('timestamp.json')).signed.version, FIRST + 9 * 1440)
})

t.test('damage to what is only repeated', async (t) => {
  const flip = (bytes: Uint8Array, at: number) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))
  const sound = await begin()
  for (const [path, bytes] of sound.files) {
    if (path.endsWith('.root.json') || path.startsWith('targets/')) continue
    for (const at of [0, Math.floor(bytes.length / 2), bytes.length - 10]) {
      const scene = { files: new Map(sound.files).set(path, flip(bytes, at)), now: START + 5 * MINUTE_MS }
      const { written, damaged } = await step(scene)
      t.same(damaged, [path], `${path} at ${at}: told`)
      t.equal(written.at(-1), 'timestamp.json', `${path} at ${at}: signed anew`)
      const timestamp = json(scene.files.get('timestamp.json')).signed
      t.equal(timestamp.version, FIRST + 5, `${path} at ${at}: above`)
      t.same((await step(scene)).written, [], `${path} at ${at}: sound again`)
    }
  }
  const cut = { files: new Map(sound.files).set('timestamp.json', new Uint8Array()), now: START as number }
  t.same((await step(cut)).damaged, ['timestamp.json'], 'an empty file')
  const target = [...sound.files.keys()].find((path) => path.startsWith('targets/')) ?? ''
  const hurt = { files: new Map(sound.files).set(target, utf8('x')), now: START as number }
  t.same((await step(hurt)).written, ['targets/HASH.a.json'], 'a target file is what its name says')
})

t.test('an orphan of a crash is not used again', async (t) => {
  const scene = await begin()
  scene.files.set(`${FIRST + 7}.targets.json`, utf8('half'))
  const { written } = await step(scene, new Map([['a.json', utf8('[]')]]))
  t.ok(written.includes(`${FIRST + 8}.targets.json`), 'the next version is above it')
})

t.test('another key takes the place of ours', async (t) => {
  const scene = await begin()
  const next = keyOf(60)
  const rotate = (now: number) => advance(scene.files, null, { key: next, former: TUF_KEY, now: unixMillis(now) })
  const { written, damaged } = await rotate(START)
  t.same(damaged, [], 'what the old key signed is no damage')
  const version = FIRST + 1
  const inOrder = ['2.root.json', `${version}.targets.json`, `${version}.snapshot.json`, 'timestamp.json']
  t.same([...written.keys()], inOrder, 'above what clients have, within the same minute')
  const signers = (path: string) =>
    parseEnvelope(written.get(path) ?? new Uint8Array()).signatures.map((one) => one.keyId)
  const [old, ours] = [TUF_KEY, next].map(({ publicKey }) => ed25519Key(publicKey).id)
  t.same(signers('2.root.json'), [old, ours], 'the root by both')
  t.same(signers('timestamp.json'), [ours])
  t.same(json(written.get('2.root.json')).signed.roles.root, { keyids: [ours], threshold: 1 })
  for (let kept = 1; kept < inOrder.length; kept++) {
    const cut = { files: new Map([...scene.files, ...[...written].slice(0, kept)]), now: START + MINUTE_MS }
    const again = await advance(cut.files, null, { key: next, former: TUF_KEY, now: unixMillis(cut.now) })
    t.same(again.damaged, [], `interrupted after ${inOrder[kept - 1]}`)
    t.notOk(
      [...again.written.keys()].some((path) => path.endsWith('.root.json')),
      'the root is kept',
    )
    t.ok(again.written.has('timestamp.json'), 'and the rest made')
  }
  scene.files = new Map([...scene.files, ...written])
  t.same((await step(scene, WANTED, next)).written, [], 'from then on it is the key')
  t.match(await codeOf(() => step(scene)), /^IDENTITY_CHANGED/, 'and the old one is none')
  t.same([...(await rotate(START)).written.keys()], [], 'again: nothing is due')
  t.match(
    await codeOf(() => advance(new Map(), null, { key: next, former: TUF_KEY, now: START })),
    /^STORE_CORRUPT .*Start the server once/,
  )
})

t.test('a damaged root is refused: it cannot be made again', async (t) => {
  const scene = await begin()
  const bytes = scene.files.get('1.root.json') ?? new Uint8Array()
  const edit = (change: (signed: { [name: string]: unknown }) => void) => {
    const file = json(bytes)
    change(file.signed)
    return utf8(JSON.stringify(file))
  }
  const table: readonly (readonly [string, Uint8Array])[] = [
    ['no JSON', utf8('{')],
    ['another version', edit((signed) => Object.assign(signed, { version: 2 }))],
    ['another end', edit((signed) => Object.assign(signed, { expires: '2099-01-01T00:00:00Z' }))],
    ['no consistent snapshot', edit((signed) => Object.assign(signed, { consistent_snapshot: false }))],
    ['another type', edit((signed) => Object.assign(signed, { _type: 'targets' }))],
    ['no keys', edit((signed) => Object.assign(signed, { keys: {} }))],
    ['no roles', edit((signed) => Object.assign(signed, { roles: {} }))],
    ['a stranger’s signature', await signedBy(parseEnvelope(bytes).signed, 7)],
    ['no signature', formatEnvelope({ signed: parseEnvelope(bytes).signed, signatures: [] })],
  ]
  for (const [name, root] of table) {
    const hurt = { files: new Map(scene.files).set('1.root.json', root), now: START as number }
    t.match(await codeOf(() => step(hurt)), /^STORE_CORRUPT .*1\.root\.json/, name)
  }
  const gap = new Map(scene.files).set('3.root.json', bytes)
  t.match(await codeOf(() => step({ files: gap, now: START })), /^STORE_CORRUPT .*2\.root\.json is missing/)
  const twice = new Map(scene.files).set('2.root.json', bytes)
  t.match(await codeOf(() => step({ files: twice, now: START })), /^STORE_CORRUPT .*says that it is version 1/)
  t.match(await codeOf(() => step(scene, WANTED, keyOf(7))), /^IDENTITY_CHANGED .*tuf\.pem/, 'another key')
})

t.test('a root whose keys are kept elsewhere', async (t) => {
  const scene = await begin()
  const [online, offline, second] = [TUF_KEY, keyOf(50), keyOf(51)].map((key) => ed25519Key(key.publicKey))
  if (online === undefined || offline === undefined || second === undefined) throw new Error('no keys')
  const { signed } = parseEnvelope(scene.files.get('1.root.json') ?? new Uint8Array())
  const onlineRole = { keyids: [online.id], threshold: 1 }
  const next: JsonObject = {
    ...signed,
    version: 2,
    keys: {
      [online.id]: online.json,
      [offline.id]: offline.json,
      [second.id]: second.json,
      0: { keytype: 'ecdsa', scheme: 'x', keyval: { public: 'x' } },
    },
    roles: {
      root: { keyids: [offline.id, second.id], threshold: 2 },
      timestamp: onlineRole,
      snapshot: onlineRole,
      targets: onlineRole,
      mirrors: onlineRole,
    },
    'x-made-by': 'other tools',
  }
  const withRoot = async (...seeds: number[]) => new Map(scene.files).set('2.root.json', await signedBy(next, ...seeds))
  for (const seeds of [[1], [50, 51], [1, 50], [1, 50, 50]])
    t.match(
      await codeOf(async () => step({ files: await withRoot(...seeds), now: START })),
      /^STORE_CORRUPT/,
      String(seeds),
    )
  const taken: Scene = { files: await withRoot(1, 50, 51), now: START }
  t.same((await step(taken)).written, [], 'signed by the old key and both new ones')
  taken.now += 4000 * DAY_MS
  t.notOk((await step(taken)).written.includes('3.root.json'), 'we do not sign what is not ours to sign')
  const rotated = () => advance(taken.files, null, { key: keyOf(60), former: TUF_KEY, now: unixMillis(taken.now) })
  t.match(await codeOf(rotated), /^IDENTITY_CHANGED/, 'nor hand it on')
})

/** Sigstore's clients in JavaScript and Python follow our TUF repository: from its first root on, over new content and new roots. */

import { createPublicKey, verify } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { parseEnvelope, signedBytes } from '../../src/formats/tuf/envelope.ts'
import { sendError } from '../../src/http/errors.ts'
import { trust as trustRoutes } from '../../src/http/trust.ts'
import { rotateKey } from '../../src/trust/rotate.ts'
import { createTrust, type Trust, type TrustOptions } from '../../src/trust/trust.ts'
import { DAY_MS, keyOf, logOf, optionsFor, PUBLIC_CONFIG, TUF_KEY, testClock } from '../trust/support.ts'
import { client, type Finished, run, scratch } from './support.ts'

t.setTimeout(10 * 60_000)

const [npm, python] = [await client('sigstore-tuf'), await client('sigstore-python')]

type Files = ReadonlyMap<string, Uint8Array>

/** A client with a cache of its own. */
type Fetch = (repository: string, root: string, cache: string) => Promise<Finished>

const CLIENTS: Readonly<Record<string, Fetch>> = {
  'sigstore-js': (repository, root, cache) =>
    run(process.execPath, [join(npm, 'fetch.mjs'), repository, root, join(cache, 'js')]),
  'sigstore-python': (repository, root, cache) =>
    run(python, [new URL('pip/sigstore-python/fetch.py', import.meta.url).pathname, repository, root], {
      env: { ...process.env, XDG_DATA_HOME: join(cache, 'data'), XDG_CACHE_HOME: join(cache, 'cache') },
    }),
}

let served: Files = new Map()
const app = Fastify({ routerOptions: { maxParamLength: 512 } })
app.setErrorHandler(sendError)
app.register(trustRoutes(() => served))
const url = await app.listen({ port: 0, host: '127.0.0.1' })
t.teardown(() => app.close())
const repository = `${url}/trust/tuf`

const CA_AND_TSA = { config: PUBLIC_CONFIG, url: 'https://log.example' }

async function open(folder: string, more: Partial<TrustOptions> = {}): Promise<Trust> {
  const trust = await createTrust(optionsFor(join(folder, 'trust'), { ...CA_AND_TSA, ...more }))
  served = trust.files()
  return trust
}

/** The same repository after its key was changed. */
async function openRotated(folder: string, more: Partial<TrustOptions>): Promise<Files> {
  const now = (more.clock ?? testClock()).now()
  await rotateKey({ dir: join(folder, 'trust'), from: TUF_KEY, to: keyOf(60), now })
  return (await open(folder, { ...more, key: keyOf(60) })).files()
}

/** Where the client keeps what it knows, and the root that its user was given. */
async function caches(folder: string): Promise<{ cache: string; root: string }> {
  const [cache, root] = [join(folder, 'client'), join(folder, 'root.json')]
  await mkdir(cache, { recursive: true })
  await writeFile(root, served.get('tuf/1.root.json') ?? '')
  return { cache, root }
}

function text(files: Files, name: string): string {
  return Buffer.from(files.get(name) ?? []).toString()
}

function refuses(t: Test, done: Finished, why: RegExp, name: string): void {
  t.equal(done.code, 1, name)
  t.match(done.stderr, why, `${name}: for that reason`)
}

for (const [name, fetch] of Object.entries(CLIENTS)) {
  t.test(`${name} follows the repository`, async (t) => {
    const folder = await scratch(t)
    const clock = testClock(Date.now())
    const trust = await open(folder, { clock })
    const { cache, root } = await caches(folder)
    const got = async (why: string, logs: number) => {
      const done = await fetch(repository, root, cache)
      if (done.code !== 0) throw new Error(`${why}: ${done.stderr}`)
      t.match(
        JSON.parse(done.stdout),
        {
          trustedRoot: text(served, 'trusted_root.json'),
          signingConfig: text(served, 'signing_config.json'),
          logs,
          ...(name === 'sigstore-python' && { certificates: 3, authorities: 1 }),
        },
        why,
      )
    }
    await got('from the first root', 1)
    await got('again, with a cache', 1)
    clock.pass(DAY_MS)
    t.ok(await trust.refresh())
    served = trust.files()
    await got('a new timestamp', 1)
    const logs = async () => [logOf('v2', 'log.example'), logOf('w2', 'next.example')]
    const grown = await open(folder, { clock, logs })
    await got('another log', 2)
    await rm(join(folder, 'trust/tuf'), { recursive: true })
    clock.pass(60_000)
    await open(folder, { clock, logs })
    await got('a repository that was lost and made anew', 2)
    const before = served
    clock.pass(1827 * DAY_MS)
    const later = await open(folder, { clock, logs })
    t.ok(later.files().has('tuf/2.root.json'))
    await got('a new root', 2)
    served = before
    refuses(t, await fetch(repository, root, cache), /version/i, 'older than what was seen')
    served = grown.files()
    refuses(t, await fetch(repository, root, cache), /version/i, 'older still')
  })

  t.test(`${name} follows another key, and no more the old one`, async (t) => {
    const folder = await scratch(t)
    const clock = testClock(Date.now())
    await open(folder, { clock })
    const { cache, root } = await caches(folder)
    t.match(await fetch(repository, root, cache), { code: 0 })
    const logs = async () => [
      logOf('v2', 'log.example', { retiredAt: clock.now(), isCompromised: true }),
      logOf('w2', 'next.example'),
    ]
    const after = await openRotated(folder, { clock, logs })
    const young = join(folder, 'young')
    await mkdir(young)
    for (const [who, kept] of [
      ['one that knows the old key', cache],
      ['one that is given the first root now', young],
    ] as const) {
      const done = await fetch(repository, root, kept)
      t.equal(done.code, 0, `${who}: ${done.stderr}`)
      t.equal(
        JSON.parse(done.stdout).trustedRoot,
        text(after, 'trusted_root.json'),
        `${who}: what was stolen is not there`,
      )
    }
    clock.pass(DAY_MS)
    const forged = (await open(join(folder, 'thief'), { clock })).files()
    const roots = [...after].filter(([path]) => path.endsWith('.root.json'))
    served = new Map([...forged, ...roots])
    refuses(t, await fetch(repository, root, cache), /signed|signature/i, 'the thief, with newer files of the old key')
  })

  t.test(`${name} refuses what was not signed so`, async (t) => {
    const folder = await scratch(t)
    const clock = testClock(Date.now())
    const sound = (await open(folder, { clock })).files()
    const paths = [...sound.keys()].filter((path) =>
      /^tuf\/(timestamp|\d+\.(targets|snapshot)\.json|targets\/.*root)/.test(path),
    )
    t.equal(paths.length, 4)
    for (const path of paths) {
      served = sound
      const { cache, root } = await caches(join(folder, path.replaceAll('/', '-')))
      const bytes = sound.get(path) ?? new Uint8Array()
      const digit = bytes.findLastIndex((byte, at) => at < bytes.length / 2 && byte >= 0x30 && byte < 0x39)
      served = new Map(sound).set(
        path,
        bytes.map((byte, at) => (at === digit ? byte + 1 : byte)),
      )
      refuses(t, await fetch(repository, root, cache), /signed|signature|hash|length/i, `a digit of ${path}`)
    }
    served = sound
    const { cache, root } = await caches(join(folder, 'stranger'))
    await open(join(folder, 'other'), { clock, key: keyOf(77) })
    refuses(t, await fetch(repository, root, cache), /signed|signature/i, 'another key')
    await open(join(folder, 'old'), { clock: testClock(Date.now() - 8 * DAY_MS) })
    const late = await caches(join(folder, 'late'))
    refuses(t, await fetch(repository, late.root, late.cache), /expired/i, 'a timestamp that has ended')
  })
}

t.test('cosign follows another key', async (t) => {
  const cosign = await client('cosign')
  const folder = await scratch(t)
  const clock = testClock(Date.now())
  await open(folder, { clock })
  const { cache, root } = await caches(folder)
  const initialize = async () => {
    const args = ['initialize', '--mirror', repository, '--root', root]
    const { code, stderr } = await run(cosign, args, { env: { ...process.env, TUF_ROOT: cache, HOME: folder } })
    return { code, stderr, version: newestRoot(cache) }
  }
  t.match(await initialize(), { code: 0, version: 1 })
  await openRotated(folder, { clock })
  t.match(await initialize(), { code: 0, version: 2 }, 'from the root that its user was given first')
})

/** Of the root that cosign keeps, somewhere in its directory. */
function newestRoot(cache: string): number {
  const [path] = readdirSync(cache, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('root.json') && !path.includes('trusted'),
  )
  return JSON.parse(readFileSync(join(cache, path ?? ''), 'utf8')).signed.version
}

t.test('the public instance’s root was signed over our canonical form', async (t) => {
  const seeds = JSON.parse(readFileSync(join(npm, 'node_modules/@sigstore/tuf/seeds.json'), 'utf8'))
  const file = Buffer.from(seeds['https://tuf-repo-cdn.sigstore.dev']['root.json'], 'base64')
  const { signed, signatures } = parseEnvelope(file)
  const keys = JSON.parse(file.toString()).signed.keys as Record<string, { keyval: { public: string } }>
  const message = signedBytes(signed)
  const good = signatures.filter(({ keyId, signature }) => {
    const pem = keys[keyId]?.keyval.public
    return pem !== undefined && verify('sha256', message, createPublicKey(pem), signature)
  })
  t.ok(good.length >= 3, `${good.length} of ${signatures.length} signatures`)
})

/** A Rekor v1 log hands over to its next tree while its server runs: rekor-cli and cosign before, during and after. */

import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { localUrl } from './sigstore/publisher.ts'
import { client, colophon, type Finished, run, type Server, scratch, startServer } from './support.ts'

t.setTimeout(30 * 60_000)

interface Shard {
  readonly treeID: string
  readonly treeSize: number
}

async function fetched(server: Server, path: string): Promise<string> {
  const answer = await fetch(`${localUrl(server)}${path}`)
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`)
  return await answer.text()
}

async function shards(server: Server): Promise<readonly Shard[]> {
  const { inactiveShards, ...active } = JSON.parse(await fetched(server, '/api/v1/log'))
  return [...inactiveShards, active]
}

async function desk(t: Test) {
  const folder = await scratch(t)
  const server = await startServer(join(folder, 'data'), '--dialects', 'rekor-v1,rekor-v2')
  t.teardown(() => server.kill())
  const freeze = async (slug: string, next: string) =>
    t.match(await colophon('freeze', slug, '--next', next, '--yes', '--data', join(folder, 'data')), /takes its place/)
  return { at: (name: string) => join(folder, name), folder, server, freeze }
}

t.test('rekor-cli', async (t) => {
  const program = await client('rekor-cli')
  const { at, folder, server, freeze } = await desk(t)
  const env = { PATH: process.env.PATH ?? '', HOME: folder }
  const cli = async (command: string, ...flags: string[]): Promise<Finished> =>
    await run(program, [command, '--rekor_server', localUrl(server), ...flags], { cwd: folder, env })
  const must = async (command: string, ...flags: string[]) => {
    const done = await cli(command, ...flags)
    if (done.code !== 0) throw new Error(`rekor-cli ${command}: ${done.stdout}${done.stderr}`)
    return done.stdout
  }
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  await writeFile(at('key.pub'), pem(publicKey))

  /** A file of this name, signed once, and what it takes to upload it and to ask for it afterwards. */
  const filed = async (name: string) => {
    const content = Buffer.from(`the file ${name}\n`)
    if (!existsSync(at(`${name}.sig`))) await writeFile(at(`${name}.sig`), sign('sha256', content, privateKey))
    const sha = createHash('sha256').update(content).digest('hex')
    const whole = ['--type', 'hashedrekord:0.0.1', '--artifact-hash', sha, '--signature', `${name}.sig`]
    return { sha, whole: [...whole, '--public-key', 'key.pub', '--pki-format', 'x509'] }
  }
  const upload = async (name: string) =>
    /\b[0-9a-f]{80}\b/.exec(await must('upload', ...(await filed(name)).whole))?.[0] ?? ''

  const uuids = [await upload('a'), await upload('b')]
  t.match(await must('loginfo'), /Total Tree Size: +2\n/, 'it remembers the tree')
  uuids.push(await upload('c'))

  // A client that reads on through the change, one call after the other.
  let isOver = false
  let count = 0
  const reading = (async () => {
    for (; !isOver; count++) t.match(await must('get', '--log-index', '0'), new RegExp(uuids[0] ?? ''))
  })()
  await freeze('v1', 'v1b')
  const overview = await cli('loginfo')
  t.match(
    overview,
    { code: 0, stderr: /Successfully validated inactive shards/ },
    'what it remembers is what has ended',
  )
  t.notMatch(overview.stderr, /No previous log state[\s\S]*Successfully validated/, 'and it did remember')
  uuids.push(await upload('d'), await upload('a'))
  isOver = true
  await reading
  t.ok(count > 0)

  const [old, young] = await shards(server)
  t.match([old, young], [{ treeSize: 3 }, { treeSize: 2 }])
  t.match(await must('loginfo'), new RegExp(`Total Tree Size: +5\\n[\\s\\S]*TreeID: +${young?.treeID}`))
  for (const [index, uuid] of uuids.entries()) {
    t.match(await must('get', '--uuid', uuid), new RegExp(`UUID: ${uuid}`))
    t.match(await must('get', '--log-index', String(index)), new RegExp(`Index: ${index}\\n[\\s\\S]*UUID: ${uuid}`))
  }
  for (const name of ['a', 'b', 'c', 'd'])
    t.match(await must('verify', ...(await filed(name)).whole), /Inclusion Proof/, `${name}, in whichever tree it is`)
  const both = await must('search', '--sha', `sha256:${(await filed('a')).sha}`)
  for (const uuid of [uuids[0], uuids[4]])
    t.match(both, new RegExp(uuid ?? ''), 'a repeat in the next tree is found too')
  for (const [tree, last] of [
    [old, '3'],
    [young, '2'],
  ] as const)
    t.match(
      await must('logproof', '--first-size', '1', '--last-size', last, '--tree-id', tree?.treeID ?? ''),
      /[0-9a-f]{64}/,
      `a proof in the tree of ${last}`,
    )

  await t.test('another client that was asleep through two changes', async (t) => {
    await freeze('v1b', 'v1c')
    uuids.push(await upload('e'))
    t.match(await must('loginfo'), /Verification Successful!/)
    t.same(
      (await shards(server)).map(({ treeSize }) => treeSize),
      [3, 2, 1],
    )
    for (const [index, uuid] of uuids.entries())
      t.match(await must('get', '--log-index', String(index)), new RegExp(`UUID: ${uuid}`))
  })
  await server.stop()
  t.match(
    await colophon('fsck', '--data', at('data')),
    /v1: 3 entries, clean\n(.*\n)?v1b: 2 entries, clean\nv1c: 1 ent/,
  )
})

t.test('cosign, with bundles of both trees', async (t) => {
  const program = await client('cosign')
  const { at, folder, server, freeze } = await desk(t)
  const env = { PATH: process.env.PATH ?? '', HOME: folder, COSIGN_PASSWORD: '' }
  const cosign = (...argv: readonly string[]) => run(program, argv, { cwd: folder, env })
  const must = async (...argv: readonly string[]) => t.match(await cosign(...argv), { code: 0 }, argv.join(' '))
  const trust = async (suffix: string) => {
    for (const name of ['trusted_root.json', 'signing_config.v1.json'])
      await writeFile(at(`${suffix}-${name}`), await fetched(server, `/trust/${name}`))
    return `${suffix}-trusted_root.json`
  }
  await writeFile(at('file'), 'a file\n')
  await must('generate-key-pair')
  const signing = (name: string, suffix: string) => {
    const config = ['--signing-config', `${suffix}-signing_config.v1.json`]
    const root = ['--trusted-root', `${suffix}-trusted_root.json`]
    return ['sign-blob', '--yes', '--key', 'cosign.key', ...config, ...root, '--bundle', name, 'file']
  }
  const signed = async (name: string, suffix: string) => {
    await must(...signing(name, suffix))
    const [entry] = JSON.parse(await readFile(at(name), 'utf8')).verificationMaterial.tlogEntries
    return { index: Number(entry.logIndex ?? 0), keyId: entry.logId.keyId as string }
  }
  const outcome = async (bundle: string, root: string) =>
    (await cosign('verify-blob', '--key', 'cosign.pub', '--bundle', bundle, '--trusted-root', root, 'file')).code

  const before = await trust('before')
  const old = await signed('old.json', 'before')
  await colophon('log', 'create', 'v1b', '--after', 'v1', '--data', at('data'))
  const between = await trust('between')
  t.equal((await signed('still-old.json', 'between')).keyId, old.keyId, 'the next one waits')
  await freeze('v1', 'v1b')
  const after = await trust('after')
  const young = await signed('new.json', 'after')
  t.not(young.keyId, old.keyId)
  t.equal(young.index, old.index + 2, 'counted over both trees')
  t.equal((await signed('ahead.json', 'between')).keyId, young.keyId, 'who heard of it in advance signs on')
  t.equal((await cosign(...signing('late.json', 'before'))).code, 1, 'who did not fetches the files again')
  for (const [bundle, root, code] of [
    ['old.json', after, 0],
    ['still-old.json', after, 0],
    ['new.json', after, 0],
    ['ahead.json', after, 0],
    ['old.json', between, 0],
    ['new.json', between, 0],
    ['old.json', before, 0],
    ['new.json', before, 1],
  ] as const)
    t.equal(await outcome(bundle, root), code, `${bundle} with ${root}`)
  await server.stop()
})

function pem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString()
}

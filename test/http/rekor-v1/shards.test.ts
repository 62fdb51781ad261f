/** A Rekor v1 log hands over from one tree to the next while its server runs and clients read and write. */

import { existsSync, readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import t from 'tap'
import { closeCrypto } from '../../../src/crypto/node.ts'
import { type Hash, treeSize } from '../../../src/kernel/brand.ts'
import { parseHex, utf8 } from '../../../src/kernel/bytes.ts'
import { verifyConsistency } from '../../../src/kernel/proof.ts'
import { command, scratch } from '../../cli/support.ts'
import * as make from '../../dialects/rekor-v1/support.ts'
import { P256, P384, P521, RSA } from '../../dialects/rekor-v2/support.ts'
import { ask, type TestServer } from '../support.ts'
import { ENTRIES, entryIn, json, post, said, startServer } from './support.ts'

t.teardown(closeCrypto)

interface LogInfo {
  readonly rootHash: string
  readonly treeSize: number
  readonly treeID: string
  readonly inactiveShards: readonly LogInfo[]
}

const info = async (server: TestServer) => (await json(server, '/api/v1/log')) as LogInfo
const idOf = (answer: { text: string }) => Object.keys(JSON.parse(answer.text))[0] ?? ''
const treeOf = (id: string) => String(BigInt(`0x${id.slice(0, 16)}`))
const freeze = (server: TestServer, slug: string, ...more: readonly string[]) =>
  command(['freeze', slug, '--yes', '--data', server.dir, ...more])

/** One connection, kept open; every answer must come over it. Returns what ends the reading, with the answers and sockets used. */
function keepReading(server: TestServer, path: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const sockets = new Set<unknown>()
  const statuses: number[] = []
  let isOver = false
  const read = () =>
    new Promise<void>((resolve, reject) => {
      const call = request({ host: '127.0.0.1', port: server.port, path, agent }, (response) => {
        sockets.add(response.socket)
        statuses.push(response.statusCode ?? 0)
        response.resume().on('end', resolve).on('error', reject)
      })
      call.on('error', reject).end()
    })
  const reading = (async () => {
    while (!isOver) await read()
  })()
  return async () => {
    isOver = true
    await reading
    agent.destroy()
    return { statuses: [...new Set(statuses)], count: statuses.length, connections: sockets.size }
  }
}

t.test('the next tree takes over; nobody who reads notices, no writer is lost', async (t) => {
  const www = join(scratch(t), 'www')
  const server = await startServer(t, ['--publish', www, '--duplicates', 'conflict'])
  const first = [P256, P384].map((key) => make.hashedRekord(key))
  const ids: string[] = []
  for (const proposal of first) ids.push(idOf(await post(server, ENTRIES, proposal)))
  const before = await info(server)
  const oldKey = (await ask(server, '/api/v1/log/publicKey')).text
  const stopReading = keepReading(server, `${ENTRIES}?logIndex=0`)

  // Writers that go on through the change, each with an entry of its own, as clients do: again after 503.
  const written: string[] = []
  let isOver = false
  const writing = [0, 1, 2].map(async (writer) => {
    for (let i = 0; !isOver || i < 3; i++) {
      const proposal = make.hashedRekord({ ...P256, message: utf8(`${writer}/${i}`) })
      let answer = await post(server, ENTRIES, proposal)
      while (answer.status === 503) answer = await post(server, ENTRIES, proposal)
      if (answer.status !== 201) throw new Error(answer.text)
      written.push(idOf(answer))
    }
  })
  const done = await freeze(server, 'v1', '--next', 'v1b')
  t.match(done, { code: 0, printed: /^v1 \(localhost - \d+\) IS FROZEN at \d+ entries.*\nv1b .* takes its place\n/ })
  isOver = true
  await Promise.all(writing)
  const { statuses, count, connections } = await stopReading()
  t.match([statuses, connections], [[200], 1], `${count} reads over one connection, each answered`)

  const after = await info(server)
  t.match(after.inactiveShards, [{ treeID: before.treeID }])
  t.not(after.treeID, before.treeID)
  const [old] = after.inactiveShards
  if (old === undefined) throw new Error('the old tree is gone')
  t.equal(new Set(written).size, written.length)
  for (const id of [...ids, ...written]) {
    const [found, entry] = await entryIn(t, server, await json(server, `${ENTRIES}/${id}`))
    t.equal(found, id)
    const isOld = treeOf(id) === before.treeID
    t.equal(entry.logIndex - entry.verification.inclusionProof.logIndex, isOld ? 0 : old.treeSize)
  }
  t.equal(old.treeSize + after.treeSize, ids.length + written.length, 'every entry is in one of the trees')
  for (let index = 0; index < old.treeSize + after.treeSize; index++) {
    const [id] = await entryIn(t, server, await json(server, `${ENTRIES}?logIndex=${index}`))
    t.equal(treeOf(id), index < old.treeSize ? before.treeID : after.treeID)
  }
  const proof = `/api/v1/log/proof?firstSize=2&lastSize=${old.treeSize}&treeID=${before.treeID}`
  const { hashes } = (await json(server, proof)) as { hashes: string[] }
  const heads = [before, old].map((log) => ({ size: treeSize(log.treeSize), root: parseHex(log.rootHash) as Hash }))
  verifyConsistency(
    ...(heads as [(typeof heads)[0], (typeof heads)[0]]),
    hashes.map((text) => parseHex(text) as Hash),
  )
  t.equal((await ask(server, `/api/v1/log/publicKey?treeID=${before.treeID}`)).text, oldKey)
  t.not((await ask(server, '/api/v1/log/publicKey')).text, oldKey)

  await t.test('a repeat in the next tree is a new entry, and a search finds both', async (t) => {
    const again = await post(server, ENTRIES, first[0])
    t.equal(again.status, 201)
    const hash = `sha256:${first[0]?.spec.data.hash.value}`
    const found = JSON.parse((await post(server, '/api/v1/index/retrieve', { hash })).text)
    t.same(
      found.filter((id: string) => id.endsWith(ids[0]?.slice(16) ?? '')),
      [ids[0], idOf(again)],
    )
    t.match(said(await post(server, ENTRIES, first[0])), /^409 409 .* with UUID/)
    t.equal(
      treeOf((await post(server, ENTRIES, first[0])).headers.location?.slice(ENTRIES.length + 1) as string),
      after.treeID,
    )
  })

  await t.test('what else says so', async (t) => {
    const logs = JSON.parse((await ask(server, '/logs')).text).logs
    t.match(logs, [
      { slug: 'v1', state: 'frozen' },
      { slug: 'v2', state: 'active' },
      { slug: 'v1b', state: 'active' },
    ])
    t.equal((await ask(server, '/readyz')).status, 200)
    const { text } = await ask(server, '/metrics')
    for (const line of ['colophon_log_frozen{log="v1"} 1', 'colophon_log_frozen{log="v1b"} 0'])
      t.match(text, `${line}\n`)
    t.match(text, /^colophon_tree_size\{log="v1b",kind="published"\} [1-9]/m)
    const { tlogs } = JSON.parse((await ask(server, '/trust/trusted_root.json')).text)
    t.match(tlogs.length, 3)
    t.ok(tlogs[0].publicKey.validFor.end >= tlogs[2].publicKey.validFor.start.slice(0, 19))
    const { rekorTlogUrls } = JSON.parse((await ask(server, '/trust/signing_config.v1.json')).text)
    t.match(rekorTlogUrls, [{ validFor: { end: undefined } }, { validFor: { end: /^20/ } }], 'newest first')
    t.equal(new Set(rekorTlogUrls.map((each: { url: string }) => each.url)).size, 1, 'one address')
    for (const slug of ['v1', 'v1b'])
      t.equal(
        readFileSync(join(server.dir, 'trust', `${slug}.pem`), 'utf8'),
        (await ask(server, `/trust/${slug}.pem`)).text,
      )
    t.match((await ask(server, '/trust/policy')).text, /^log localhost\/\d+\+.*\n(.*\n)?log localhost\+/m)
  })

  t.equal(await server.stop(), 0)
  for (const [slug, size] of [
    ['v1', old.treeSize],
    ['v1b', after.treeSize + 1],
  ] as const)
    t.match(
      readFileSync(join(www, slug, 'checkpoint'), 'utf8').split('\n')[1],
      String(size),
      `the copy of ${slug} is whole`,
    )
  t.match(await command(['fsck', '--data', server.dir]), {
    code: 0,
    printed: /v1: \d+ entries, clean\n.*\nv1b: \d+ ent/,
  })
  const again = await startServer(t, [], server.dir)
  t.match(await info(again), { ...after, treeSize: after.treeSize + 1, rootHash: /./, signedTreeHead: /./ })
})

t.test('a tree that is made long before its turn', async (t) => {
  const server = await startServer(t)
  const before = await info(server)
  const created = await command(['log', 'create', 'next', '--after', 'v1', '--data', server.dir])
  t.match(created, { code: 0, printed: /^next {2}rekor-v1 {2}waiting / })
  t.match(await json(server, '/logs/next'), { state: 'waiting', size: 0 })
  t.same(await info(server), before, 'clients of the API hear nothing')
  const pem = (await ask(server, '/trust/next.pem')).text
  t.match(pem, /BEGIN PUBLIC KEY/, 'but it is in the trust files')
  const counts = async () => [
    JSON.parse((await ask(server, '/trust/trusted_root.json')).text).tlogs.length,
    JSON.parse((await ask(server, '/trust/signing_config.v1.json')).text).rekorTlogUrls.length,
  ]
  t.same(await counts(), [3, 1], 'trusted from now on, written to later')
  t.equal(treeOf(idOf(await post(server, ENTRIES, make.hashedRekord(P256)))), before.treeID)
  await server.stop()
  const again = await startServer(t, [], server.dir)
  t.equal((await info(again)).treeID, before.treeID, 'a restart changes nothing')
  t.match(await freeze(again, 'v1'), { code: 0, printed: /^v1 .* FROZEN at 1 .*\nnext .* takes its place\n/ })
  t.equal((await ask(again, '/api/v1/log/publicKey')).text, pem)
  const [, entry] = await entryIn(t, again, JSON.parse((await post(again, ENTRIES, make.hashedRekord(P384))).text))
  t.equal(entry.logIndex, 1)
  await again.stop()
})

t.test('the last tree of a host', async (t) => {
  const server = await startServer(t)
  t.equal((await post(server, ENTRIES, make.hashedRekord(P256))).status, 201)
  t.match(await freeze(server, 'v1'), { code: 0, warned: /nothing takes its place for localhost/ })
  const { treeID } = await info(server)
  t.match(
    said(await post(server, ENTRIES, make.hashedRekord(P384))),
    /^405 405 the log is frozen and takes no entries$/,
  )
  t.match(await freeze(server, 'v1', '--next', 'v1b'), {
    code: 0,
    printed: /^v1 is frozen already\nv1b .* takes its place/,
  })
  t.equal((await post(server, ENTRIES, make.hashedRekord(P384))).status, 201, 'at once')
  t.match(await freeze(server, 'v1b'), { code: 0 })
  t.match(await info(server), { treeSize: 1, inactiveShards: [{ treeID, treeSize: 1 }] }, 'the newest is the main one')
  for (const index of [0, 1]) await entryIn(t, server, await json(server, `${ENTRIES}?logIndex=${index}`))
})

t.test('three trees, and as many as one likes', async (t) => {
  const server = await startServer(t)
  const keys = [P256, P384, P521, RSA[0]]
  for (const [at, key] of keys.entries()) {
    t.equal((await post(server, ENTRIES, make.hashedRekord(key))).status, 201)
    if (at < 3) t.equal((await freeze(server, at === 0 ? 'v1' : `t${at}`, '--next', `t${at + 1}`)).code, 0)
  }
  for (const at of keys.keys()) {
    const [id, entry] = await entryIn(t, server, await json(server, `${ENTRIES}?logIndex=${at}`))
    t.equal(entry.logIndex, at)
    await entryIn(t, server, await json(server, `${ENTRIES}/${id}`))
    const { promise } = (await json(server, `/logs/${at === 0 ? 'v1' : `t${at}`}/entries/0`)) as never
    t.match(
      promise,
      { logId: entry.logID, logIndex: at, integratedTime: entry.integratedTime },
      'the small API promises it too',
    )
  }
  t.equal((await info(server)).inactiveShards.length, 3)
  t.notOk(existsSync(join(server.dir, 'log.db-journal')))
})

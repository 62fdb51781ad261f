import t from 'tap'
import { closeCrypto } from '../../../src/crypto/node.ts'
import { parseCheckpoint } from '../../../src/formats/c2sp/checkpoint.ts'
import { parseNote } from '../../../src/formats/c2sp/note.ts'
import { type Hash, treeSize } from '../../../src/kernel/brand.ts'
import { hex, parseHex, utf8 } from '../../../src/kernel/bytes.ts'
import { EMPTY_ROOT } from '../../../src/kernel/hash.ts'
import { verifyConsistency } from '../../../src/kernel/proof.ts'
import { command } from '../../cli/support.ts'
import * as make from '../../dialects/rekor-v1/support.ts'
import { P256, P384, P521, RSA } from '../../dialects/rekor-v2/support.ts'
import { ask } from '../support.ts'
import { ENTRIES, entryIn, json, post, said, startServer } from './support.ts'

t.teardown(closeCrypto)

interface LogInfo {
  readonly rootHash: string
  readonly treeSize: number
  readonly signedTreeHead: string
  readonly treeID: string
  readonly inactiveShards: readonly LogInfo[]
}

const info = async (server: { port: number }) => (await json(server, '/api/v1/log')) as LogInfo
const headOf = (log: LogInfo) => ({ size: treeSize(log.treeSize), root: parseHex(log.rootHash) as Hash })

t.test('from the empty tree on', async (t) => {
  const server = await startServer(t)
  const empty = await info(server)
  t.match(empty, { treeSize: 0, rootHash: hex(EMPTY_ROOT), inactiveShards: [] })
  t.match(empty.treeID, /^[1-9]\d{0,18}$/, 'a string: the number is beyond 2^53')
  t.match(
    said(await ask(server, '/api/v1/log/proof?lastSize=1')),
    /^400 400 the tree size requested\(1\) was greater than what is currently observable\(0\)/,
  )
  const heads = []
  for (const key of [P256, P384, P521, RSA[0]]) {
    t.equal((await post(server, ENTRIES, make.hashedRekord(key))).status, 201)
    const log = await info(server)
    const { text, signatures } = parseNote(utf8(log.signedTreeHead))
    const signed = parseCheckpoint(text)
    t.same([signed.size, hex(signed.root), signatures.length], [log.treeSize, log.rootHash, 1])
    t.equal(signed.origin, `${signatures[0]?.name} - ${log.treeID}`)
    heads.push(headOf(log))
  }
  for (const [first, last] of [
    [1, 2],
    [1, 4],
    [3, 4],
    [2, 2],
  ] as const)
    for (const tree of ['', '&treeID=', `&treeID=${empty.treeID}`]) {
      const proof = (await json(server, `/api/v1/log/proof?firstSize=${first}&lastSize=${last}${tree}`)) as {
        rootHash: string
        hashes: string[]
      }
      t.equal(proof.rootHash, hex(heads[3]?.root ?? EMPTY_ROOT), 'the root of now')
      const [older, newer] = [heads[first - 1], heads[last - 1]]
      if (older === undefined || newer === undefined) throw new Error('no such head')
      verifyConsistency(
        older,
        newer,
        proof.hashes.map((text) => parseHex(text) as Hash),
      )
    }
  t.same(((await json(server, '/api/v1/log/proof?lastSize=4')) as { hashes: string[] }).hashes.length, 2, 'from 1 on')
  for (const [query, answer] of [
    ['', /^422 602 lastSize in query is required/],
    ['?firstSize=0&lastSize=1', /^422 609 firstSize in query should be greater than or equal to 1/],
    ['?firstSize=3&lastSize=2', /^400 400 firstSize\(3\) must be less than lastSize\(2\)/],
    ['?lastSize=5', /^400 400 the tree size requested\(5\)/],
    ['?lastSize=1&treeID=1', /^400 400 treeID in query: there is no such tree/],
    ['?lastSize=1&treeID=x', /^400 400 treeID in query: not the number of a tree/],
  ] as const)
    t.match(said(await ask(server, `/api/v1/log/proof${query}`)), answer, query)
  const key = await ask(server, '/api/v1/log/publicKey?treeID=')
  t.match(key, { status: 200, text: /^-----BEGIN PUBLIC KEY-----\n/ })
  t.match(key.headers['content-type'], /^application\/x-pem-file/)
  t.equal((await ask(server, '/trust/v1.pem')).text, key.text)
  t.equal((await ask(server, '/ping')).text, '.')
  t.equal((await ask(server, '/api/v1/version')).status, 200)
})

t.test('the whole note elsewhere has the Ed25519 line first', async (t) => {
  const server = await startServer(t)
  const { text, signatures } = parseNote(new Uint8Array((await ask(server, '/logs/v1/checkpoint')).bytes))
  const shown = parseNote(utf8((await info(server)).signedTreeHead))
  t.same(shown.text, text, 'one text')
  const { treeID } = await info(server)
  t.same(
    signatures.map(({ name }) => name),
    [`localhost/${treeID}`, 'localhost', `localhost/${treeID}`],
  )
  t.same(shown.signatures, signatures.slice(1, 2), 'and of its lines the one that Rekor v1 knows')
})

t.test('a tree ends, and the next one goes on counting', async (t) => {
  const first = await startServer(t)
  for (const key of [P256, P384]) await post(first, ENTRIES, make.hashedRekord(key))
  const before = await info(first)
  await first.stop()
  const data = ['--data', first.dir]
  const create = ['log', 'create', 'v1b', '--origin', 'localhost', '--dialect', 'rekor-v1', ...data]
  t.match(
    (await command(create)).warned,
    /^LOG_EXISTS: log v1 takes entries for localhost: give --after v1, and the new tree waits/,
  )
  t.equal((await command(['retire', 'v1', '--yes', ...data])).code, 0)
  t.equal((await command(create)).code, 0)
  const next = await startServer(t, [], first.dir)
  const empty = await info(next)
  t.match(empty, { treeSize: 0, inactiveShards: [{ treeID: before.treeID, treeSize: 2, rootHash: before.rootHash }] })
  const repeat = await post(next, ENTRIES, make.hashedRekord(P256))
  const [id, entry] = await entryIn(t, next, JSON.parse(repeat.text))
  t.equal(BigInt(`0x${id.slice(0, 16)}`), BigInt(empty.treeID), 'an entry of the old tree is new in the next')
  t.same([entry.logIndex, entry.verification.inclusionProof.logIndex], [2, 0], 'over all trees, and in its own')
  for (const index of [0, 1, 2]) {
    const [found, { logIndex }] = await entryIn(t, next, await json(next, `${ENTRIES}?logIndex=${index}`))
    t.equal(logIndex, index)
    t.equal(BigInt(`0x${found.slice(0, 16)}`), BigInt(index < 2 ? before.treeID : empty.treeID))
  }
  const [newest] = await entryIn(t, next, await json(next, `${ENTRIES}/${id.slice(16)}`))
  t.equal(newest, id, 'by a hash alone, the newest')
  const old = `${BigInt(before.treeID).toString(16).padStart(16, '0')}${id.slice(16)}`
  t.equal((await entryIn(t, next, await json(next, `${ENTRIES}/${old}`)))[0], old, 'by ID, the one that is meant')
  t.match(await json(next, `/api/v1/log/proof?firstSize=1&lastSize=2&treeID=${before.treeID}`), { hashes: [/./] })
  const both = await post(next, '/api/v1/index/retrieve', {
    hash: `sha256:${make.hashedRekord(P256).spec.data.hash.value}`,
  })
  t.same(JSON.parse(both.text).sort(), [id, old].sort(), 'a search finds both')
  await next.stop()
  t.equal((await command(['fsck', ...data])).code, 0, 'and fsck is content')
})

/** A Rekor v1 log of one tree or several that serves whatever it is told. Hashes are the reference's. */

import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { formatNote, uint32 } from '../../src/formats/c2sp/note.ts'
import { formatLogKey } from '../../src/formats/log-key.ts'
import { concat, hex, parseUtf8, utf8 } from '../../src/kernel/bytes.ts'
import { leafHash } from '../../src/kernel/hash.ts'
import type { Scope } from '../cli/support.ts'
import { treeOf } from '../reference/rfc6962.ts'

const HOST = 'lying.example'

export interface Tree {
  readonly id: string
  entries: readonly Uint8Array[]
  /** What it proves things with, where that is not the tree that it signs. */
  proofs: (hashes: string[]) => string[]
  /** What it shows in the place of an entry. */
  shown: (entry: Uint8Array, index: number) => Uint8Array
  /** By which it names it. */
  leaf: (entry: Uint8Array, shown: Uint8Array) => Uint8Array
  /** `HOST+ID+…`, as --log-key takes it. */
  readonly key: string
}

export interface LyingRekor {
  readonly url: string
  /** The active one last. */
  readonly trees: Tree[]
  readonly asked: string[]
  /** A new tree, which becomes the active one. */
  begin(id: string, entries: readonly Uint8Array[]): Tree
  /** Of whose key nothing can be learned. */
  hideKey(id: string | null): void
  failWith(status: number): void
}

interface Signing extends Tree {
  readonly pem: string
  note(): string
}

function treeWith(id: string, entries: readonly Uint8Array[]): Signing {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))
  const keyId = uint32(new Uint8Array(createHash('sha256').update(spki).digest()))
  return {
    id,
    entries,
    proofs: (hashes) => hashes,
    shown: (entry) => entry,
    leaf: leafHash,
    key: formatLogKey({ kind: 'rekor', host: HOST, spki }),
    pem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    note() {
      const size = this.entries.length
      const root = Buffer.from(treeOf(this.entries).mth(0n, BigInt(size))).toString('base64')
      const text = utf8(`${HOST} - ${id}\n${size}\n${root}\n`)
      const signature = new Uint8Array(sign('sha256', text, privateKey))
      return parseUtf8(formatNote({ text, signatures: [{ name: HOST, keyId, signature }] }))
    },
  }
}

export async function lyingRekor(scope: Scope): Promise<LyingRekor> {
  const trees: Signing[] = []
  const asked: string[] = []
  let hidden: string | null = null
  let failing = 0
  const headOf = (tree: Signing) => ({ treeID: tree.id, treeSize: tree.entries.length, signedTreeHead: tree.note() })
  const of = (id: string | null) => trees.find((tree) => tree.id === id)

  const answers: Readonly<Record<string, (query: URLSearchParams, body: string) => unknown>> = {
    '/api/v1/log': () => {
      const [active, ...earlier] = trees.toReversed().map(headOf)
      return { ...active, rootHash: '', inactiveShards: earlier.toReversed() }
    },
    '/api/v1/log/publicKey': (query) => (query.get('treeID') === hidden ? undefined : of(query.get('treeID'))?.pem),
    '/api/v1/log/proof': (query) => {
      const tree = of(query.get('treeID'))
      const [first, last] = ['firstSize', 'lastSize'].map((name) => BigInt(query.get(name) ?? '0'))
      const proof = treeOf(tree?.entries ?? []).proof(first ?? 0n, last ?? 0n)
      return { rootHash: '', hashes: tree?.proofs(proof.map((one) => hex(one))) }
    },
    '/api/v1/log/entries/retrieve': (_, body) =>
      (JSON.parse(body) as { logIndexes: number[] }).logIndexes.flatMap((index) => entryAt(trees, index)),
  }

  const server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://x')
    asked.push(pathname)
    const answer = answers[pathname]?.(searchParams, Buffer.concat(parts).toString())
    if (failing !== 0 || answer === undefined)
      response.writeHead(failing === 0 ? 404 : failing, { 'retry-after': '3600' }).end()
    else response.end(typeof answer === 'string' ? answer : JSON.stringify(answer))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  scope.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    trees,
    asked,
    begin(id, entries) {
      const tree = treeWith(id, entries)
      trees.push(tree)
      return tree
    },
    hideKey(id) {
      hidden = id
    },
    failWith(status) {
      failing = status
    },
  }
}

/** Entries are counted over all trees. */
function entryAt(trees: readonly Signing[], index: number): object[] {
  let before = 0
  for (const tree of trees) {
    const { entries } = tree
    if (index < before + entries.length) {
      const at = index - before
      const entry = entries[at] ?? new Uint8Array()
      const shown = tree.shown(entry, at)
      const path = treeOf(entries).path(BigInt(at), 0n, BigInt(entries.length))
      const id = hex(concat(new Uint8Array(8), tree.leaf(entry, shown)))
      const inclusionProof = {
        checkpoint: tree.note(),
        logIndex: at,
        hashes: tree.proofs(path.map((one) => hex(one))),
      }
      return [
        { [id]: { body: Buffer.from(shown).toString('base64'), logIndex: index, verification: { inclusionProof } } },
      ]
    }
    before += entries.length
  }
  return []
}

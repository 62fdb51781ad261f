import t from 'tap'
import { parseTreeOrigin } from '../../../src/formats/sigstore/tree-id.ts'
import { entryById } from '../../../src/http/rekor-v1/trees.ts'
import { leafIndex, treeSize, unixMillis } from '../../../src/kernel/brand.ts'
import { utf8 } from '../../../src/kernel/bytes.ts'
import { leafHash } from '../../../src/kernel/hash.ts'
import type { Log } from '../../../src/log/log.ts'

const leaf = utf8('{"apiVersion":"0.0.1","kind":"dsse","spec":{}}')

t.test('an index that leads to another entry than was asked for is the fault of the store', async (t) => {
  const log = {
    published: () => ({ size: treeSize(1), root: leafHash(leaf), time: unixMillis(0), note: utf8('') }),
    find: async () => ({ index: leafIndex(0), time: unixMillis(0) }),
    entry: async () => leaf,
    nodes: async () => [],
    promise: async () => null,
  } as Partial<Log> as Log
  const tree = { ...parseTreeOrigin('log.example - 7'), spki: new Uint8Array(), logId: new Uint8Array(32) }
  const shard = { log, tree, entriesBefore: 0 }
  const asked = (hash: Uint8Array) => entryById([shard], { treeId: null, leafHash: hash })
  await t.rejects(asked(leafHash(utf8('another'))), { code: 'STORE_CORRUPT', message: /^leaf 0 is another/ })
  await t.rejects(asked(leafHash(leaf)), { code: 'NOTE_MALFORMED' }, 'the right one goes on, to the checkpoint')
})

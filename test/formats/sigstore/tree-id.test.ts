import t from 'tap'
import {
  formatEntryId,
  formatTreeOrigin,
  hostOfOrigin,
  parseEntryId,
  parseTreeOrigin,
  treeIdOfKey,
  treeKeyName,
} from '../../../src/formats/sigstore/tree-id.ts'
import { hex, parseHex } from '../../../src/kernel/bytes.ts'
import { refused } from '../support.ts'

// The public log's: rekor.md has the entry it is of.
const TREE = 1193050959916656506n
const LEAF = '251d7335e207fb694536143ecff500072df1cae8f388a9c181794f31e1b2d42e'
const ID = `108e9186e8c5677a${LEAF}`

t.test('the ID of an entry', async (t) => {
  t.equal(formatEntryId(TREE, parseHex(LEAF)), ID)
  t.equal(formatEntryId(1n, parseHex(LEAF)), `0000000000000001${LEAF}`)
  for (const text of [ID, ID.toUpperCase()]) t.same(parseEntryId(text), { treeId: TREE, leafHash: parseHex(LEAF) })
  t.same(parseEntryId(LEAF.toUpperCase()), { treeId: null, leafHash: parseHex(LEAF) })
  for (const text of [
    '',
    LEAF.slice(1),
    `${LEAF}00`,
    ID.replace('1', 'g'),
    `${'0'.repeat(16)}${LEAF}`,
    `8${ID.slice(1)}`,
  ])
    refused(() => parseEntryId(text), 'HEX_MALFORMED', text)
})

t.test('the origin of a tree', async (t) => {
  const origin = 'rekor.sigstore.dev - 1193050959916656506'
  t.equal(formatTreeOrigin('rekor.sigstore.dev', TREE), origin)
  t.same(parseTreeOrigin(origin), { host: 'rekor.sigstore.dev', treeId: TREE })
  t.equal(hostOfOrigin(origin), 'rekor.sigstore.dev')
  t.equal(hostOfOrigin('log.example'), 'log.example')
  for (const text of ['', 'log.example', 'log.example - 0', 'log.example - 01', 'a b - 1', 'log.example - 1 '])
    refused(() => parseTreeOrigin(text), 'CHECKPOINT_MALFORMED', text)
})

t.test('the number that a key makes', async (t) => {
  t.equal(treeIdOfKey(parseHex(`ffffffffffffffff${LEAF.slice(16)}`)), 2n ** 63n - 1n)
  t.equal(treeIdOfKey(parseHex(`8000000000000000${LEAF.slice(16)}`)), 1n, 'never zero')
  t.equal(hex(parseEntryId(formatEntryId(treeIdOfKey(parseHex(LEAF)), parseHex(LEAF))).leafHash), LEAF)
})

t.test('the name of a key by the origin of its tree', async (t) => {
  t.equal(treeKeyName(formatTreeOrigin('log.example', TREE)), `log.example/${TREE}`)
  for (const origin of ['log.example', 'log.example/1', 'log.example - 0', 'a b - 1'])
    t.equal(treeKeyName(origin), null)
})

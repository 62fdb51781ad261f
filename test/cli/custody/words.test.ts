/** What statements call things, where it could pass for what we say of them. */

import t from 'tap'
import { dotOf, mermaidOf } from '../../../src/cli/custody/formats.ts'
import type { Graph, GraphNode } from '../../../src/cli/custody/graph.ts'
import { nameOf, wordOf } from '../../../src/cli/custody/words.ts'
import { desk, digest, provenance, STATEMENT } from './support.ts'

const { serverWith, mine, signer, stranger } = desk(t)
const [MODEL, BASE] = [digest(1), digest(2)]

t.test('plain names stand as they are, others in quotes', (t) => {
  for (const name of [
    '',
    'toy-F16.gguf',
    'docs/1.txt',
    '.args',
    'git+https://a.example/b?c=1#d',
    'Ärger 漢字 2',
    'pkg:oci/a@1',
  ])
    t.equal(nameOf(name), name)
  for (const [name, seen] of [
    ['x [verified]', '"x [verified]"'],
    ['x  y', '"x  y"'],
    ['good sha256:7d03936255fe', '"good sha256:7d03936255fe"'],
    ['a"b\\', '"a\\"b\\\\"'],
    ['└─ x', '"└─ x"'],
    ['\u0338over', '"\u0338over"'],
    [' x', '" x"'],
  ] as const)
    t.equal(nameOf(name), seen)
  t.equal(wordOf('base-model'), 'base-model')
  t.equal(wordOf('weights toy'), '"weights toy"')
  t.end()
})

const named = (name: string): Graph => {
  const node: GraphNode = { id: `sha256:${MODEL}`, name, about: [], faults: [], withdrawn: [] }
  return { root: node.id, nodes: new Map([[node.id, node]]), edges: [], together: [], upstream: new Set() }
}

t.test('nothing in a label is what Mermaid or Graphviz look for', (t) => {
  for (const name of ['toy%%{init: {}}%%x', '%%{wrap}%%', '$$x^2$$', 'fa:fa-spinner', '&#x202e;', '#59;', 'ﬂ°°60¶ß']) {
    const [label = ''] = /(?<=\[").*(?="\])/.exec(mermaidOf(named(name))) ?? []
    t.match(label, /^([\p{L}\p{N} ._-]|#\d+;)+$/u, name)
    t.notMatch(dotOf(named(name)), /&(?!amp;)/, name)
  }
  t.end()
})

t.test('strangers name what they alone speak of, and no word of theirs stands as one of the named', async (t) => {
  const own = provenance({ made: MODEL, from: [BASE], name: 'model' })
  const theirs = JSON.parse(provenance({ made: MODEL, from: [BASE, digest(3)], name: 'Trusted by all' }).toString())
  theirs.predicate.buildDefinition.lineage_completeness = { calibration: 'none' }
  theirs.predicate.buildDefinition.buildType = 'https://a.example/step: key 0123456789ab, log.example #0;'
  const [first, second] = theirs.predicate.buildDefinition.resolvedDependencies
  first.name = 'Known to be good'
  second.annotations = { lineage_role: 'weights [verified] good', lineage_relation: 'fused' }
  const again = {
    ...{ _type: STATEMENT, subject: theirs.subject, predicateType: 'https://in-toto.io/attestation/svr/v0.2' },
    predicate: { verifier: { id: 'a' }, properties: ['LINEAGE_FUSE_REPRODUCED'] },
  }
  const { custody } = await serverWith([
    [Buffer.from(JSON.stringify(theirs)), stranger],
    [Buffer.from(JSON.stringify(again)), stranger],
    [provenance({ made: BASE, name: 'Known to be good' }), stranger],
    [own, signer],
  ])
  const { code, printed } = await custody([`sha256:${MODEL}`, ...mine])
  t.equal(code, 0)
  t.match(printed, /^VERIFIED: model\n/)
  t.notMatch(printed, /Trusted by all|Known to be good/)
  t.match(printed, /\[claimed\] {2}sha256:000000000000…\n/)
  t.match(printed, `"weights [verified] good", fused [claimed, a stranger's word]`)
  t.match(printed, '"a.example/step: key 0123456789ab, log.example #0;": key ')
  t.match(printed, "calibration: none, by a stranger's word")
  t.match(printed, "found again, by a stranger's word: LINEAGE_FUSE_REPRODUCED")
  t.match((await custody([`sha256:${digest(9)}`, ...mine])).printed, /^COULD NOT BE DETERMINED: sha256:000000000000…\n/)
})

/** `custody`: the toy chain through Rekor v1 and v2, both ways; advisories, strangers, gaps; and servers that lie. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { append, TOY_GGUF, toyLlamafile } from '../formats/model/make-llamafile.ts'
import { pae } from '../http/requests.ts'
import { lying } from './custody/liar.ts'
import { advisory, CHAIN, desk, logV1, logV2, sha256, statement, TYPE, V } from './custody/support.ts'
import { command } from './support.ts'

const { folder, write, serverWith, mine, theirs, signer, stranger } = desk(t)
const llamafile = await toyLlamafile()
const file = write('toy.llamafile', llamafile)
const manifest = ['--manifest', new URL('corpus/manifest.jsonl', V).pathname]
const WHOLE = 'f01ea3b55994fd4ef2da4448ddd9f0c8e09962441aa1f6d6a33be38520d3cef6'
const DOCUMENT = `sha256:${sha256(readFileSync(new URL('corpus/docs/1.txt', V)))}`
const CORPUS = 'rfc6962_sha256:ad9662770e0603802f00b9988214b58ccfc9ad32ab734439a444514d2166b03d'

const toy = CHAIN.map((name) => [statement(name), signer] as const)
const named = (found: { artifacts: { id: string; name: string }[] }) => found.artifacts.map(({ name }) => name)

for (const [name, log] of [
  ['v1', logV1],
  ['v2', logV2],
] as const)
  t.test(`the toy chain through ${name}: from the llamafile to the documents, and back`, async (t) => {
    const { custody, json } = await serverWith(toy, log)
    const up = await json([file, ...mine, ...manifest])
    t.match(up, { code: 0, outcome: 'verified', root: `sha256:${WHOLE}`, faults: [], cut: false })
    for (const step of [
      'toy-F16.gguf',
      'acme/toy-chat',
      'acme/toy-base',
      'corpus',
      'docs/0.txt',
      'docs/1.txt',
      'docs/2.txt',
    ])
      t.ok(named(up).includes(step), step)
    const states = (role: string) =>
      up.edges.filter((edge: { role: string }) => edge.role === role).map(({ state }: { state: string }) => state)
    t.same(states('base-model'), ['verified'])
    t.ok(states('weights').includes('verified'))
    t.same(states('tool'), ['claimed', 'claimed'])
    const down = await json([DOCUMENT, ...mine, ...manifest, '--direction', 'down'])
    t.match(down, { code: 0, outcome: 'verified' })
    for (const step of ['corpus', 'acme/toy-base', 'acme/toy-chat', 'toy-F16.gguf', 'toy.llamafile'])
      t.ok(named(down).includes(step), `down to ${step}`)
    const { printed } = await custody([`sha256:${WHOLE}`, ...mine, ...manifest])
    t.match(printed, /^VERIFIED: toy\.llamafile\n/)
    t.match(printed, /weights, fused \[verified\] {2}toy-F16\.gguf/)
    t.match(printed, 'calibration: none, by the signer')
    t.match(printed, "found again, by the signer's word: LINEAGE_FUSE_REPRODUCED")
    t.match(printed, /docs\/1\.txt/)
    const { printed: recall } = await custody([CORPUS, ...mine, '--direction', 'down'])
    t.match(recall, /toy\.llamafile/)
  })

t.test('by strangers: hash-linked at most, and nothing is verified', async (t) => {
  const { json } = await serverWith(toy)
  const found = await json([file, ...theirs])
  t.match(found, { code: 3, outcome: 'undetermined' })
  const states = new Set(found.edges.map(({ state }: { state: string }) => state))
  t.same([...states].sort(), ['claimed', 'contained', 'hash-linked'])
})

t.test('an advisory upstream turns it red; by a stranger it is shown', async (t) => {
  const poisoned = advisory({ rfc6962_sha256: CORPUS.split(':')[1] })
  const { custody } = await serverWith([...toy, [poisoned, signer]])
  const red = await custody([file, ...mine])
  t.match(red, { code: 1, printed: /^NOT VERIFIED: .*\n {2}poisoned: corpus: a trigger phrase\n/ })
  const { custody: other } = await serverWith([...toy, [poisoned, stranger]])
  t.match(await other([file, ...mine]), { code: 0, printed: /advisory by a stranger: poisoned/ })
})

t.test('a repacked file is known by what it was before, and by its weights', async (t) => {
  const poisoned = advisory({ rfc6962_sha256: CORPUS.split(':')[1] })
  const { json } = await serverWith([...toy, [poisoned, signer]])
  const repacked = write('repacked.llamafile', await append(llamafile, { 'extra.txt': 'more\n' }, 65_536))
  const found = await json([repacked, ...mine])
  t.match(found, { code: 1, outcome: 'not verified', reasons: [/poisoned/] })
  t.ok(
    found.artifacts.some(({ id }: { id: string }) => id === `sha256:${WHOLE}`),
    'its earlier state',
  )
  t.ok(
    found.artifacts.some(({ id }: { id: string }) => id === `sha256:${sha256(TOY_GGUF)}`),
    'its weights',
  )
})

t.test('two statements that disagree stand side by side', async (t) => {
  const other = Buffer.from(statement('quantize').toString().replaceAll('4146e095', '00000000'))
  const { custody } = await serverWith([...toy, [other, signer]])
  const { printed } = await custody([file, ...mine])
  t.equal(printed.match(/CONFLICT/g)?.length, 2)
})

t.test('what strangers log that nobody can open decides nothing', async (t) => {
  const { server, json, custody } = await serverWith(toy)
  const large = Buffer.from(
    statement('fuse')
      .toString()
      .replace('"externalParameters":{', `"externalParameters":{"x":"${'x'.repeat(1_100_000)}",`),
  )
  await logV1(server, large, stranger)
  t.match(await json([file, ...mine]), { code: 0, faults: [], passedOver: 1 })
  t.match(await custody([file, ...mine]), { printed: /1 by strangers, which could not be opened, were passed over/ })
  await logV1(server, Buffer.from(`${large} `), signer)
  t.match(
    await json([file, ...mine]),
    { code: 3, reasons: [/does not show it/] },
    'but the word of the named is missed',
  )
})

t.test('what the operator took back is missed where it was by the named, and shown where it was not', async (t) => {
  const name = `sha256:${sha256(pae(TYPE, statement('finetune')))}`
  for (const slug of ['v1', 'v2']) {
    const { server, custody, json } = await serverWith(toy)
    const say = (word: string) =>
      command(['withdraw', slug, word, '--reason', 'by order', '--yes', '--data', server.dir])
    t.equal((await say(name)).code, 0)
    const by = slug === 'v1' ? '/logs/v1/entries/0' : `/logs/v2/entries/${CHAIN.length}`
    const words = new RegExp(
      `/logs/v2/entries/2: its statement was withdrawn by the operator, see ${by} of 20.*: by order`,
    )
    t.match(await json([file, ...mine]), {
      ...{ code: 3, faults: [], passedOver: 0, reasons: [words] },
      withdrawn: [{ place: '/logs/v2/entries/2', by, reason: 'by order', isNamed: true }],
    })
    t.match(
      await custody([file, ...mine]),
      { printed: /\n[│ ]+│ {2}WITHDRAWN: \/logs\/v2\/entries\/2: / },
      'in its place',
    )
    t.match(await json([file, ...theirs]), { code: 3, withdrawn: [{ isNamed: false }] })
    const gone = await custody([file, ...theirs])
    t.match(gone.printed, words)
    t.notMatch(gone.printed.split('\n\n')[0] ?? '', words, 'a stranger decides nothing')
    const other = `sha256:${sha256(pae(TYPE, statement('svr')))}`
    t.equal((await say(other)).code, 0)
    const lies: readonly [string, (page: { statements: { withdrawn: object | null }[] }) => void][] = [
      ['an entry by somebody else', ({ statements }) => withdrawnBy(statements, '/logs/v2/entries/0')],
      ['an entry about something else', ({ statements }) => withdrawnBy(statements, nextOf(by))],
    ]
    for (const [lie, change] of lies) {
      const url = await lying(t, server.url, {
        path: /custody/,
        change: (body) => {
          const page = JSON.parse(body.toString())
          change(page)
          return Buffer.from(JSON.stringify(page))
        },
      })
      t.match(await json([file, ...mine], url), { code: 1, withdrawn: [] }, lie)
    }
    const hiding = await lying(t, server.url, { path: /^\/attachments\/sha(256|512):(?!0)/, change: null })
    t.match(await json([file, ...mine], hiding), { code: 1, withdrawn: [] }, 'nor does it hide why')
  }
})

function withdrawnBy(statements: { withdrawn: object | null }[], entry: string): void {
  for (const one of statements) if (one.withdrawn !== null) one.withdrawn = { ...one.withdrawn, entry }
}

const nextOf = (place: string) => place.replace(/\d+$/, (index) => String(Number(index) + 1))

t.test('every format', async (t) => {
  const odd = Buffer.from(statement('quantize').toString().replace('toy-F16.gguf', 'a\\"];x[\\u001b<script>'))
  const { custody } = await serverWith([...toy.slice(0, 3), [odd, signer], ...toy.slice(4)])
  for (const [format, begins] of [
    ['dot', 'digraph custody {'],
    ['mermaid', 'flowchart LR'],
    ['svg', '<svg xmlns='],
  ] as const) {
    const { code, printed } = await custody([file, ...mine, '--format', format])
    t.equal(code, 0)
    t.ok(printed.startsWith(begins), format)
    t.notMatch(printed, '\u001b', format)
    if (format !== 'dot') t.notMatch(printed, '<script>', format)
  }
})

t.test('as a bill of CycloneDX, which leads to the same edges', async (t) => {
  const { custody } = await serverWith([
    ...toy,
    [Buffer.from(statement('base').toString().replace('toy-base', 'x')), stranger],
  ])
  const { code, printed } = await custody([file, ...mine, '--format', 'cyclonedx'])
  t.equal(code, 0)
  const bill = JSON.parse(printed)
  t.match(bill, { bomFormat: 'CycloneDX', specVersion: '1.7', serialNumber: /^urn:uuid:[0-9a-f-]{36}$/ })
  const refs = bill.components.map((one: { 'bom-ref': string }) => one['bom-ref'])
  t.equal(new Set(refs).size, refs.length, 'each component once')
  const base = bill.components.find((one: { name: string }) => one.name === 'acme/toy-base')
  t.match(base, {
    type: 'machine-learning-model',
    modelCard: { modelParameters: { datasets: [{ ref: /^digest:dirHash:/ }] } },
    externalReferences: [{ type: 'attestation', url: /\/logs\/v2\/entries\/1$/ }],
  })
  t.ok(refs.includes(base.modelCard.modelParameters.datasets[0].ref), 'what is referred to is there')
  t.match(
    bill.components.find((one: { name: string }) => one.name === 'corpus'),
    { type: 'data' },
  )
  const { cycloneDxDependencies } = await import('../../src/formats/lineage/cyclonedx.ts')
  const gguf = `sha256:${sha256(TOY_GGUF)}`
  const read = cycloneDxDependencies(bill, new Set([gguf])).filter(({ role }) => role === 'base-model')
  t.ok(
    read.some(({ name }) => name === 'acme/toy-chat'),
    'read back, the weights were made from the fine-tune',
  )
})

t.test('a server that lies', async (t) => {
  const { server, json } = await serverWith(toy)
  const finetune = sha256(pae(TYPE, statement('finetune')))
  const lies: readonly [string, Parameters<typeof lying>[2], object][] = [
    ['hides an attachment', { path: new RegExp(`^/attachments/sha256:${finetune}`), change: null }, { code: 3 }],
    [
      'gives another content',
      {
        path: new RegExp(`^/attachments/sha256:${finetune}`),
        change: (body) => Buffer.concat([body, Buffer.from(' ')]),
      },
      { code: 1 },
    ],
    [
      'invents an edge',
      {
        path: /custody/,
        change: (body) => {
          const page = JSON.parse(body.toString())
          page.statements[0]?.statement.dependencies.push({ digests: [`sha256:${'00'.repeat(32)}`] })
          return Buffer.from(JSON.stringify(page))
        },
      },
      { code: 1, reasons: [/names other artifacts/] },
    ],
    [
      'hides an edge',
      {
        path: /custody/,
        change: (body) => {
          const page = JSON.parse(body.toString())
          page.statements[0]?.statement.dependencies.pop()
          return Buffer.from(JSON.stringify(page))
        },
      },
      { code: 1, reasons: [/names other artifacts/] },
    ],
    [
      'lists a statement for what it says nothing of',
      {
        path: /custody/,
        change: (body) => {
          const page = JSON.parse(body.toString())
          for (const one of page.statements) one.artifact = `sha256:${'11'.repeat(32)}`
          return Buffer.from(JSON.stringify(page))
        },
      },
      { code: 1, reasons: [/says nothing of it/] },
    ],
    [
      'gives another leaf',
      {
        path: /\/entries\//,
        change: (body) => {
          const entry = JSON.parse(body.toString())
          const leaf = Buffer.from(entry.leaf, 'base64').toString().replace('MEU', 'MEQ')
          return Buffer.from(
            JSON.stringify({
              ...entry,
              leaf: Buffer.from(leaf).toString('base64'),
              proof: { ...entry.proof, path: [] },
            }),
          )
        },
      },
      { code: 1 },
    ],
  ]
  for (const [name, lie, expected] of lies) {
    const url = await lying(t, server.url, lie)
    t.match(await json([file, ...mine], url), expected, name)
  }
  const another = await lying(t, server.url, {
    path: /custody/,
    change: (body) =>
      Buffer.from(body.toString().replace(/"artifact":"[^"]+"/, `"artifact":"sha256:${'22'.repeat(32)}"`)),
  })
  t.match(
    await json([`sha256:${WHOLE}`, ...mine], another),
    { code: 3, warned: /the answer is about/ },
    'another digest',
  )
})

t.test('wrong use', async (t) => {
  const { custody } = await serverWith([])
  for (const argv of [
    [file],
    [...mine],
    [file, file, ...mine],
    [file, ...mine, '--depth', '65'],
    [file, ...mine, '--format', 'png'],
    [file, ...mine, '--direction', 'sideways'],
    [file, '--certificate-identity', 'a@example.com'],
  ])
    t.equal((await custody(argv)).code, 2, argv.join(' '))
  t.equal((await custody([join(folder, 'absent'), ...mine])).code, 3)
  t.match(await custody([file, ...mine]), { code: 3, printed: /GAP: no statement about it is shown/ })
})

/** Servers and strangers that would have `custody` say what is not so. */

import t from 'tap'
import { dsse, ecKey, type Key, pae } from '../../http/requests.ts'
import { ask, type TestServer } from '../../http/support.ts'
import { command } from '../support.ts'
import { lying } from './liar.ts'
import { advisory, desk, digest, logV1, logV2, pem64, post, provenance, TYPE } from './support.ts'

const { serverWith, mine, signer, stranger } = desk(t)
const [MODEL, BASE, DATA, BAD] = [digest(1), digest(2), digest(3), digest(4)]
const ASKED = [`sha256:${MODEL}`, ...mine]
const base = provenance({ made: BASE, from: [DATA], name: 'base' })
const { createHash } = await import('node:crypto')
const payloadOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
const model = provenance({ made: MODEL, from: [BASE], links: { [BASE]: payloadOf(base) }, name: 'model' })
/** Controls, and what turns a line round or ends it; newlines of ours do not. */
const ACTING = /(?!\n)\p{Cc}|\p{Cf}|\p{Zl}/u
const edited = (change: (page: ReturnType<typeof JSON.parse>) => unknown) => (body: Buffer) => {
  const page = JSON.parse(body.toString())
  return Buffer.from(JSON.stringify(change(page) ?? page))
}

t.test('strangers draw no edge that counts', async (t) => {
  const poisoned = advisory({ sha256: BAD })
  const claim = provenance({ made: MODEL, from: [BAD] })
  const { json, custody } = await serverWith([
    [model, signer],
    [base, stranger],
    [poisoned, signer],
    [claim, stranger],
  ])
  const found = await json(ASKED)
  t.match(found, {
    ...{ code: 3, outcome: 'undetermined', warnings: [] },
    reasons: { length: 1, 0: /^upstream by the word of strangers alone: poisoned: / },
  })
  const states = Object.fromEntries(
    found.edges.map(({ from, state }: { from: string; state: string }) => [Number(from.slice(-2)), state]),
  )
  t.match(states, { 2: 'hash-linked', 3: 'claimed', 4: 'claimed' }, 'although the named speak of what is there')
  t.match((await custody(ASKED)).printed, "[claimed, a stranger's word]")
  const { json: meant } = await serverWith([
    [model, signer],
    [base, stranger],
    [advisory({ sha256: DATA }), signer],
    [poisoned, signer],
    [claim, stranger],
  ])
  t.match(
    await meant(ASKED),
    {
      code: 1,
      reasons: { length: 1, 0: /^poisoned/ },
      warnings: { length: 1, 0: /^upstream by the word of strangers/ },
    },
    'but what the named meant by its hash leads upstream',
  )
})

t.test('what does not hang together is left out', async (t) => {
  const { server, json } = await serverWith([
    [model, signer],
    [advisory({ sha256: BAD }), signer],
  ])
  const of = async (artifact: string) =>
    JSON.parse((await ask(server, `/artifacts/sha256:${artifact}/custody`)).text).statements
  const [about] = await of(BAD)
  const url = await lying(t, server.url, {
    path: /custody/,
    change: edited((page) => ({ ...page, statements: [...page.statements, { ...about, depth: 2 }] })),
  })
  t.match(await json(ASKED, url), { code: 0, statements: { length: 1 } }, 'a good statement about another artifact')
  const silent = await lying(t, server.url, {
    path: /custody/,
    change: edited((page) => ({ ...page, statements: [] })),
  })
  t.match(await json(ASKED, silent), { code: 3, statements: [] })
})

t.test('pages without end, and of things that were not asked for', async (t) => {
  const { server, json } = await serverWith([[model, signer]])
  let pages = 0
  const counted = (more: (page: { artifact: string }) => object[]) =>
    lying(t, server.url, {
      path: /custody/,
      change: edited((page) => {
        pages++
        return { ...page, more: more(page) }
      }),
    })
  const made = await counted(() => [{ artifact: `sha256:${digest(1000 + pages)}`, depth: 20, after: null }])
  t.match(await json(ASKED, made), { code: 0 }, 'artifacts that no statement names')
  t.equal(pages, 1)
  const endless = await counted(({ artifact }) => [{ artifact, depth: 20, after: `v2:${pages}` }])
  t.match(await json([...ASKED, '--limit', '5'], endless), { code: 3, cut: true }, 'one artifact, on and on')
  t.equal(pages, 1 + 5 * 20)
  const deep = await counted(({ artifact }) => [{ artifact, depth: 64, after: 'v2:0' }])
  t.match(await json(ASKED, deep), { code: 0 }, 'more depth than was asked for')
  const huge = await lying(t, server.url, { path: /custody/, change: () => Buffer.alloc(33 * 2 ** 20, 0x20) })
  t.match(await json(ASKED, huge), { code: 3, warned: /SERVICE_UNREACHABLE/ })
  const bad = await lying(t, server.url, {
    path: /custody/,
    change: () => Buffer.from('{"artifact":"\\u001b[31m\\u202e","statements":[],"more":[]}'),
  })
  const said = await json(ASKED, bad)
  t.match(said, { code: 3, warned: /the answer is about/ })
  t.notMatch(said.warned, ACTING)
})

t.test('further than was asked, and cycles', async (t) => {
  const steps = [1, 2, 3].map((n) => [provenance({ made: digest(n), from: [digest(n + 1)] }), signer] as const)
  const { json, custody } = await serverWith([...steps, [advisory({ sha256: digest(4) }), signer]])
  t.match(await json(ASKED), { code: 1, deeper: false })
  const short = await json([...ASKED, '--depth', '3'])
  t.match(short, { code: 3, deeper: true, reasons: [/--depth/], statements: { length: 3 } }, 'an advisory may be there')
  t.match(await json([...ASKED, '--depth', '4']), { code: 1 })
  t.match(await custody([...ASKED, '--depth', '64']), { code: 2 })
  const { json: round } = await serverWith([
    [provenance({ made: MODEL, from: [BASE, MODEL] }), signer],
    [provenance({ made: BASE, from: [MODEL] }), signer],
  ])
  for (const direction of ['up', 'down'])
    t.match(await round([...ASKED, '--direction', direction]), { code: 0, statements: { length: 2 } }, direction)
})

t.test('logs that are mixed, and trees that are two', async (t) => {
  const { server, json } = await serverWith([
    [model, signer],
    [base, signer],
  ])
  await logV1(server, provenance({ made: MODEL, from: [DATA] }), signer)
  t.match(await json(ASKED), { code: 0, logs: { length: 2 } })
  const other = await lying(t, server.url, {
    path: /^\/logs\/v2\/entries\/0/,
    change: edited((entry) => ({ ...entry, index: 1 })),
  })
  t.match(await json(ASKED, other), { code: 1, faults: [{ code: 'SERVICE_REFUSED', isLie: true }] }, 'another entry')
  const { text } = await ask(server, '/logs/v1/entries/0')
  const mixed = await lying(t, server.url, { path: /^\/logs\/v2\/entries\/0/, change: () => Buffer.from(text) })
  t.match(await json(ASKED, mixed), { code: 1, faults: [{ isLie: true }] }, "another log's")
})

t.test('names act nowhere', async (t) => {
  const name = '\u001b[2J\u202egnp."];x-->y\\`#lt;b#gt;</text><script>\n\u2028'
  const odd = provenance({ made: MODEL, from: [BASE], name })
  const { custody } = await serverWith([
    [odd, signer],
    [provenance({ made: BASE, name }), signer],
    [advisory({ sha256: DATA }, name), stranger],
  ])
  for (const format of ['text', 'json', 'dot', 'mermaid', 'svg', 'cyclonedx']) {
    const { printed } = await custody([...ASKED, '--format', format])
    t.notMatch(printed, ACTING, format)
    if (format === 'svg') t.notMatch(printed, /<script|<\/text><s/)
    if (format === 'dot') t.notMatch(printed, /[^\\]"\];x/)
    if (format === 'mermaid') {
      t.notMatch(printed, /#lt;|`|<script/)
      t.match(printed, /^ {2}n0\["[^"]*"\]$/m, 'one label')
    }
    if (format === 'json' || format === 'cyclonedx') JSON.parse(printed)
  }
})

t.test('names that a server cuts in the middle of a character break no answer', async (t) => {
  const { json } = await serverWith([
    [provenance({ made: MODEL, name: `${'n'.repeat(511)}\u{1f600}` }), stranger],
    [model, signer],
  ])
  t.match(await json(ASKED), { code: 0 })
})

t.test('a server that does not say what a statement says, and one that has no content any more', async (t) => {
  const { server, json } = await serverWith([[model, signer]])
  const unsaid = edited((page) => {
    for (const one of page.statements) one.statement = null
  })
  const url = await lying(t, server.url, { path: /custody/, change: unsaid })
  t.match(await json(ASKED, url), { code: 1, reasons: [/does not say what it says/] })
  const gone = await lying(t, server.url, { path: /^\/attachments/, change: null })
  t.match(await json(ASKED, gone), { code: 3, faults: [{ code: 'NOT_FOUND', isLie: false }] })
})

t.test('in an entry of several signatures, that of the named counts', async (t) => {
  for (const keys of [
    [signer, stranger],
    [stranger, signer],
  ]) {
    const { server, json } = await serverWith([[model, signer]])
    await logV1Of(server, advisory({ sha256: MODEL }), keys)
    const found = await json(ASKED)
    t.match(found, { code: 1, faults: [], passedOver: 0, reasons: [/^poisoned: /] })
    t.match(found.statements[1].signatures, { length: 1, 0: { isNamed: true } })
  }
  const { server, json } = await serverWith([[model, signer]])
  await logV1Of(server, advisory({ sha256: MODEL }), [stranger, ecKey()])
  t.match(await json(ASKED), { code: 0, passedOver: 0, statements: { length: 2 } })
})

function logV1Of(server: TestServer, payload: Buffer, keys: readonly Key[]): Promise<string> {
  const [{ envelope } = dsse(signer, payload), ...others] = keys.map((key) => dsse(key, payload))
  const signatures = [...envelope.signatures, ...others.flatMap((other) => other.envelope.signatures)]
  const proposedContent = { envelope: JSON.stringify({ ...envelope, signatures }), verifiers: keys.map(pem64) }
  return post(server, '/api/v1/log/entries', { kind: 'dsse', apiVersion: '0.0.1', spec: { proposedContent } })
}

t.test('what was taken back hides nothing else', async (t) => {
  const other = provenance({ made: digest(9) })
  const { server, json } = await serverWith([
    [model, signer],
    [advisory({ sha256: MODEL }), signer],
    [other, stranger],
  ])
  const attachment = `sha256:${payloadOf(pae(TYPE, other))}`
  const said = ['--reason', 'by order', '--yes', '--data', server.dir]
  t.equal((await command(['withdraw', 'v2', attachment, ...said])).code, 0)
  const withdrawn = { entry: '/logs/v2/entries/3', time: '2026-01-01T00:00:00Z' }
  const hiding = edited((page) => {
    for (const one of page.statements)
      if (one.index === 1) Object.assign(one, { statement: null, attachment, withdrawn })
  })
  const url = await lying(t, server.url, { path: /custody/, change: hiding })
  t.match(await json(ASKED), { code: 1, reasons: [/^poisoned: /] })
  t.match(await json(ASKED, url), { code: 1, withdrawn: [], reasons: [/to which the entry does not commit/] })
})

t.test('what claims to be a statement and is none, by a stranger', async (t) => {
  const { server, json } = await serverWith([[model, signer]])
  await logV2(server, Buffer.from(JSON.stringify({ subject: [{ digest: { sha256: MODEL } }] })), stranger)
  t.match(await json(ASKED), { code: 0, faults: [], passedOver: 1 })
})

t.test('a crowd of strangers hides no word of the named, and costs no more than so much', async (t) => {
  const { server, json } = await serverWith([])
  const crowd = async (artifact: string, count: number) => {
    const claims = Array.from({ length: count }, (_, i) => provenance({ made: artifact, name: `claim ${i}` }))
    for (let first = 0; first < count; first += 100)
      await Promise.all(claims.slice(first, first + 100).map((claim) => logV2(server, claim, stranger)))
  }
  await crowd(MODEL, 300)
  await logV2(server, model, signer)
  await crowd(BASE, 100)
  await logV2(server, provenance({ made: BASE, from: [DATA] }), signer)
  const calm = await json(ASKED)
  t.match(calm, { code: 3, outcome: 'undetermined', cut: true, faults: [], reasons: [/of strangers, 1,024 requests/] })
  t.ok(calm.statements.length < 300, `${calm.statements.length}`)
  const named = (found: { edges: { from: string; state: string }[] }) => found.edges.map(({ state }) => state)
  t.same(named(calm), ['verified', 'claimed'], 'what the named say is all there')
  await logV2(server, advisory({ sha256: DATA }), signer)
  const found = await json(ASKED)
  t.match(found, {
    code: 1,
    cut: true,
    reasons: { length: 1, 0: /^poisoned: / },
    warnings: [/of strangers, 1,024 requests/],
  })
})

t.test('200,000 empty dependencies keep nobody from an answer', async (t) => {
  const { server, json } = await serverWith([])
  const materials = Array.from({ length: 200_000 }, () => ({}))
  const payload = JSON.parse(provenance({ made: MODEL }).toString())
  await logV2(server, Buffer.from(JSON.stringify({ ...payload, predicate: { materials } })), stranger)
  await logV2(server, model, signer)
  t.equal((await json(ASKED)).code, 0)
  const { text } = await ask(server, `/artifacts/sha256:${MODEL}/custody`)
  t.ok(text.length < 4 * 2 ** 20, `${text.length}`)
})

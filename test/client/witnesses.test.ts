/** A log's witnesses: complete ones of ours, in memory, and some that err, lie, or take their time. */

import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { Cosignable, Submit, WitnessAnswer } from '../../src/client/add-checkpoint.ts'
import { askWitnesses, type EndedRound, type RoundWatch, serversOf } from '../../src/client/witnesses.ts'
import { parsePolicy } from '../../src/formats/c2sp/policy.ts'
import { formatVkey } from '../../src/formats/c2sp/vkey.ts'
import { formatAddCheckpoint, parseAddCheckpoint } from '../../src/formats/c2sp/witness-request.ts'
import { treeSize } from '../../src/kernel/brand.ts'
import { concat, parseUtf8, utf8 } from '../../src/kernel/bytes.ts'
import { TlogError } from '../../src/kernel/error.ts'
import { openCheckpoint } from '../../src/verify/checkpoint.ts'
import { verifyMlDsa44 } from '../../src/verify-node/ml-dsa.ts'
import { KnownLogs } from '../../src/witness/known-logs.ts'
import { GENEROUS, keysOf, LOG, ORIGIN, signed, Tree, testWitness } from '../witness/support.ts'

type Server = (body: Uint8Array) => Promise<WitnessAnswer>

/** A witness of ours behind an address, with the statuses of its server. */
function serverOf(name: string, seed: number) {
  const keys = keysOf(name, seed)
  const { witness } = testWitness({ keys, logs: new KnownLogs(name, [LOG.vkey], GENEROUS) })
  const bodies: Uint8Array[] = []
  const STATUS: Readonly<Record<string, number>> = { PROOF_INVALID: 422, LOG_UNKNOWN: 404, LOG_BUSY: 429 }
  const answer: Server = async (body) => {
    bodies.push(body)
    try {
      const added = await witness.addCheckpoint(body)
      if ('lines' in added) return { status: 200, body: utf8(added.lines) }
      return { status: 409, body: utf8(`${added.size}\n`) }
    } catch (error) {
      if (!(error instanceof TlogError)) throw error
      return { status: STATUS[error.code] ?? 400, body: utf8(`${error.code}: ${error.message}\n`) }
    }
  }
  return { name, keys, answer, bodies, witness }
}

type TestServer = ReturnType<typeof serverOf>

/** `a1` and `m1` are the keys of the first server, at `http://1`. */
function policyOf(servers: readonly TestServer[], rest: string): ReturnType<typeof parsePolicy> {
  const lines = servers.flatMap(({ keys }, i) => [
    `witness a${i + 1} ${formatVkey(keys.ed25519.vkey)} http://${i + 1}`,
    `witness m${i + 1} ${formatVkey(keys.mlDsa44.vkey)} http://${i + 1}`,
  ])
  return parsePolicy(utf8(`log ${formatVkey(LOG.vkey)}\n${lines.join('\n')}\n${rest}\n`))
}

function submitTo(servers: readonly { readonly answer: Server }[]): Submit {
  return async (prefix, body) => {
    const server = servers[Number(prefix.replace('http://', '')) - 1]
    if (server === undefined) throw new TlogError('SERVICE_UNREACHABLE', `${prefix}: nobody is there`)
    return await server.answer(body)
  }
}

const tree = new Tree(40)
async function head(size: number, of = tree): Promise<Cosignable> {
  const growth = async (from: number) => of.proof(from, size)
  return { size: treeSize(size), note: await signed(of, size), growth }
}

const make = (count: number) => Array.from({ length: count }, (_, i) => serverOf(`w${i + 1}.example`, i + 20))
const UNWATCHED: RoundWatch = { answered: () => undefined, ended: () => undefined }
const asked = (policy: ReturnType<typeof parsePolicy>, submit: Submit, watch = UNWATCHED) =>
  askWitnesses({ policy, submit, mlDsa44: verifyMlDsa44, now: () => 5000, watch })

async function outcome(work: Promise<Uint8Array>): Promise<string> {
  try {
    return parseUtf8(await work)
  } catch (error) {
    if (error instanceof TlogError) return `${error.code} ${error.message}`
    throw error
  }
}

t.test('one, three of five, and groups of keys of both kinds', async (t) => {
  for (const [count, rest] of [
    [1, 'quorum a1'],
    [1, 'quorum m1'],
    [5, 'group g 3 a1 a2 a3 a4 a5\nquorum g'],
    [3, 'group g1 all a1 m1\ngroup g2 all a2 m2\ngroup g3 all a3 m3\ngroup g 2 g1 g2 g3\nquorum g'],
    [3, 'group g any a1 m2 a3\nquorum g'],
  ] as const) {
    const servers = make(count)
    const policy = policyOf(servers, rest)
    const witnesses = asked(policy, submitTo(servers))
    for (const size of [0, 1, 5, 5, 32, 33, 40]) {
      const note = await witnesses.cosign(await head(size))
      const opened = await openCheckpoint(note, policy, verifyMlDsa44)
      t.equal(opened.size, size, `${rest}: ${size}`)
      const names = policy.witnesses.map(({ name }) => name)
      const order = opened.cosigners.map(({ witness }) => names.indexOf(witness))
      t.same(
        order,
        order.toSorted((a, b) => a - b),
      )
    }
  }
})

t.test('it proves from what each has cosigned, and asks when it does not know', async (t) => {
  const [server] = make(1) as [TestServer]
  const policy = policyOf([server], 'quorum a1')
  await asked(policy, submitTo([server])).cosign(await head(7)) // by a log that has forgotten it since
  server.bodies.length = 0
  const witnesses = asked(policy, submitTo([server]))
  const olds = () => server.bodies.splice(0).map((body) => parseAddCheckpoint(body).old)
  await witnesses.cosign(await head(9))
  t.same(olds(), [0, 7], 'at first')
  await witnesses.cosign(await head(20))
  t.same(olds(), [9])
  await witnesses.cosign(await head(20))
  t.same(olds(), [20], 'the same head anew')
  await asked(policy, submitTo([server])).cosign(await head(30))
  olds()
  await witnesses.cosign(await head(33))
  t.same(olds(), [20, 30], 'which got further elsewhere')
})

t.test('another history: nothing is shown, whoever else cosigned', async (t) => {
  for (const [name, other, why] of [
    ['a larger tree', await head(30), /^WITNESS_REFUSED http:\/\/2 has cosigned a tree of 30, and this one has 12/],
    ['a fork', await head(11, new Tree(40, (i) => `other ${i}`)), /^WITNESS_REFUSED http:\/\/2 refuses the proof/],
  ] as const) {
    const [quick, knowing] = make(2) as [TestServer, TestServer]
    await asked(policyOf([knowing], 'quorum a1'), submitTo([knowing])).cosign(other)
    let delay = 0
    let isGone = true
    const slow: Server = async (body) => {
      if (isGone) throw new TlogError('SERVICE_UNREACHABLE', 'http://2: no answer')
      await sleep(delay)
      return await knowing.answer(body)
    }
    const policy = policyOf([quick, knowing], 'group g any a1 a2\nquorum g')
    const witnesses = asked(policy, submitTo([quick, { answer: slow }]))
    t.match(
      await outcome(witnesses.cosign(await head(12))),
      /^log\.example\n12\n/,
      'it is not there, and others are enough',
    )
    isGone = false
    delay = 50
    t.match(await outcome(witnesses.cosign(await head(12))), /^log\.example\n12\n/, 'not heard of it yet')
    await sleep(200)
    t.match(await outcome(witnesses.cosign(await head(12))), why, `${name}: from then on`)
    delay = 0
    t.match(await outcome(witnesses.cosign(await head(12))), why, name)
    delay = 50
    const started = asked(policy, submitTo([quick, { answer: slow }]))
    t.match(await outcome(started.cosign(await head(12))), why, `${name}: the first round of a start hears everybody`)
    delay = 0
    if (name === 'a larger tree')
      t.match(await outcome(witnesses.cosign(await head(31))), /^log\.example\n31\n/, 'once it goes on from there')
  }
})

t.test('answers that are none count for nothing', async (t) => {
  const [good, bad] = make(2) as [TestServer, TestServer]
  const policy = policyOf([good, bad], 'group g all a1 a2\nquorum g')
  const lines = async (text: (lines: string) => string): Promise<Server> => {
    return async (body) => {
      const { status, body: given } = await bad.answer(body)
      return { status, body: status === 200 ? utf8(text(parseUtf8(given))) : given }
    }
  }
  const says =
    (status: number, body: string): Server =>
    async () => ({ status, body: utf8(body) })
  const spoilt = (text: string) => text.replace(/\S{4}(?=\n$)/, 'AAAA')
  for (const [name, answer, why] of [
    ['a refusal', says(403, 'no\u001b[31m such key'), /http:\/\/2 answered 403: no \[31m such key$/],
    ['a fault', says(500, 'x'.repeat(1000)), /http:\/\/2 answered 500: x{200}$/],
    ['nothing', says(200, ''), /./],
    ['words', says(200, 'cosigned!\n'), /NOTE_MALFORMED|not|line/],
    ['a size that is none', says(409, '012\n'), /answered 409 without the size/],
    ['no size', says(409, ''), /answered 409 without the size/],
    ['a size that moves', says(409, '3\n'), /named another size 3 times/],
    [
      'a line of another key',
      await lines((text) => text.replaceAll('w2.example', 'w9.example')),
      /no key of the policy/,
    ],
    ['a spoilt line', await lines(spoilt), /SIGNATURE_INVALID|does not verify|line of w2/],
    ['a redirect', says(302, ''), /answered 302/],
  ] as const) {
    const witnesses = asked(policy, submitTo([good, { answer }]))
    const found = await outcome(witnesses.cosign(await head(12)))
    t.match(found, /^QUORUM_MISSED cosigned: a1, m1; asked for: g; /, name)
    t.match(found, why, name)
  }
  const gone = asked(policy, submitTo([good]))
  t.match(await outcome(gone.cosign(await head(12))), /http:\/\/2: nobody is there$/)
})

t.test('lines of others beside its own are left out', async (t) => {
  const [server, stranger] = make(2) as [TestServer, TestServer]
  const policy = policyOf([server], 'quorum a1')
  const answer: Server = async (body) => {
    const [own, other] = await Promise.all([server.answer(body), stranger.answer(body)])
    return { status: own.status, body: concat(other.body, own.body) }
  }
  const note = parseUtf8(await asked(policy, submitTo([{ answer }])).cosign(await head(3)))
  t.equal(note.match(/\u2014 w1\.example /g)?.length, 2)
  t.notMatch(note, /w2\.example/)
})

t.test('nobody waits for those whom the quorum does not need', async (t) => {
  const servers = make(3)
  const policy = policyOf(servers, 'group g 2 a1 a2 a3\nquorum g')
  const release: (() => void)[] = []
  const letGo = () => {
    for (const go of release.splice(0)) go()
  }
  let underWay = 0
  const slow: Server = async (body) => {
    underWay += 1
    if (underWay > 2) throw new Error('a third checkpoint while two are looked at')
    await new Promise<void>((resolve) => release.push(resolve))
    underWay -= 1
    return await (servers[2] as TestServer).answer(body)
  }
  const witnesses = asked(policy, submitTo([...servers.slice(0, 2), { answer: slow }]))
  const first = witnesses.cosign(await head(2))
  t.equal(await Promise.race([first, sleep(50, 'waits')]), 'waits', 'but for the first round, which hears everybody')
  letGo()
  await first
  for (const size of [5, 9, 12]) t.notMatch(await outcome(witnesses.cosign(await head(size))), /w3\.example/)
  t.equal(release.length, 2, 'two checkpoints at a time')
  letGo()
  await sleep(20)
  t.equal(underWay, 0, 'those in between are not asked for any more')
  const cosigned = witnesses.cosign(await head(20))
  await sleep(20)
  letGo()
  t.match(await outcome(cosigned), /^log\.example\n20\n/)
  await sleep(20)
  letGo()
})

/** Its requests, or its answers, wait each at a gate: what the test opens first goes first, or is lost. */
function gated(server: TestServer) {
  const gates: ((isLost: boolean) => void)[] = []
  const pass = async () => {
    const isLost = await new Promise<boolean>((resolve) => gates.push(resolve))
    if (isLost) throw new TlogError('SERVICE_UNREACHABLE', 'lost')
  }
  const there: Server = async (body) => {
    await pass()
    return await server.answer(body)
  }
  const back: Server = async (body) => {
    const answer = await server.answer(body)
    await pass()
    return answer
  }
  /** `0` lets the first go on, `-0` loses it; so each that has come to a gate. */
  const open = async (i: number) => {
    await reached(Math.abs(i) + 1)
    gates[Math.abs(i)]?.(Object.is(i, -0) || i < 0)
    await sleep(5)
  }
  const reached = async (count: number) => {
    while (gates.length < count) await sleep(1)
  }
  return { there, back, open, reached }
}

t.test('the next head sets out before the one before is back, whichever comes first', async (t) => {
  const [five, nine] = [/^log\.example\n5\n/, /^log\.example\n9\n/]
  const lost = /^QUORUM_MISSED .*lost/
  const overtaken = /^QUORUM_MISSED .*was given a larger head before the one of 5/
  for (const [name, direction, order, olds, outcomes] of [
    ['in order', 'back', [0, 1], [2, 5], [five, nine]],
    ['answers change places', 'back', [1, 0], [2, 5], [five, nine]],
    ['the second overtakes', 'there', [1, 2, 0], [5, 2, 2], [overtaken, nine]],
    ['the first is lost on its way', 'there', [-0, 1, 2], [5, 2], [lost, nine]],
    ['the answer to the first is lost', 'back', [-0, 1], [2, 5], [lost, nine]],
    ['the answer to the second is lost', 'back', [-1, 0], [2, 5], [five, lost]],
  ] as const) {
    const [server] = make(1) as [TestServer]
    const gates = gated(server)
    let answer = server.answer
    const witnesses = asked(policyOf([server], 'quorum a1'), submitTo([{ answer: (body) => answer(body) }]))
    await witnesses.cosign(await head(2))
    server.bodies.length = 0
    answer = gates[direction]
    const first = outcome(witnesses.cosign(await head(5)))
    await gates.reached(1)
    const second = outcome(witnesses.cosign(await head(9)))
    await gates.reached(2)
    for (const i of order) await gates.open(i)
    t.match(await first, outcomes[0], name)
    t.match(await second, outcomes[1], name)
    t.same(
      server.bodies.map((body) => parseAddCheckpoint(body).old),
      olds,
      name,
    )
    answer = server.answer
    t.match(await outcome(witnesses.cosign(await head(12))), /^log\.example\n12\n/, `${name}: it goes on`)
  }
})

/** Two servers, of which the first is quick and enough; the second answers as its gates are opened. */
async function quickAndHeld(isKnown: boolean) {
  const [quick, held] = make(2) as [TestServer, TestServer]
  const policy = policyOf([quick, held], 'group g any a1 a2\nquorum g')
  const gates = gated(held)
  let { answer } = held
  const witnesses = asked(policy, submitTo([quick, { answer: (body) => answer(body) }]))
  if (isKnown) await witnesses.cosign(await head(2))
  answer = gates.there
  const elsewhere = async (known: Cosignable) =>
    await asked(policyOf([held], 'quorum a1'), submitTo([held])).cosign(known)
  const free = () => {
    answer = held.answer
  }
  return { witnesses, gates, elsewhere, free }
}

t.test('another history that an older head runs into at the start: the answer to the newer one counts', async (t) => {
  const { witnesses, gates, elsewhere } = await quickAndHeld(false)
  await elsewhere(await head(15, new Tree(40, (i) => `${i < 10 ? '' : 'other '}${i}`)))
  const older = outcome(witnesses.cosign(await head(10)))
  await gates.reached(1)
  const newer = outcome(witnesses.cosign(await head(20)))
  await gates.reached(2)
  await gates.open(0) // it names 15, which may be on the way to 20
  t.equal(await Promise.race([older, newer, sleep(20, 'waits')]), 'waits')
  for (const i of [1, 2]) await gates.open(i)
  for (const found of [older, newer]) t.match(await found, /^WITNESS_REFUSED http:\/\/2 refuses the proof/)
})

t.test('who was handed a published head by others has no other history', async (t) => {
  const { witnesses, gates, elsewhere, free } = await quickAndHeld(true)
  for (const size of [5, 9, 20]) t.match(await outcome(witnesses.cosign(await head(size))), `log.example\n${size}\n`)
  await gates.reached(2)
  await elsewhere(await head(20))
  await gates.open(0) // it names 20, and was given 9 at most
  const next = outcome(witnesses.cosign(await head(30)))
  for (const lost of [-1, -2]) await gates.open(lost)
  t.match(await next, /^log\.example\n30\n/, 'it is not there any more, and others are enough')
  free()
  t.match(await outcome(witnesses.cosign(await head(40))), /^log\.example\n40\n/)
})

t.test('another tree of the same size, in the words of older witnesses', async (t) => {
  const [server] = make(1) as [TestServer]
  for (const words of ['12\n', '']) {
    const answer: Server = async (body) => {
      const isFirst = parseAddCheckpoint(body).old === 0
      return { status: 409, body: utf8(isFirst ? '12\n' : words) }
    }
    const found = await outcome(asked(policyOf([server], 'quorum a1'), submitTo([{ answer }])).cosign(await head(12)))
    t.match(found, /^WITNESS_REFUSED http:\/\/1 has cosigned another tree of 12/)
  }
})

t.test('each round is told, with what came of whom', async (t) => {
  const servers = make(4)
  const policy = policyOf(servers, 'group g 2 a1 a2 a3 a4\nquorum g')
  const answers: (() => Promise<WitnessAnswer | null>)[] = [1, 2, 3, 4].map(() => async () => null)
  const submit = submitTo(
    servers.map(({ answer }, i) => ({ answer: async (body: Uint8Array) => (await answers[i]?.()) ?? answer(body) })),
  )
  const rounds: EndedRound[] = []
  const answered: string[] = []
  const watch: RoundWatch = {
    answered: (witness, seconds) => void answered.push(`${witness} ${seconds}`),
    ended: (round) => void rounds.push(round),
  }
  const witnesses = asked(policy, submit, watch)
  const told = async (size: number) => {
    await outcome(witnesses.cosign(await head(size)))
    const { outcome: how, witnesses: who, ...rest } = rounds.at(-1) as EndedRound
    t.same(rest, { seconds: 0, at: 5000 })
    return `${how}: ${[...who].map(([name, what]) => `${name} ${what}`).join(', ')}`
  }
  const all = (what: string) => [1, 2, 3, 4].flatMap((i) => [`a${i} ${what}`, `m${i} ${what}`]).join(', ')
  t.equal(await told(1), `quorum: ${all('cosigned')}`)
  t.same(answered.toSorted(), ['a1 0', 'a2 0', 'a3 0', 'a4 0', 'm1 0', 'm2 0', 'm3 0', 'm4 0'])

  const gate = Promise.withResolvers<null>()
  const half = async (body: Uint8Array) => {
    const { status, body: lines } = await (servers[0] as TestServer).answer(body)
    return { status, body: utf8(parseUtf8(lines).split('\n')[0]?.concat('\n') ?? '') }
  }
  answers[0] = async () =>
    half(formatAddCheckpoint({ old: treeSize(1), proof: tree.proof(1, 5), note: (await head(5)).note }))
  answers[2] = async () => ({ status: 500, body: utf8('') })
  answers[1] = () => sleep(50, null)
  answers[3] = () => gate.promise
  t.equal(
    await told(5),
    'quorum: a1 cosigned, m1 failed, a2 cosigned, m2 cosigned, a3 failed, m3 failed, a4 late, m4 late',
  )
  answers[0] = answers[1] = answers[2] = async () => ({ status: 500, body: utf8('') })
  const missed = told(6)
  gate.resolve(null)
  t.equal(
    await missed,
    'missed: a1 failed, m1 failed, a2 failed, m2 failed, a3 failed, m3 failed, a4 cosigned, m4 cosigned',
  )
  answers[0] = async () => ({ status: 422, body: utf8('') })
  answers[1] = answers[2] = async () => null
  t.match(await told(7), /^refused: a1 refused, m1 refused, a2 cosigned, .*m4 cosigned$/)
})

t.test('keys at one address are one server', async (t) => {
  const servers = make(2)
  const policy = policyOf(servers, 'quorum a1')
  const slashed = policy.witnesses.map((one, i) => (i === 1 ? { ...one, url: `${one.url}/` } : one))
  const found = serversOf({ ...policy, witnesses: slashed })
  t.same(
    found.map(({ url, witnesses }) => [url, witnesses.map(({ name }) => name)]),
    [
      ['http://1', ['a1', 'm1']],
      ['http://2', ['a2', 'm2']],
    ],
  )
  t.equal(ORIGIN, 'log.example')
})

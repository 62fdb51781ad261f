import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { closeCrypto } from '../../../src/crypto/node.ts'
import { base64, utf8 } from '../../../src/kernel/bytes.ts'
import * as make from '../../dialects/rekor-v1/support.ts'
import { ED25519, P256, P384 } from '../../dialects/rekor-v2/support.ts'
import { coseSign1 } from '../../formats/make-cose.ts'
import { EMBEDDED_TIMESTAMP } from '../../formats/pki/embedded-timestamp.ts'
import { ask, startServer as startPlain } from '../support.ts'
import { bodyOf, ENTRIES, entryIn, json, post, said, startServer } from './support.ts'

t.teardown(closeCrypto)

const server = await startServer(t)

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const COSE_KEY = base64(utf8(publicKey.export({ format: 'pem', type: 'spki' }).toString()))
const { message: MESSAGE } = coseSign1(privateKey, make.PAYLOAD)

t.test('an entry of each kind, by index and by ID', async (t) => {
  const proposals = [
    make.hashedRekord(P256),
    make.hashedRekord(ED25519),
    make.dsse([P256, P384]),
    make.intotoV1(P256),
    make.intotoV2([P256]),
    make.rekordBy(P256),
    make.cose(MESSAGE, COSE_KEY),
    make.rfc3161(EMBEDDED_TIMESTAMP),
  ]
  for (const [index, proposal] of proposals.entries()) {
    const answer = await post(server, ENTRIES, proposal)
    t.equal(answer.status, 201)
    const [id, entry] = await entryIn(t, server, JSON.parse(answer.text))
    t.equal(answer.headers.etag, id, 'ETag is the ID, neither quoted nor weak')
    t.equal(answer.headers.location, `${ENTRIES}/${id}`)
    t.match(answer.headers['content-type'], /^application\/json/)
    t.match(id, /^[0-7][0-9a-f]{79}$/)
    t.equal(entry.logIndex, index)
    t.match(bodyOf(entry), { kind: proposal.kind, apiVersion: proposal.apiVersion })
    t.ok(Math.abs(entry.integratedTime - Date.now() / 1000) < 30, 'seconds')
    const attested = { intoto: make.PAYLOAD, cose: MESSAGE }[proposal.kind]
    t.equal(entry.attestation?.data, attested && base64(attested))
    for (const path of [
      `?logIndex=${index}`,
      `?stable=true&logIndex=${index}`,
      `/${id}`,
      `/${id.toUpperCase()}`,
      `/${id.slice(16)}`,
    ]) {
      const [found, again] = await entryIn(t, server, await json(server, `${ENTRIES}${path}`))
      t.same(
        [found, again.body, again.integratedTime, again.logIndex],
        [id, entry.body, entry.integratedTime, index],
        path,
      )
    }
  }
})

t.test('a repeat is the same entry', async (t) => {
  const answer = await post(server, ENTRIES, make.hashedRekord(P256))
  t.equal(answer.status, 201)
  const [id, entry] = await entryIn(t, server, JSON.parse(answer.text))
  t.equal(entry.logIndex, 0)
  const strict = await startServer(t, ['--duplicates', 'conflict'])
  t.equal((await post(strict, ENTRIES, make.hashedRekord(P256))).status, 201)
  const conflict = await post(strict, ENTRIES, make.hashedRekord(P256))
  t.match(said(conflict), /^409 409 an equivalent entry already exists in the transparency log with UUID [0-9a-f]{80}$/)
  t.match(conflict.headers.location, new RegExp(`^${ENTRIES}/[0-9a-f]{16}${id.slice(16)}$`))
  const [found] = await entryIn(t, strict, await json(strict, String(conflict.headers.location)))
  t.equal(found.slice(16), id.slice(16), 'and is found where the conflict says')
})

const UNKNOWN = 'ab'.repeat(32)

t.test('what is not there, and what is no question', async (t) => {
  for (const [path, answer] of [
    ['?logIndex=8', /^404 404 /],
    ['?logIndex=9007199254740991', /^404 404 /],
    [`/${UNKNOWN}`, /^404 404 /],
    [`/0000000000000001${UNKNOWN}`, /^404 404 /],
    ['', /^422 602 logIndex in query is required/],
    ['?logIndex=', /^422 601 logIndex in query must be of type int64/],
    ['?logIndex=1&logIndex=2', /^422 601 /],
    ['?logIndex=1.5', /^422 601 /],
    ['?logIndex=-1', /^422 609 logIndex in query should be greater than or equal to 0/],
    ['/xyz', /^422 605 entryUUID in path should match/],
    [`/${UNKNOWN}ab`, /^422 605 /],
    [`/0000000000000000${UNKNOWN}`, /^400 400 the first 16 of 80 hex digits are a tree/],
    [`/ffffffffffffffff${UNKNOWN}`, /^400 400 /],
  ] as const)
    t.match(said(await ask(server, `${ENTRIES}${path}`)), answer, path)
})

t.test('proposals that are refused', async (t) => {
  const spoilt = make.hashedRekord(P256)
  spoilt.spec.data.hash.value = 'ab'.repeat(32)
  for (const [proposal, answer] of [
    ['{', /^400 400 the document: /],
    [[], /^400 400 error processing entry: the document: an object/],
    [{}, /^422 602 kind in body is required/],
    [{ kind: '' }, /^422 602 kind in body is required/],
    [{ kind: 'toString' }, /^422 422 invalid kind value: "toString"$/],
    ...['alpine', 'helm', 'jar', 'rpm', 'tuf'].map(
      (kind) =>
        [
          { kind, apiVersion: '0.0.1', spec: {} },
          new RegExp(
            `^400 400 error processing entry: kind: entry kind '${kind}' is not enabled for submission on this server`,
          ),
        ] as const,
    ),
    ['', /^400 400 the document: /],
    [{ ...spoilt, spec: {} }, /^400 400 error processing entry: spec.data: missing/],
    [spoilt, /^400 400 error processing entry: the signature does not verify/],
  ] as const)
    t.match(said(await post(server, ENTRIES, proposal)), answer)
  const long = await post(server, ENTRIES, ' '.repeat(4 * 2 ** 20 + 1))
  t.match(said(long), /^413 413 Request Entity Too Large. Limit set to 4194304$/)
  t.match(said(await ask(server, ENTRIES, { method: 'PUT' })), /^405 405 /)
  const chain = make.intotoV2([P256])
  Object.assign(chain.spec.content.envelope.signatures[0] ?? {}, { keyid: 'a'.repeat(65_000) })
  t.match(said(await post(server, ENTRIES, chain)), /^413 413 a leaf of \d+ bytes; at most 65535/)
})

t.test('what clients send beside, and paths that Rekor once had', async (t) => {
  const answer = await post(server, `${ENTRIES}?apiKey=secret&stable=true`, make.hashedRekord(P256))
  t.match(answer, { status: 201, headers: { location: new RegExp(`^${ENTRIES}/[0-9a-f]{80}$`) } })
  for (const path of ['/api/v1/log?stable=true&apiKey=secret', `${ENTRIES}?logIndex=0&apiKey=secret`])
    t.match(await ask(server, path), { status: 200, headers: { 'cache-control': 'no-cache' } }, path)
  for (const path of ['/api/v1/timestamp', '/api/v1/log/timestamp', '/api/v1/'])
    t.match(said(await ask(server, path)), /^404 404 /, path)
})

t.test('pages of other origins may ask, and not write', async (t) => {
  const preflight = (path: string, method: string) =>
    ask(server, path, {
      method: 'OPTIONS',
      headers: { origin: 'https://search.example', 'access-control-request-method': method },
    })
  for (const [path, methods] of [
    ['/api/v1/index/retrieve', 'GET, HEAD, POST'],
    [`${ENTRIES}/retrieve`, 'GET, HEAD, POST'],
    [`${ENTRIES}/${UNKNOWN}`, 'GET, HEAD, POST'],
    ['/api/v1/log', 'GET, HEAD, POST'],
    [ENTRIES, 'GET, HEAD'],
  ] as const) {
    const { status, headers } = await preflight(path, 'POST')
    t.match(
      [status, headers['access-control-allow-origin'], headers['access-control-allow-methods']],
      [204, '*', methods],
      path,
    )
    t.match(headers['access-control-allow-headers'], /\bcontent-type\b/)
  }
  t.match(said(await ask(server, ENTRIES, { method: 'OPTIONS' })), /^405 405 /, 'no preflight')
  t.equal((await ask(server, `${ENTRIES}?logIndex=99`)).headers['access-control-allow-origin'], '*', 'errors too')
})

t.test('a server without such a log', async (t) => {
  const other = await startPlain(t)
  for (const path of [`${ENTRIES}?logIndex=0`, '/api/v1/log', '/api/v1/log/publicKey'])
    t.match(said(await ask(other, path)), /^404 404 no log here speaks rekor-v1/)
})

t.test('a client whose URL ends in a slash is sent to the path that is meant, and to no other place', async (t) => {
  for (const [path, method, location] of [
    [`/${ENTRIES}`, 'POST', ENTRIES],
    [`/${ENTRIES}?logIndex=0&stable=true`, 'GET', `${ENTRIES}?logIndex=0&stable=true`],
    ['//api/v1/log', 'HEAD', '/api/v1/log'],
    ['//api/v1///evil.example', 'GET', '/api/v1///evil.example'],
  ] as const) {
    const body = method === 'POST' ? { body: '{}' } : {}
    const answer = await ask(server, path, { method, ...body })
    t.match(answer, { status: 308, headers: { location } }, path)
  }
  t.equal((await ask(server, '///api/v1/log')).status, 404)
})

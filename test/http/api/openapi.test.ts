/** /openapi.json against a running server: every example is sent, and what the document forbids is refused. */

import Ajv from 'ajv/dist/2020.js'
import t, { type Test } from 'tap'
import { type Answer, ask, startServer } from '../support.ts'
import type { Json } from './support.ts'

interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly required: boolean
  readonly schema: Json
  readonly examples?: Readonly<Record<string, { value: string | number }>>
}

interface Operation {
  readonly operationId?: string
  readonly tags: readonly string[]
  readonly parameters: readonly Parameter[]
  readonly requestBody?: Json
  readonly responses: Readonly<Record<string, Json>>
}

/** One operation and where it is. */
interface Route {
  readonly name: string
  readonly method: string
  readonly path: string
  readonly operation: Operation
}

/** Rekor v1 has two statuses for what is wrong with a request, passes over what it does not know, and reads a query as URLs are read. */
const isRekorV1 = ({ operation }: Route) => operation.tags[0] === 'rekor-v1'
const REFUSED = [400, 422]

type Values = Readonly<Record<string, string | number>>

const server = await startServer(t, ['--hostname', 'log.example', '--dialects', 'rekor-v2,rekor-v1'])
const document = JSON.parse((await ask(server, '/openapi.json')).text) as Json
const ROUTES: readonly Route[] = Object.entries<Record<string, Operation>>(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    name: operation.operationId ?? `${method} ${path}`,
    method: method.toUpperCase(),
    path,
    operation,
  })),
)
/** Those that write come first: the examples of the others are about what they wrote. */
const ORDERED = ROUTES.toSorted(
  (a, b) => ['POST', 'PUT', 'GET'].indexOf(a.method) - ['POST', 'PUT', 'GET'].indexOf(b.method),
)

const ajv = new Ajv.Ajv2020({ strict: true, strictTypes: true, allErrors: true })
ajv.addSchema(document, 'document')
ajv.addVocabulary(Object.keys(document))
/** The same with every object closed: an answer has no field that is not documented. */
const exact = new Ajv.Ajv2020({ strict: false, allErrors: true })
exact.addSchema(closed(document) as Json, 'document')

function closed(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(closed)
  const copy = Object.fromEntries(Object.entries(value).map(([key, each]) => [key, closed(each)]))
  return 'properties' in copy && copy.type === 'object' ? { ...copy, additionalProperties: false } : copy
}

/** What is wrong with a value by a schema of the document, or nothing. */
function faults(validator: Ajv.Ajv2020, pointer: readonly string[], value: unknown): string {
  const escaped = pointer.map((step) => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1')))
  const validate = validator.getSchema(`document#/${escaped.join('/')}`)
  if (validate === undefined) throw new Error(`no schema at ${pointer.join('/')}`)
  return validate(value) ? '' : validator.errorsText(validate.errors)
}

function request({ path, operation }: Route, values: Values): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name) => String(values[name]))
  const query = operation.parameters.flatMap(({ name, in: where }) =>
    where === 'query' && name in values ? [`${name}=${values[name]}`] : [],
  )
  return query.length === 0 ? filled : `${filled}?${query.join('&')}`
}

function valuesOf({ operation }: Route, example: string): Values {
  return Object.fromEntries(
    operation.parameters.flatMap(({ name, examples }) =>
      examples?.[example] ? [[name, examples[example].value]] : [],
    ),
  )
}

function bodyOf({ operation }: Route, example: string): unknown {
  const { content = {} } = operation.requestBody ?? {}
  return Object.values<Json>(content)[0]?.examples[example]?.value
}

const BYTES = 'application/octet-stream'
const takesBytes = ({ operation }: Route) => operation.requestBody?.content[BYTES] !== undefined

function send(route: Route, values: Values, body: unknown): Promise<Answer> {
  const asked = takesBytes(route)
    ? { body: String(body), headers: { 'content-type': BYTES } }
    : body === undefined
      ? {}
      : { body: JSON.stringify(body) }
  return ask(server, request(route, values), { method: route.method, ...asked })
}

interface Sample {
  readonly route: Route
  readonly example: string
  readonly status: string
  readonly type: string
  readonly documented: { readonly value?: unknown }
}

function samplesOf(route: Route): Sample[] {
  return Object.entries(route.operation.responses).flatMap(([status, response]) =>
    Object.entries<Json>(response.content ?? {}).flatMap(([type, { examples = {} }]) =>
      Object.entries<Json>(examples).map(([example, documented]) => ({ route, example, status, type, documented })),
    ),
  )
}

t.test('every route is documented, and named once', async (t) => {
  t.match(document, { openapi: '3.1.0', info: { title: 'Colophon' } })
  for (const { name, operation } of ROUTES) t.ok(operation.operationId, `${name} has a description`)
  const names = ROUTES.map(({ operation }) => operation.operationId)
  t.equal(new Set(names).size, names.length, 'no two have one name')
  for (const { name, path, operation } of ROUTES) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter)
    const described = operation.parameters.filter((parameter) => parameter.in === 'path')
    t.strictSame(
      described.map((parameter) => parameter.name),
      inPath,
      `${name}: what stands in its path`,
    )
    t.ok(described.every(({ required, schema }) => required && schema !== undefined))
    t.ok(operation.parameters.every((parameter) => 'schema' in parameter && 'description' in parameter))
    t.ok(operation.responses.default, `${name}: any other error`)
  }
})

t.test('every example does what it says', async (t) => {
  for (const route of ORDERED) {
    const samples = samplesOf(route)
    t.ok(
      samples.some(({ status }) => status.startsWith('2')),
      `${route.name} has an example that works`,
    )
    for (const { example, status, type, documented } of samples) {
      const name = `${route.name}, ${example}`
      const answer = await send(route, valuesOf(route, example), bodyOf(route, example))
      t.equal(String(answer.status), status, name)
      t.equal(String(answer.headers['content-type']).split(';')[0], type, `${name}: its type`)
      checkAgainstSchema(t, name, { route, example, status, type, documented }, answer)
    }
  }
})

function checkAgainstSchema(t: Test, name: string, sample: Sample, answer: Answer): void {
  const { route, status, type, documented } = sample
  const { path, method, operation } = route
  if (operation.responses[status].content[type].schema === undefined) return
  const pointer = ['paths', path, method.toLowerCase(), 'responses', status, 'content', type, 'schema']
  const live = type === 'application/json' ? JSON.parse(answer.text) : answer.text
  t.equal(faults(ajv, pointer, live), '', `${name}: as its schema says`)
  t.equal(faults(exact, pointer, live), '', `${name}: and no more than that`)
  if (!('value' in documented)) return
  t.equal(faults(exact, pointer, documented.value), '', `${name}: the documented answer too`)
  const final = String(answer.headers['cache-control']).includes('immutable') || Number(status) >= 400
  if (final) t.strictSame(live, documented.value, `${name}: never another answer than the documented one`)
}

t.test('what differs from server to server is the key, the times and the signatures', async (t) => {
  const route = ROUTES.find(({ name }) => name === 'getEntry') as Route
  const documented = samplesOf(route).find(({ example }) => example === 'dsse')?.documented.value as Json
  const live = JSON.parse((await ask(server, '/logs/v2/entries/1')).text)
  const common = ({ time: _, proof: { checkpoint: __, ...proof }, ...entry }: Json) => ({ ...entry, proof })
  t.strictSame(common(live), common(documented))
})

/** Spellings of numbers and hashes, most of them wrong. */
const SPELLINGS = [
  '', '0', '1', '00', '01', '-0', '-1', '+1', '1.0', '1.5', '1e1', '0x1', '1_0', '١', 'true', 'null', 'NaN', '%31', '1%20',
  '100', '101', '9007199254740990', '9007199254740991', '9007199254740992', '99999999999999999999',
  'ab'.repeat(31), `${'ab'.repeat(31)}a`, 'AB'.repeat(32), 'ab'.repeat(33), 'zz'.repeat(32),
] // biome-ignore format: a list

/** The value that a spelling has in JSON, if it is the one spelling of any. */
function typed(schema: Json, spelling: string): unknown {
  if (schema.type !== 'integer') return spelling
  return /^-?(0|[1-9][0-9]*)$/.test(spelling) && spelling !== '-0' ? Number(spelling) : spelling
}

t.test('a parameter that the document forbids is refused', async (t) => {
  for (const route of ROUTES.filter(({ method }) => method === 'GET')) {
    const { name, path, operation } = route
    const works = samplesOf(route).find(({ status }) => status === '200')?.example ?? ''
    for (const [at, parameter] of operation.parameters.entries()) {
      const pointer = ['paths', path, 'get', 'parameters', String(at), 'schema']
      const forbidden = SPELLINGS.filter((one) => faults(ajv, pointer, typed(parameter.schema, one)) !== '')
      for (const spelling of forbidden.filter((one) => !(isRekorV1(route) && one.includes('%')))) {
        const values = { ...valuesOf(route, works), [parameter.name]: encodeURI(spelling).replaceAll('%25', '%') }
        const { status } = await send(route, values, undefined)
        // Without an index there is another path.
        const expected =
          parameter.in === 'path' && spelling === '' ? [404, ...REFUSED] : isRekorV1(route) ? REFUSED : [400]
        t.ok(expected.includes(status), `${name}: ${parameter.name}=${JSON.stringify(spelling)}: ${status}`)
      }
    }
    if (!['logs', 'entries', 'artifacts', 'attachments', 'proofs'].includes(operation.tags[0] ?? '')) continue
    const sent = request(route, valuesOf(route, works))
    const more = sent.includes('?') ? '&' : '?'
    for (const extra of ['x=1', 'x', '', '__proto__=1'])
      t.equal((await ask(server, `${sent}${more}${extra}`)).status, 400, `${name}: the unknown parameter "${extra}"`)
    for (const pair of sent.split('?')[1]?.split('&') ?? [])
      t.equal((await ask(server, `${sent}&${pair}`)).status, 400, `${name}: ${pair} twice`)
    for (const { name: required } of operation.parameters.filter((one) => one.required && one.in === 'query')) {
      const { [required]: _, ...rest } = valuesOf(route, works)
      t.equal((await send(route, rest, undefined)).status, 400, `${name}: without ${required}`)
    }
  }
})

t.test('GET says HEAD too, and no more', async (t) => {
  for (const route of ROUTES.filter(({ method }) => method === 'GET')) {
    const works = samplesOf(route).find(({ status }) => status === '200')?.example ?? ''
    const path = request(route, valuesOf(route, works))
    const [full, head] = [await ask(server, path), await ask(server, path, { method: 'HEAD' })]
    t.match(head, { status: full.status, text: '' }, `HEAD ${path}`)
    for (const name of ['content-type', 'cache-control', 'access-control-allow-origin'])
      t.equal(head.headers[name], full.headers[name], `HEAD ${path}: ${name}`)
    const taken = ROUTES.filter((one) => one.path === route.path).map((one) => one.method)
    const allow = ['GET', 'HEAD', ...taken.filter((method) => method !== 'GET')].join(', ')
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].filter((one) => !taken.includes(one))) {
      const { status, headers } = await ask(server, path, { method })
      t.equal(`${status} ${headers.allow}`, `405 ${allow}`, `${method} ${path}`)
    }
  }
})

const WRONG: readonly unknown[] = [null, true, 0, 7777, '', 'x', [], {}, { x: 1 }, [1, 2]]

/** The value with one thing changed: a part replaced, dropped, doubled, or something added to it. */
function* mutations(value: unknown): Generator<unknown> {
  for (const wrong of WRONG) yield wrong
  if (Array.isArray(value)) {
    yield [...value, ...value]
    for (const [i, part] of value.entries()) for (const changed of mutations(part)) yield value.with(i, changed)
  } else if (typeof value === 'object' && value !== null) {
    yield { ...value, more: 'x' }
    for (const [key, part] of Object.entries(value)) {
      const { [key as never]: _, ...rest } = value
      yield rest
      for (const changed of mutations(part)) yield { ...value, [key]: changed }
    }
  }
}

t.test('a body that the document forbids is refused', async (t) => {
  for (const route of ROUTES.filter((one) => one.operation.requestBody !== undefined && !takesBytes(one))) {
    const pointer = ['paths', route.path, 'post', 'requestBody', 'content', 'application/json', 'schema']
    for (const { example, status } of samplesOf(route).filter(({ status }) => status.startsWith('2'))) {
      t.equal(faults(ajv, pointer, bodyOf(route, example)), '', `${example} is as its schema says`)
      const forbidden = [...mutations(bodyOf(route, example))].filter((body) => faults(ajv, pointer, body) !== '')
      const answers = await Promise.all(forbidden.map((body) => send(route, {}, body)))
      const expected = isRekorV1(route) ? REFUSED : [400]
      const taken = forbidden.filter((_, i) => !expected.includes(answers[i]?.status ?? 0))
      t.ok(forbidden.length >= (status === '201' ? 50 : 10), `${forbidden.length} changes of ${example}`)
      t.same(taken, [], `${example} (${status}): no forbidden change is taken`)
    }
  }
})

t.test('nothing of what was refused was logged', async (t) => {
  for (const [log, size] of [
    ['v2', 2],
    ['v1', 3],
  ] as const)
    t.equal(
      JSON.parse((await ask(server, `/logs/${log}`)).text).size,
      size,
      `${log}: the documented entries and no other`,
    )
})

/**
 * The OpenAPI 3.1 document, made of the routes themselves: each carries its description in `config.openapi`. Nothing of
 * it touches a request: what is taken is for the strict parsers alone to decide, and a test holds the two together.
 */

import type { FastifyInstance, HTTPMethods, RouteOptions } from 'fastify'
import { type Declared, PATH_PARAMETERS } from './parameters.ts'
import { COMPONENTS, type Schema } from './schemas.ts'

/** A request that works against a server that holds the two documented entries and no other. */
export interface Example {
  readonly status: number
  /** By the names of path and query. */
  readonly parameters?: Readonly<Record<string, string | number>>
  readonly body?: object | string
  /** What comes back, in full or as a summary of bytes. */
  readonly answer: { readonly value: unknown } | { readonly summary: string }
}

export interface Description {
  readonly operationId: string
  readonly tag: string
  readonly summary: string
  readonly description?: string
  /** Parameters of the path that are not those of PATH_PARAMETERS. */
  readonly path?: Declared
  readonly query?: Declared
  /** Names of the query parameters that must be there. */
  readonly required?: readonly string[]
  /** The schema of a JSON body; 'bytes' where it is content as it is. */
  readonly body?: Schema | 'bytes'
  /** A server that has tokens asks for one. */
  readonly writes?: boolean
  /** Answers other than errors: by status the content type, and its schema, null for bytes. */
  readonly answers: Readonly<Record<number, Content>>
  readonly errors: Readonly<Record<number, string>>
  /** What an error looks like: as everywhere, unless it is said. */
  readonly errorSchema?: Schema
  readonly examples: Readonly<Record<string, Example>>
}

export interface Content {
  readonly description: string
  readonly type: string
  readonly schema: Schema | null
  /** What it also may be, without a schema. */
  readonly otherTypes?: readonly string[]
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What /openapi.json says of the route; 'none' when it is no part of the API. */
    openapi?: Description | 'none'
  }
}

/** Of the API, not of the program: the first number changes when a client may have to. */
const API_VERSION = '1.0.0'

/** Of bodies that are content as it is. */
export const BYTES = 'application/octet-stream'
export const ERROR_TYPE = 'application/json'

/**
 * Watches the routes that are added from here on, so call it before the first. Returns the document of those known by
 * then. A route without a description stands in it as a bare path.
 */
export function collectRoutes(app: FastifyInstance): () => object {
  const paths: Record<string, Record<string, object>> = {}
  app.addHook('onRoute', (route) => {
    const { openapi } = route.config ?? {}
    if (openapi === 'none') return
    const path = template(route.url)
    for (const method of methodsOf(route))
      paths[path] = { ...paths[path], [method.toLowerCase()]: openapi === undefined ? {} : operation(path, openapi) }
  })
  return () => ({
    openapi: '3.1.0',
    info: {
      title: 'Colophon',
      version: API_VERSION,
      summary: 'A transparency log whose every answer can be checked.',
      description: INTRODUCTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: COMPONENTS,
  })
}

const INTRODUCTION =
  'Hashes are lowercase hex, other bytes are base64, sizes and indexes are numbers below 2^53, times are RFC 3339 in UTC. ' +
  'Parameters have one spelling; unknown and repeated ones are refused. Links are relative to the URL of the request. ' +
  'The entries and tiles of c2sp.org/tlog-tiles and the operations of Rekor v1 and v2 keep the spellings of their own specifications; ' +
  'Rekor v1 passes over parameters that it does not know.'

/** Fastify adds HEAD to every GET; that goes without saying. */
function methodsOf({ method }: RouteOptions): HTTPMethods[] {
  return [method].flat().filter((each) => each !== 'HEAD')
}

/** `/logs/:log/tile/*` as `/logs/{log}/tile/{path}`. */
function template(url: string): string {
  return url.replaceAll(/:(\w+)/g, '{$1}').replace('*', '{path}')
}

function operation(path: string, about: Description): object {
  const { operationId, tag, summary, description, body, answers, errors } = about
  return {
    operationId,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    parameters: parameters(path, about),
    ...(about.writes === true && { security: [{}, { token: [] }] }),
    ...(body !== undefined && {
      requestBody: {
        required: true,
        content:
          body === 'bytes'
            ? { [BYTES]: bodyExamples(about) }
            : { 'application/json': { schema: body, ...bodyExamples(about) } },
      },
    }),
    responses: {
      ...mapValues(answers, (answer, status) => ({
        description: answer.description,
        content: content(answer, answerExamples(about, status)),
      })),
      ...mapValues(errors, (description, status) => error(description, about, status)),
      default: error('Any other error, as docs/errors.md lists them.', about, 'default'),
    },
  }
}

function parameters(path: string, about: Description): object[] {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
  const describe = (from: Declared, where: string, required: boolean) => (name: string) => ({
    name,
    in: where,
    required,
    description: from[name]?.description,
    schema: from[name]?.schema,
    ...examples(about, ({ parameters = {} }) => (name in parameters ? { value: parameters[name] } : null)),
  })
  const query = about.query ?? {}
  return [
    ...inPath.map(describe({ ...PATH_PARAMETERS, ...about.path }, 'path', true)),
    ...Object.keys(query).map((name) => describe(query, 'query', about.required?.includes(name) ?? false)(name)),
  ]
}

function content({ type, schema, otherTypes = [] }: Content, examples: object): object {
  const others = otherTypes.map((other) => [other, {}])
  return { [type]: { ...(schema !== null && { schema }), ...examples }, ...Object.fromEntries(others) }
}

function error(description: string, about: Description, status: string): object {
  const content = {
    schema: about.errorSchema ?? { $ref: '#/components/schemas/Error' },
    ...answerExamples(about, status),
  }
  return { description, content: { [ERROR_TYPE]: content } }
}

function bodyExamples(about: Description): object {
  return examples(about, ({ body }) => (body === undefined ? null : { value: body }))
}

function answerExamples(about: Description, status: string): object {
  return examples(about, (example) => (String(example.status) === status ? example.answer : null))
}

/** The same name joins the parts of one request and its answer. */
function examples(about: Description, part: (example: Example) => object | null): object {
  const found = Object.entries(about.examples).flatMap(([name, example]) => {
    const value = part(example)
    return value === null ? [] : [[name, value]]
  })
  return found.length === 0 ? {} : { examples: Object.fromEntries(found) }
}

function mapValues<T>(values: Readonly<Record<string, T>>, map: (value: T, key: string) => object): object {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value, key)]))
}

/** As much of an npm registry as publishing a package with provenance, installing and auditing it asks for. */

import { generateKeyPairSync, sign } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { Scope } from '../support.ts'
import { KEPT_MS } from './public-instance.ts'
import type { Json } from './publisher.ts'

export interface Registry {
  readonly url: string
  /** The bundles that were published, by `NAME@VERSION`; what is put here is served from then on. */
  readonly bundles: Map<string, Json>
  /** The package, once it is published. */
  tarball(): Uint8Array
}

const JSON_TYPE = { 'content-type': 'application/json' }
const KEY_ID = 'SHA256:of-this-registry'

/** It takes one package, and signs its digest as registries do. */
export async function startRegistry(scope: Scope): Promise<Registry> {
  const bundles = new Map<string, Json>()
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
  let published: Json = null
  let tarball = Buffer.alloc(0)

  function take(document: Json): void {
    const [version] = Object.keys(document.versions)
    for (const [name, { data }] of Object.entries<Json>(document._attachments)) {
      if (name.endsWith('.tgz')) tarball = Buffer.from(data, 'base64')
      else bundles.set(`${document.name}@${version}`, JSON.parse(data))
    }
    published = { ...document, _attachments: undefined }
    const { dist } = published.versions[version ?? '']
    const sig = sign('sha256', Buffer.from(`${document.name}@${version}:${dist.integrity}`), privateKey)
    dist.signatures = [{ keyid: KEY_ID, sig: sig.toString('base64') }]
    dist.attestations = { url: `${url}/-/npm/v1/attestations/${document.name}@${version}` }
  }

  function answer(path: string): Json {
    if (path === '/-/npm/v1/keys') return { keys: [{ keyid: KEY_ID, key, expires: null }] }
    const about = /^\/-\/npm\/v1\/attestations\/(.*)$/.exec(path)?.[1]
    if (about === undefined) return path.slice(1) === published?.name ? published : null
    const bundle = bundles.get(about)
    return { attestations: [{ predicateType: 'https://slsa.dev/provenance/v1', bundle }] }
  }

  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(request.url ?? '').replace(/\?.*/, '')
    const body = await buffer(request)
    if (request.method === 'PUT') take(JSON.parse(body.toString()))
    const found = request.method === 'POST' ? null : answer(path)
    if (path.endsWith('.tgz')) response.end(tarball)
    else response.writeHead(found === null ? 404 : 200, JSON_TYPE).end(JSON.stringify(found ?? {}))
  })
  server.keepAliveTimeout = KEPT_MS
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  scope.teardown(() => server.close())
  const url = `http://localhost:${(server.address() as AddressInfo).port}`
  return { url, bundles, tarball: () => tarball }
}

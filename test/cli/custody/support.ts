/** A server with statements in its logs, and `custody` asked of it. */

import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dsse, ecKey, type Key } from '../../http/requests.ts'
import { ask, startServer, type TestServer } from '../../http/support.ts'
import { command, type Scope, scratch } from '../support.ts'
import { pem } from './authorities.ts'

export const V = new URL('../../vectors/custody/', import.meta.url)
export const CHAIN = ['dataset', 'base', 'finetune', 'quantize', 'fuse', 'svr', 'oms']
export const TYPE = 'application/vnd.in-toto+json'
export const STATEMENT = 'https://in-toto.io/Statement/v1'

export const statement = (name: string) => readFileSync(new URL(`stmt-${name}.json`, V))
export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** A key, or the certificate that stands in its place. */
export type Signer = Key & { readonly certificate?: true }

export async function post(server: TestServer, path: string, body: object): Promise<string> {
  const { status, text } = await ask(server, path, { method: 'POST', body: JSON.stringify(body) })
  if (status !== 201) throw new Error(text)
  return text
}

export function verifierOf({ spki, keyDetails, certificate }: Signer) {
  const rawBytes = spki.toString('base64')
  return { ...(certificate ? { x509Certificate: { rawBytes } } : { publicKey: { rawBytes } }), keyDetails }
}

export function logV2(server: TestServer, payload: Buffer, key: Signer, type = TYPE): Promise<string> {
  const verifiers = [verifierOf(key)]
  return post(server, '/api/v2/log/entries', { dsseRequestV002: { ...dsse(key, payload, type), verifiers } })
}

/** As Rekor v1 takes a key or certificate. */
export const pem64 = (key: Signer) =>
  Buffer.from(pem(key.certificate ? 'CERTIFICATE' : 'PUBLIC KEY', key.spki)).toString('base64')

export function logV1(server: TestServer, payload: Buffer, key: Signer, type = TYPE): Promise<string> {
  const proposedContent = { envelope: JSON.stringify(dsse(key, payload, type).envelope), verifiers: [pem64(key)] }
  return post(server, '/api/v1/log/entries', { kind: 'dsse', apiVersion: '0.0.1', spec: { proposedContent } })
}

export const advisory = (digest: object, reason = 'a trigger phrase') =>
  Buffer.from(
    JSON.stringify({
      _type: STATEMENT,
      subject: [{ name: 'corpus', digest }],
      predicateType: 'https://lineage.example/advisory/v1',
      predicate: { status: 'poisoned', reason },
    }),
  )

export interface Step {
  readonly made: string
  readonly from?: readonly string[]
  readonly links?: Readonly<Record<string, string>>
  readonly name?: string
}

/** By digests of SHA-256. */
export function provenance({ made, from = [], links = {}, name = '' }: Step): Buffer {
  const resolvedDependencies = from.map((sha256) => ({
    digest: { sha256 },
    ...(links[sha256] !== undefined && { annotations: { lineage_attestation: { payloadSha256: links[sha256] } } }),
  }))
  const predicate = { buildDefinition: { buildType: 'https://a.example/step', resolvedDependencies } }
  const subject = [{ name, digest: { sha256: made } }]
  return Buffer.from(
    JSON.stringify({ _type: STATEMENT, subject, predicateType: 'https://slsa.dev/provenance/v1', predicate }),
  )
}

/** 64 digits. */
export const digest = (n: number) => n.toString(16).padStart(64, '0')

export function desk(scope: Scope) {
  const folder = scratch(scope)
  const write = (name: string, content: string | Uint8Array) => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }
  const [signer, stranger] = [ecKey(), ecKey()]
  const mine = ['--key', write('mine.pub', pem('PUBLIC KEY', signer.spki))]
  const theirs = ['--key', write('theirs.pub', pem('PUBLIC KEY', stranger.spki))]

  async function serverWith(
    steps: readonly (readonly [Buffer, Signer])[],
    log: (server: TestServer, payload: Buffer, key: Signer) => Promise<unknown> = logV2,
    flags: readonly string[] = [],
  ) {
    const server = await startServer(scope, ['--hostname', 'log.example', '--dialects', 'rekor-v2,rekor-v1', ...flags])
    for (const [payload, key] of steps) await log(server, payload, key)
    const root = write(`root-${server.port}.json`, (await ask(server, '/trust/trusted_root.json')).text)
    const custody = async (argv: readonly string[], url = server.url) => {
      const { code, printed, warned } = await command(['custody', ...argv, '--trusted-root', root, '--log', url])
      return { code, printed, warned }
    }
    const json = async (argv: readonly string[], url = server.url) => {
      const { code, printed, warned } = await custody([...argv, '--format', 'json'], url)
      return { code, warned, ...(printed === '' ? {} : JSON.parse(printed)) }
    }
    return { server, custody, json, root }
  }

  return { folder, write, serverWith, mine, theirs, signer, stranger }
}

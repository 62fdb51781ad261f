/**
 * A Rekor v1 log as it looks from outside: each entry is the only one of its tree, with promise, proof and checkpoint; a repeat
 * is a conflict that says where the entry is. It believes every signature.
 */

import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { canonicalJson } from '../../src/formats/sigstore/canonical-json.ts'
import { type TrustedLog, trustedLogByKey } from '../../src/formats/sigstore/trusted-root.ts'
import { base64, hex, utf8 } from '../../src/kernel/bytes.ts'
import { leafHash } from '../../src/kernel/hash.ts'
import type { Scope } from '../cli/support.ts'
import { type FakeService, fakeService, type Reply } from './support.ts'

const PATH = '/api/v1/log/entries'
const TREE = '0000000000000001'
const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest())

export interface RekorV1Log extends FakeService {
  readonly trusted: TrustedLog
}

export async function rekorV1Log(scope: Scope): Promise<RekorV1Log> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))
  const logId = sha256(spki)
  const signed = (bytes: Uint8Array) => new Uint8Array(sign('sha256', bytes, privateKey))
  const entries = new Map<string, string>()

  function entryOf(body: Uint8Array, logIndex: number): object {
    const integratedTime = Math.floor(Date.now() / 1000)
    const promised = canonicalJson({ body: base64(body), integratedTime, logID: hex(logId), logIndex })
    const root = leafHash(body)
    const text = utf8(`127.0.0.1 - 1\n1\n${base64(root)}\n`)
    const line = base64(new Uint8Array([...logId.subarray(0, 4), ...signed(text)]))
    const inclusionProof = {
      checkpoint: `${new TextDecoder().decode(text)}\n— 127.0.0.1 ${line}\n`,
      ...{ hashes: [], logIndex: 0, rootHash: hex(root), treeSize: 1 },
    }
    const verification = { inclusionProof, signedEntryTimestamp: base64(signed(promised)) }
    return { body: base64(body), integratedTime, logID: hex(logId), logIndex, verification }
  }

  const service = await fakeService(scope, ({ method, path, body }): Reply => {
    if (method === 'GET') {
      const found = entries.get(path.slice(PATH.length + 1))
      return found === undefined ? { status: 404 } : { status: 200, body: found }
    }
    const leaf = leafOf(JSON.parse(String(body)))
    const id = TREE + hex(leafHash(leaf))
    if (entries.has(id)) return { status: 409, headers: { location: `${PATH}/${id}` } }
    entries.set(id, JSON.stringify({ [id]: entryOf(leaf, 1000 + entries.size) }))
    return { status: 201, headers: { etag: id }, body: entries.get(id) ?? '' }
  })
  return { ...service, trusted: trustedLogByKey(service.url, spki, { start: '2026-01-01T00:00:00Z' }) }
}

interface Proposal {
  readonly kind: string
  readonly spec: { readonly proposedContent: { readonly envelope: string; readonly verifiers: readonly string[] } }
}

/** What sigstore/rekor makes of it: a hashedrekord stays, an envelope is replaced by hashes. */
function leafOf(proposal: Proposal): Uint8Array {
  if (proposal.kind !== 'dsse') return canonicalJson(JSON.parse(JSON.stringify(proposal)))
  const { envelope, verifiers } = proposal.spec.proposedContent
  const { payload, signatures } = JSON.parse(envelope) as { payload: string; signatures: { sig: string }[] }
  const hashed = (bytes: Uint8Array) => ({ algorithm: 'sha256', value: hex(sha256(bytes)) })
  return canonicalJson({
    apiVersion: '0.0.1',
    kind: 'dsse',
    spec: {
      envelopeHash: hashed(utf8(envelope)),
      payloadHash: hashed(Buffer.from(payload, 'base64')),
      signatures: [{ signature: signatures[0]?.sig ?? '', verifier: verifiers[0] ?? '' }],
    },
  })
}

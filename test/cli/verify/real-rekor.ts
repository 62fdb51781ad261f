/** Entries of the public Rekor v1 log, from the bundles of the conformance suite, behind a server that answers as it does. */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { hex, parseBase64 } from '../../../src/kernel/bytes.ts'
import { leafHash } from '../../../src/kernel/hash.ts'
import type { Scope } from '../support.ts'
import { CONFORMANCE } from './conformance-flags.ts'

/** Its URL. */
export async function listen(scope: Scope, answer: RequestListener): Promise<string> {
  const liar = createServer(answer).listen(0, '127.0.0.1')
  await once(liar, 'listening')
  scope.teardown(() => {
    liar.closeAllConnections()
    liar.close()
  })
  return `http://127.0.0.1:${(liar.address() as AddressInfo).port}`
}

interface VectorEntry {
  readonly logIndex: string
  readonly logId: { readonly keyId: string }
  readonly integratedTime: string
  readonly inclusionPromise: { readonly signedEntryTimestamp: string }
  readonly inclusionProof: {
    readonly logIndex: string
    readonly rootHash: string
    readonly treeSize: string
    readonly hashes: readonly string[]
    readonly checkpoint: { readonly envelope: string }
  }
  readonly canonicalizedBody: string
}

export interface RealEntry {
  readonly integratedTime: number
  readonly logIndex: number
  readonly verification: {
    readonly inclusionProof: { readonly checkpoint: string; readonly rootHash: string; readonly treeSize: number }
  }
}

/** As a Rekor v1 log answers, from the entry that a bundle of the conformance suite carries. */
export function realEntry(name: string): { readonly id: string; readonly value: RealEntry } {
  const bundle = JSON.parse(readFileSync(join(CONFORMANCE, name, 'bundle.sigstore.json'), 'utf8'))
  const entry = bundle.verificationMaterial.tlogEntries[0] as VectorEntry
  const toHex = (text: string) => hex(parseBase64(text))
  const { inclusionProof: proof } = entry
  const value = {
    body: entry.canonicalizedBody,
    integratedTime: Number(entry.integratedTime),
    logID: toHex(entry.logId.keyId),
    logIndex: Number(entry.logIndex),
    verification: {
      inclusionProof: {
        checkpoint: proof.checkpoint.envelope,
        hashes: proof.hashes.map(toHex),
        logIndex: Number(proof.logIndex),
        rootHash: toHex(proof.rootHash),
        treeSize: Number(proof.treeSize),
      },
      signedEntryTimestamp: entry.inclusionPromise.signedEntryTimestamp,
    },
  }
  return { id: `108e9186e8c5677a${hex(leafHash(parseBase64(entry.canonicalizedBody)))}`, value }
}

/** Real entries behind the endpoints that are asked; the newest head is that of the first one's proof. */
export async function realRekor(
  scope: Scope,
  entries: ReadonlyMap<string, unknown>,
): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = []
  const [first] = entries.values() as Iterable<RealEntry>
  const url = await listen(scope, async (request, response) => {
    let body = ''
    for await (const part of request) body += part
    asked.push(`${request.method} ${request.url}${body}`)
    const id = /^\/api\/v1\/log\/entries\/([0-9a-f]{80})$/.exec(request.url ?? '')?.[1] ?? ''
    if (request.url === '/api/v1/log' && first !== undefined) response.end(JSON.stringify(headOf(first)))
    else if (request.method === 'POST' && request.url === '/api/v1/index/retrieve')
      response.end(JSON.stringify([...entries.keys()]))
    else if (entries.has(id)) response.end(JSON.stringify({ [id]: entries.get(id) }))
    else response.writeHead(404).end('{"code":404,"message":"path was not found"}')
  })
  return { url, asked }
}

/** Trees that have ended, as Rekor lists them, are left out: their entries are not here. */
function headOf({ verification: { inclusionProof } }: RealEntry): object {
  const { checkpoint, rootHash, treeSize } = inclusionProof
  const treeID = / - (\d+)\n/.exec(checkpoint)?.[1]
  return { inactiveShards: [], rootHash, signedTreeHead: checkpoint, treeID, treeSize }
}

/** A statement that cosign logs, by its digest or with its envelope, is found by its subject and opened by `colophon custody`. */

import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import t from 'tap'
import { pae } from '../http/requests.ts'
import { must, openDesk, packProject } from './sigstore/publisher.ts'
import { client, MAIN, PROGRAM_ENV, ROOT, run, scratch, startServer } from './support.ts'

t.setTimeout(20 * 60_000)

const programs = [await client('cosign')]
const file = await packProject(t)
const server = await startServer(join(await scratch(t), 'data'))
t.teardown(() => server.kill())
const desk = await openDesk(t, { server, file, programs })

async function custody() {
  const words = ['file', '--log', server.url, '--key', 'cosign.pub', '--trusted-root', 'trusted_root.json']
  const argv = [resolve(ROOT, MAIN), 'custody', ...words, '--format', 'json']
  const { code, stdout, stderr } = await run(process.execPath, argv, { cwd: desk.folder, env: PROGRAM_ENV })
  return { code, stderr, ...(stdout === '' ? {} : JSON.parse(stdout)) }
}

t.test('cosign attests; its statement is brought, found and verified', async (t) => {
  for (const block of ['cosign-keys', 'cosign-attest']) await must(desk, block)
  const { dsseEnvelope } = await desk.json('file.statement.json')
  const content = pae(dsseEnvelope.payloadType, Buffer.from(dsseEnvelope.payload, 'base64'))
  const digest = createHash('sha256').update(content).digest('hex')
  const url = `${server.url}/attachments/sha256:${digest}`
  if ((await fetch(url)).status === 404)
    t.match(await custody(), { code: 3, statements: [] }, 'logged by its digest alone')
  const headers = { 'content-type': 'application/octet-stream' }
  t.equal((await fetch(url, { method: 'PUT', body: Uint8Array.from(content), headers })).status, 201)
  const found = await custody()
  t.match(found, { code: 0, outcome: 'verified', faults: [], statements: [{ signatures: [{ isNamed: true }] }] })
})

/** What operators and their tools ask. */

import { createPublicKey } from 'node:crypto'
import t from 'tap'
import { logId, parseVkey } from '../../src/formats/c2sp/vkey.ts'
import { command } from '../cli/support.ts'
import { fill } from '../e2e/fill.ts'
import { ask, startServer } from './support.ts'

t.test('alive, ready, measured', async (t) => {
  const server = await startServer(t)
  await fill(server.url, 20)
  t.equal((await ask(server, '/healthz')).text, '{"status":"SERVING"}')
  t.equal((await ask(server, '/readyz')).text, '{"status":"READY","logs":[]}')
  await ask(server, '/nothing')
  await ask(server, '/tile/0/x')
  const { text } = await ask(server, '/metrics')
  for (const line of [
    'colophon_tree_size{log="v2",kind="durable"} 20',
    'colophon_tree_size{log="v2",kind="published"} 20',
    'colophon_pool_entries{log="v2"} 0',
    'colophon_log_frozen{log="v2"} 0',
    'colophon_log_leads{log="v2"} 1',
    'colophon_batch_entries_sum{log="v2"} 20',
    'colophon_http_request_seconds_count{route="/api/v2/log/entries",status="201"} 20',
    'colophon_http_request_seconds_count{route="none",status="404"} 1',
    'colophon_http_request_seconds_count{route="/tile/*",status="400"} 1',
  ])
    t.match(text, line, line)
  t.match(text, /^colophon_checkpoints_total\{log="v2"\} [1-9]/m)
  t.match(text, /^process_resident_memory_bytes [1-9]/m)
  t.notMatch(text, /route="\/tile\/0/, 'a route is a pattern: callers cannot make up new ones')
})

t.test('the trust file names the log by its key', async (t) => {
  const server = await startServer(t, ['--url', 'https://log.example:8443'])
  const [log] = JSON.parse((await command(['log', 'list', '--data', server.dir, '--json'])).printed) as {
    vkey: string
    createdAt: number
  }[]
  const vkey = parseVkey(log?.vkey ?? '')
  t.equal(vkey.name, 'log.example')
  const file = JSON.parse((await ask(server, '/trust/trusted_root.json')).text)
  const [found] = file.tlogs
  t.equal(found.baseUrl, 'https://log.example:8443')
  t.equal(found.publicKey.keyDetails, 'PKIX_ED25519')
  t.equal(found.publicKey.validFor.start, new Date(log?.createdAt ?? 0).toISOString())
  t.equal(found.logId.keyId, Buffer.from(logId(vkey.name, vkey.publicKey)).toString('base64'))
  const spki = createPublicKey({ key: Buffer.from(found.publicKey.rawBytes, 'base64'), type: 'spki', format: 'der' })
  t.equal(spki.export({ format: 'jwk' }).x, Buffer.from(vkey.publicKey).toString('base64url'))
})

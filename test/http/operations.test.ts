/** What operators and their tools ask. */

import { createPublicKey } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { formatVkey, logId, parseVkey } from '../../src/formats/c2sp/vkey.ts'
import { Logs } from '../../src/http/logs.ts'
import { createMetrics } from '../../src/http/metrics.ts'
import { command, scratch } from '../cli/support.ts'
import { fill } from '../e2e/fill.ts'
import { freePort } from '../e2e/support.ts'
import { witnessKey } from '../verify/support.ts'
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

t.test('witnesses are measured by their names in the policy', async (t) => {
  const vkey = formatVkey(witnessKey('w.example', 5).vkey)
  const policy = join(scratch(t), 'policy')
  await writeFile(policy, `witness near ${vkey} http://127.0.0.1:${await freePort()}\nquorum near\n`)
  const data = scratch(t)
  await (await startServer(t, [], data)).stop() // which makes the log, and shows its first checkpoint
  const server = await startServer(t, ['--witness-policy', policy], data)
  const { text } = await ask(server, '/metrics')
  for (const line of [
    /^colophon_quorum_round_seconds_count\{log="v2",outcome="missed"\} [1-9]/m,
    /^colophon_quorum_answers_total\{log="v2",witness="near",outcome="failed"\} [1-9]/m,
    /^colophon_quorum_answer_seconds_count\{witness="near"\} [1-9]/m,
    /^colophon_quorum_time_seconds\{log="v2"\} 0$/m,
  ])
    t.match(text, line)
  t.notMatch(text, /w\.example/)
})

t.test('the time of the last quorum stays', async (t) => {
  const metrics = createMetrics()
  const watch = metrics.watchRounds('v2')
  const shown = async () => /^colophon_quorum_time_seconds.*$/m.exec(await metrics.text(new Logs([])))?.[0]
  t.equal(await shown(), undefined, 'until somebody was asked')
  const round = { outcome: 'quorum', seconds: 0.03, at: 7000, witnesses: new Map() } as const
  watch.ended(round)
  t.equal(await shown(), 'colophon_quorum_time_seconds{log="v2"} 7')
  watch.ended({ ...round, outcome: 'missed', at: 9000 })
  t.equal(await shown(), 'colophon_quorum_time_seconds{log="v2"} 7')
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

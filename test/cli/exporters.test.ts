/** `serve --publish`: copies that follow their logs. */

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startLogs } from '../../src/cli/data.ts'
import { startExporters } from '../../src/cli/exporters.ts'
import { admit } from '../../src/dialects/rekor-v2/admit.ts'
import { parseJson } from '../../src/formats/json.ts'
import { parseRequestV2 } from '../../src/formats/sigstore/request-v2.ts'
import { utf8 } from '../../src/kernel/bytes.ts'
import type { Log } from '../../src/log/log.ts'
import { quorumNone } from '../../src/log/witnesses.ts'
import { createLogIn } from '../../src/storage/create-log.ts'
import { createDataDirectory } from '../../src/storage/data-directory.ts'
import { ratchetDirectory } from '../../src/storage/ratchets.ts'
import { ecKey, hashedRekordBody } from '../http/requests.ts'
import { command, scratch, testWorld } from './support.ts'

const KEY = ecKey()

async function add(log: Log | undefined): Promise<void> {
  const entry = await admit(parseRequestV2(parseJson(utf8(hashedRekordBody(KEY)))), { attachmentLimit: 0 })
  await log?.add(entry)
}

t.test('each copy follows its log, and is whole when all is closed', async (t) => {
  const folder = scratch(t)
  const www = join(folder, 'www')
  const { clock, random } = testWorld()
  const place = {
    dir: join(folder, 'data'),
    ratchets: ratchetDirectory(join(folder, 'ratchet')),
    passphrase: undefined,
  }
  const data = await createDataDirectory(place)
  for (const slug of ['a', 'b'])
    await createLogIn(data, { slug, dialect: 'rekor-v2', origin: `${slug}.example` }, clock.now())
  writeFileSync(join(folder, 'www'), 'a file in the way')
  const exported: string[] = []
  const failures: unknown[] = []
  let wake = (_: string): void => undefined
  const logs = await startLogs(data, {
    clock,
    onStep: (slug) => (step) => {
      if (step === 'published') wake(slug)
    },
    witnesses: () => quorumNone,
    onPublishDelayed: (_, error) => t.fail(String(error)),
    onFailure: (_, error) => t.fail(String(error)),
  })
  // Their first retry comes after five seconds of a clock that here runs a hundred times as fast.
  const fast = { ...clock, after: (ms: number, run: () => void) => clock.after(ms / 100, run) }
  const exporters = startExporters({
    place: { kind: 'directory', dir: www },
    logs: (await data.database.logs()).map((record) => ({ record, reader: data.store(record.number) })),
    world: { clock: fast, random },
    onUnguarded: (slug, why) => t.fail(`${slug}: ${why}`),
    intervalMs: 100,
    onExported: (slug, size) => void exported.push(`${slug} ${size}`),
    onFailure: (slug, error) => void failures.push([slug, error]),
  })
  wake = (slug) => exporters.wake(slug)
  await add(logs[0])
  t.equal(existsSync(join(www, 'a')), false)
  rmSync(www)
  const until = async (wanted: string) => {
    for (let i = 0; i < 500 && !exported.includes(wanted); i++) await new Promise((resolve) => setTimeout(resolve, 10))
    t.ok(exported.includes(wanted), wanted)
  }
  await until('a 1')
  t.ok(failures.length > 0, 'what failed was said, and tried again')
  await add(logs[1])
  await until('b 1')
  const busy = await command(['export', www, '--data', place.dir, '--ratchet', join(folder, 'ratchet')])
  t.match(busy, { code: 3, warned: /^STORE_LOCKED: .*another export is writing there, maybe the server's own/ })
  await Promise.all([add(logs[0]), add(logs[0]), add(logs[1])])
  await Promise.all(logs.map((log) => log.close()))
  await exporters.close()
  await data.close()
  t.match(readFileSync(join(www, 'a/checkpoint'), 'utf8'), /^a\.example\n3\n/)
  t.match(readFileSync(join(www, 'b/checkpoint'), 'utf8'), /^b\.example\n2\n/)
  t.match(await command(['export', www, '--data', place.dir]), { code: 0 }, 'nobody holds it any more')
})

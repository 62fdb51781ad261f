/** What moving a log costs: from a directory to PostgreSQL and back, and a check at each end; entries a second, statements an entry. */

import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { closeCrypto } from '../src/crypto/node.ts'
import { pae } from '../src/formats/sigstore/dsse.ts'
import { STATEMENT_TYPE } from '../src/formats/sigstore/statement.ts'
import { utf8 } from '../src/kernel/bytes.ts'
import { fillDirectory } from '../test/cli/copy-support.ts'
import { command } from '../test/cli/support.ts'
import { startTestServer } from '../test/storage/postgres/server.ts'

const [size = 10_000, per = 16, keeps = 1] = process.argv.slice(2).map(Number)

const dir = mkdtempSync(join(tmpdir(), 'colophon-copy-'))
const server = await startTestServer()
try {
  const heads = Array.from({ length: Math.ceil(size / per) }, (_, i) => Math.min(size, (i + 1) * per))
  await fillDirectory(join(dir, 'one'), [{ slug: 'a', heads, keeps, content: envelopeOf }])
  const url = await server.create('copied')
  const statements = await counter(url)
  await measure('copy to PostgreSQL', ['copy', '--from', join(dir, 'one'), '--to', url])
  await measure('fsck of PostgreSQL', ['fsck', '--data', join(dir, 'two'), '--database', url])
  await measure('copy from PostgreSQL', ['copy', '--from', url, '--to', join(dir, 'two')])
  await measure('fsck of a directory', ['fsck', '--data', join(dir, 'two')])

  async function measure(what: string, argv: readonly string[]): Promise<void> {
    const before = await statements()
    const [start, cpu] = [performance.now(), process.cpuUsage()]
    const { code, printed, warned } = await command(argv)
    const seconds = (performance.now() - start) / 1000
    const { user, system } = process.cpuUsage(cpu)
    if (code > 1) throw new Error(`${what} ended with ${code}: ${printed}${warned}`)
    const each = ((await statements()) - before) / size
    const memory = Math.round(process.memoryUsage().rss / 2 ** 20)
    console.log(
      `${what}: ${seconds.toFixed(1)} s, ${Math.round(size / seconds)} entries/s, ${((user + system) / 1e6).toFixed(1)} s of processor, ${each.toFixed(3)} statements an entry, ${memory} MiB`,
    )
  }
} finally {
  await server.stop()
  await closeCrypto()
  rmSync(dir, { recursive: true })
}

/** A statement about an artifact of its own, as it is signed. */
function envelopeOf(name: string): Uint8Array {
  const digest = { sha256: createHash('sha256').update(name).digest('hex') }
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name, digest }],
    predicateType: 'https://example.org/p',
  }
  return pae(STATEMENT_TYPE, utf8(JSON.stringify({ ...statement, predicate: { builder: 'x'.repeat(400) } })))
}

/** Of all connections to a database, each a transaction. */
async function counter(url: string): Promise<() => Promise<number>> {
  const name = new URL(url).pathname.slice(1)
  return async () => {
    const client = new pg.Client(server.url('postgres'))
    await client.connect()
    try {
      await new Promise((resolve) => setTimeout(resolve, 1100)) // it is counted a second late
      const text = 'SELECT xact_commit::int AS count FROM pg_stat_database WHERE datname = $1'
      return (await client.query<{ count: number }>(text, [name])).rows[0]?.count ?? 0
    } finally {
      await client.end()
    }
  }
}

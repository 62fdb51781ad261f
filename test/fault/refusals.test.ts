/** Whatever puts the history in doubt: refused at the start, each with its own message, and nothing is signed. */

import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { execPath } from 'node:process'
import Sqlite from 'better-sqlite3'
import t from 'tap'
import { command, scratch } from '../cli/support.ts'
import { fill } from '../e2e/fill.ts'
import { ROOT, run, startServer as spawnServer } from '../e2e/support.ts'
import { dsseBody, ecKey, hashedRekordBody } from '../http/requests.ts'
import { type Answer, ask, postEntry, startServer } from '../http/support.ts'
import { copyOf, edit, flipBit, fsck, rowsOf, signedState, tryServe } from './refusals-cases.ts'

const base = scratch(t)
const at = (name: string) => join(base, name)
const ratchetOf = (dir: string) => join(dir, 'ratchet', readdirSync(join(dir, 'ratchet'))[0] ?? '')

/** `young` has 5 entries, `good` 300 more, `fork` 300 others after the same 5, `killed` is `good` with 10 more in its WAL. */
async function prepare(): Promise<void> {
  const scope = { teardown: () => undefined }
  const grow = async (
    dir: string,
    count: number,
    more: (server: { port: number }) => Promise<unknown> = async () => undefined,
  ) => {
    const server = await startServer(scope, [], dir)
    await more(server)
    await fill(server.url, count, { connections: 4 })
    await server.stop()
  }
  await grow(at('young'), 4, (server) => postEntry(server, dsseBody(ecKey(), Buffer.from('a statement'))))
  for (const name of ['good', 'fork']) {
    copyOf(at('young'), at(name))
    await grow(at(name), 300)
  }
  await grow(at('other'), 3)
  copyOf(at('good'), at('killed'))
  const server = await spawnServer(at('killed'))
  await fill(server.url, 10)
  await server.kill()
}

interface Case {
  readonly name: string
  readonly from?: 'good' | 'killed'
  readonly damage: (dir: string) => unknown
  readonly flags?: readonly string[]
  readonly says: RegExp
}

const REFUSED: readonly Case[] = [
  {
    name: 'an older copy of the database',
    damage: (dir) => copyFileSync(at('young/log.db'), join(dir, 'log.db')),
    says: /^RATCHET_REFUSED: the database is behind the last signed head: it ends at 5, the ratchet says 305 was signed\. .* Bring back the newest/,
  },
  {
    name: 'the -wal file deleted',
    from: 'killed',
    damage: (dir) => rmSync(join(dir, 'log.db-wal')),
    says: /^RATCHET_REFUSED: the database is behind the last signed head: it ends at 305, the ratchet says 315 was signed/,
  },
  {
    name: 'the -wal file cut short',
    from: 'killed',
    damage: (dir) => truncateSync(join(dir, 'log.db-wal'), Math.floor(statSync(join(dir, 'log.db-wal')).size / 2)),
    says: /^RATCHET_REFUSED: the database is behind the last signed head: it ends at 3\d\d, the ratchet says 315 was signed/,
  },
  {
    name: 'the same size with another history',
    damage: (dir) => copyFileSync(at('fork/log.db'), join(dir, 'log.db')),
    says: /^RATCHET_REFUSED: at size 305 the database has the root [0-9a-f]{64}, but this log signed [0-9a-f]{64}\. .* retire the log/,
  },
  {
    name: 'the ratchet lost',
    damage: (dir) => rmSync(ratchetOf(dir)),
    says: /^RATCHET_REFUSED: ratchet \S+: is missing\. It is the memory/,
  },
  {
    name: 'the ratchet directory not mounted',
    damage: () => undefined,
    flags: ['--ratchet', '/nowhere/ratchet'],
    says: /^RATCHET_REFUSED: ratchet \/nowhere\/ratchet\/\S+: is missing\./,
  },
  {
    name: 'an older ratchet',
    damage: (dir) => copyFileSync(ratchetOf(at('young')), ratchetOf(dir)),
    says: /^RATCHET_REFUSED: the ratchet is older than the database: it says 5, a checkpoint of 305 was published/,
  },
  {
    name: 'the ratchet of the fork',
    damage: (dir) => copyFileSync(ratchetOf(at('fork')), ratchetOf(dir)),
    says: /^RATCHET_REFUSED: at size 305 the database has the root/,
  },
  {
    name: 'the ratchet of another log in its place',
    damage: (dir) => copyFileSync(ratchetOf(at('other')), ratchetOf(dir)),
    says: /^RATCHET_REFUSED: ratchet \S+: belongs to another log than localhost/,
  },
  {
    name: 'the ratchet of another log beside it',
    damage: (dir) => cpSync(join(at('other'), 'ratchet'), join(dir, 'ratchet'), { recursive: true }),
    says: /^RATCHET_REFUSED: \S+ is the memory of a log that the database does not have/,
  },
  {
    name: 'the ratchet cut short',
    damage: (dir) => truncateSync(ratchetOf(dir), 5000),
    says: /^RATCHET_REFUSED: ratchet \S+: is torn or corrupt: not 8192 bytes long/,
  },
  {
    name: 'the ratchet empty',
    damage: (dir) => truncateSync(ratchetOf(dir), 0),
    says: /^RATCHET_REFUSED: ratchet \S+: is torn or corrupt: not 8192 bytes long/,
  },
  {
    name: 'the ratchet too long',
    damage: (dir) => appendFileSync(ratchetOf(dir), 'a'),
    says: /^RATCHET_REFUSED: ratchet \S+: is torn or corrupt: not 8192 bytes long/,
  },
  {
    name: 'both slots of the ratchet torn',
    damage: (dir) => [100, 5000].map((place) => flipBit(ratchetOf(dir), place)),
    says: /^RATCHET_REFUSED: ratchet \S+: is torn or corrupt: no slot of it can be trusted/,
  },
  {
    name: 'another key',
    damage: (dir) => copyFileSync(at('other/keys/v2.pem'), join(dir, 'keys/v2.pem')),
    says: /^IDENTITY_CHANGED: log v2 was created with the key localhost\+\S+, but its key file holds localhost\+/,
  },
  {
    name: 'no key',
    damage: (dir) => rmSync(join(dir, 'keys/v2.pem')),
    says: /^KEY_FILE_REFUSED: key file \S+: cannot be read: ENOENT/,
  },
  {
    name: 'another origin by --url',
    damage: () => undefined,
    flags: ['--url', 'https://other.example'],
    says: /^IDENTITY_CHANGED: no log here has the origin other.example \(there is localhost\): a log keeps its origin for life/,
  },
  {
    name: 'another origin by --hostname',
    damage: () => undefined,
    flags: ['--hostname', 'other.example'],
    says: /^IDENTITY_CHANGED: no log here has the origin other.example/,
  },
  {
    name: 'another origin in the database',
    damage: (dir) => edit(dir, "UPDATE log SET origin = 'other.example'"),
    says: /^RATCHET_REFUSED: \S+ is the memory of a log that the database does not have/,
  },
  {
    name: 'the database lost',
    damage: (dir) => rmSync(join(dir, 'log.db')),
    says: /^STORE_MISSING: \S+ has no log.db, yet it is not empty/,
  },
  {
    name: 'the database empty',
    damage: (dir) => truncateSync(join(dir, 'log.db'), 0),
    says: /^STORE_SCHEMA: \S+log.db is not a Colophon database/,
  },
  {
    name: 'the database overwritten',
    damage: (dir) => writeFileSync(join(dir, 'log.db'), 'x'.repeat(9000)),
    says: /^STORE_CORRUPT: \S+log.db: file is not a database \(SQLITE_NOTADB\)/,
  },
  {
    name: 'the database cut short',
    damage: (dir) => truncateSync(join(dir, 'log.db'), 65_536),
    says: /^STORE_CORRUPT: /,
  },
  {
    name: 'another program’s database',
    damage: (dir) => {
      rmSync(join(dir, 'log.db'))
      new Sqlite(join(dir, 'log.db')).exec('CREATE TABLE a (b)').close()
    },
    says: /^STORE_SCHEMA: \S+log.db is not a Colophon database/,
  },
  {
    name: 'a database of a newer version',
    damage: (dir) => edit(dir, "INSERT INTO migration VALUES (9, '0009-later.sql', zeroblob(32))"),
    says: /^STORE_SCHEMA: the database has migration 0009-later.sql, .* newer version/,
  },
  {
    name: 'a database of another build',
    damage: (dir) => edit(dir, 'UPDATE migration SET sha256 = zeroblob(32) WHERE number = 1'),
    says: /^STORE_SCHEMA: migration 0001-core.sql is not the 0001-core.sql of this program/,
  },
  {
    name: 'no head',
    damage: (dir) => edit(dir, 'DELETE FROM newest_checkpoint; DELETE FROM checkpoint; DELETE FROM head'),
    says: /^STORE_CORRUPT: the log has no head, not even of size 0/,
  },
  {
    name: 'the last entries deleted',
    damage: (dir) => edit(dir, 'DELETE FROM leaf WHERE at = 304'),
    says: /^STORE_CORRUPT: the stored tree of size 305 contradicts itself: a tile on its right edge is missing or malformed/,
  },
  {
    name: 'the last entry and its head deleted',
    damage: (dir) =>
      edit(
        dir,
        'DELETE FROM newest_checkpoint; DELETE FROM checkpoint; DELETE FROM head WHERE size = 305; DELETE FROM leaf WHERE at = 304',
      ),
    says: /^RATCHET_REFUSED: the database is behind the last signed head/,
  },
  {
    name: 'an entry changed',
    damage: (dir) => edit(dir, "UPDATE leaf SET entry = CAST('other' AS BLOB) WHERE at = 300"),
    says: /^STORE_CORRUPT: (leaf 300|.*entry 300)/,
  },
  {
    name: 'a leaf hash changed',
    damage: (dir) => edit(dir, 'UPDATE leaf SET hash = zeroblob(32) WHERE at = 300'),
    says: /^STORE_CORRUPT: the stored tree of size 305 contradicts itself: its tiles do not hash to the stored root/,
  },
  {
    name: 'a checkpoint that this key did not sign',
    damage: (dir) =>
      edit(
        dir,
        "UPDATE newest_checkpoint SET note = CAST(replace(CAST(note AS TEXT), 'localhost 'Z, 'x') AS BLOB)".replace(
          "'localhost 'Z",
          'char(10) || char(10)',
        ),
      ),
    says: /^STORE_CORRUPT: the stored checkpoint of size 305 is not what this log signed/,
  },
]

t.before(prepare)

t.test('a good directory starts', async (t) => {
  for (const name of ['young', 'good', 'fork', 'killed', 'other']) {
    const dir = copyOf(at(name), at(`${name}-copy`))
    t.match(await tryServe(dir), { code: 0 }, name)
    t.match(await fsck(dir), { code: 0, printed: /^v2: \d+ entries, clean\n$/ }, name)
  }
})

t.test('refused, and nothing is signed', async (t) => {
  const said = new Map<string, string>()
  for (const { name, from = 'good', damage, flags = [], says } of REFUSED) {
    const dir = copyOf(at(from), at('case'))
    damage(dir)
    const before = signedState(dir)
    for (const attempt of ['the first time', 'again']) {
      const { code, warned } = await tryServe(dir, ...flags)
      const message = warned.split('\n').at(-1) ?? ''
      t.equal(code, 3, `${name}: ${attempt}`)
      t.match(message, says, name)
      said.set(name, message)
    }
    t.same(signedState(dir), before, `${name}: ratchet and checkpoint are as they were`)
    rmSync(dir, { recursive: true })
  }
})

t.test('one torn slot of the ratchet is what a crash leaves', async (t) => {
  const dir = copyOf(at('young'), at('torn'))
  const before = await Promise.all(
    [0, 4096].map(async (slot) => {
      const copy = copyOf(dir, at(`torn-${slot}`))
      flipBit(ratchetOf(copy), slot + 70)
      return (await tryServe(copy)).warned.split('\n').at(-1) ?? ''
    }),
  )
  const refused = before.filter((message) => message.startsWith('RATCHET_REFUSED'))
  t.equal(refused.length, 1, 'the older slot is not needed')
  t.match(refused[0], /the ratchet is older than the database/, 'the newer one is: its checkpoint is out')
})

t.test('a lost data directory is not made anew beside the ratchet that remembers it', async (t) => {
  const [data, ratchet] = [at('lost'), at('lost-ratchet')]
  const server = await startServer(t, ['--ratchet', ratchet], data)
  await fill(server.url, 3)
  await server.stop()
  rmSync(data, { recursive: true })
  for (const argv of [
    ['serve', '--listen', '127.0.0.1:0'],
    ['log', 'create', 'v2', '--origin', 'localhost'],
  ]) {
    const { code, warned } = await command([...argv, '--data', data, '--ratchet', ratchet], {}, 'at once')
    t.equal(code, 3)
    t.match(warned, /^RATCHET_REFUSED: \S+ is the memory of a log that the database does not have/)
  }
  t.notOk(existsSync(data), 'nothing was created')
  t.equal(readdirSync(ratchet).length, 1)
})

t.test('a second process on the same data', async (t) => {
  const dir = copyOf(at('good'), at('second'))
  const server = await startServer(t, [], dir)
  const serve = ['serve', '--listen', '127.0.0.1:0', '--data', dir]
  const second = await run(execPath, [join(ROOT, 'src/main.ts'), ...serve], { timeoutMs: 20_000 })
  t.equal(second.code, 3)
  t.match(
    second.stderr,
    new RegExp(`^STORE_LOCKED: ${dir} is in use by process ${process.pid}: stop it, or choose another`),
  )
  t.match(await command(serve), { code: 3, warned: /^STORE_LOCKED: / }, 'in the same process neither')
  t.equal((await postEntry(server, hashedRekordBody(ecKey()))).status, 201, 'the first one goes on')
})

t.test('two processes with copies of the same data and one ratchet', async (t) => {
  const [one, two] = [copyOf(at('good'), at('one')), copyOf(at('good'), at('two'))]
  const ratchet = join(one, 'ratchet')
  const first = await startServer(t, [], one)
  const second = await startServer(t, ['--ratchet', ratchet], two)
  t.equal((await postEntry(first, hashedRekordBody(ecKey()))).status, 201)
  const answer = await postEntry(second, hashedRekordBody(ecKey()))
  t.equal(answer.status, 500, 'the second finds the ratchet moved')
  t.equal(await second.ended, 3, 'and stops')
  t.equal((await postEntry(first, hashedRekordBody(ecKey()))).status, 201)
})

/** The live files replaced in one way or another; what was acknowledged must be in the log afterwards. */
const REPLACED: readonly [name: string, replace: (dir: string) => void, restored: (dir: string) => void][] = [
  [
    'the database by a copy of it',
    (dir) => {
      copyFileSync(join(dir, 'log.db'), join(dir, 'copy'))
      renameSync(join(dir, 'log.db'), join(dir, 'kept'))
      renameSync(join(dir, 'copy'), join(dir, 'log.db'))
    },
    (dir) => renameSync(join(dir, 'kept'), join(dir, 'log.db')),
  ],
  [
    'the database moved away',
    (dir) => renameSync(join(dir, 'log.db'), join(dir, 'kept')),
    (dir) => renameSync(join(dir, 'kept'), join(dir, 'log.db')),
  ],
  ['the -wal file deleted', (dir) => rmSync(join(dir, 'log.db-wal')), () => undefined],
]

for (const [name, replace, restored] of REPLACED)
  t.test(`under a live server: ${name}`, async (t) => {
    const dir = copyOf(at('young'), at('live'))
    t.teardown(() => rmSync(dir, { recursive: true, force: true }))
    const server = await startServer(t, [], dir)
    const bodies = Array.from({ length: 8 }, () => hashedRekordBody(ecKey()))
    const acknowledged = await Promise.all(bodies.map((body) => postEntry(server, body)))
    t.same(new Set(acknowledged.map((answer) => answer.status)), new Set([201]))
    const checkpoint = (await ask(server, '/checkpoint')).text
    replace(dir)
    const after = await Promise.all(
      Array.from({ length: 3 }, () => postEntry(server, hashedRekordBody(ecKey())).catch(() => null)),
    )
    t.ok(
      after.every((answer) => answer === null || answer.status >= 500),
      'no entry is acknowledged any more',
    )
    t.ok(
      after.some((answer) => answer?.status === 500),
      'who was let in hears of it',
    )
    t.equal(await server.ended, 3, 'the server stops by itself')
    restored(dir)
    const again = await startServer(t, [], dir)
    t.equal(upToEd25519((await ask(again, '/checkpoint')).text), upToEd25519(checkpoint))
    const indexOf = (answer: Answer) => (JSON.parse(answer.text) as { logIndex: string }).logIndex
    for (const [i, body] of bodies.entries()) {
      const first = acknowledged[i]
      if (first !== undefined)
        t.equal(indexOf(await postEntry(again, body)), indexOf(first), 'nothing acknowledged was lost')
    }
    await again.stop()
    t.match(await fsck(dir), { code: 0 })
  })

/** The line of ML-DSA-44 has a time, and is made anew. */
function upToEd25519(note: string): string {
  return note.split('\n').slice(0, 5).join('\n')
}

const PIECE = 32

function placesIn(file: Buffer, bytes: Uint8Array): number[] {
  const places: number[] = []
  for (let i = file.indexOf(bytes); i >= 0; i = file.indexOf(bytes, i + 1)) places.push(i)
  return places
}

/** Where in the file the bytes of some rows stand; one that is stored twice is found twice. */
function placesOf(dir: string): Map<string, number[]> {
  const file = readFileSync(join(dir, 'log.db'))
  const db = new Sqlite(join(dir, 'log.db'), { readonly: true })
  const one = (sql: string) => db.prepare(sql).pluck().get() as Buffer
  const rows = {
    'entry of the first bundle': one('SELECT entry FROM leaf WHERE at = 7'),
    'entry of the last bundle': one('SELECT entry FROM leaf WHERE at = 299'),
    'leaf hash and its index, first bundle': one('SELECT hash FROM leaf WHERE at = 7'),
    'leaf hash and its index, last bundle': one('SELECT hash FROM leaf WHERE at = 299'),
    'lookup key': one(
      'SELECT key FROM lookup WHERE idx = 7 AND (SELECT count(*) FROM lookup AS same WHERE same.key = lookup.key) = 1',
    ),
    'root of a head': one('SELECT root FROM head WHERE size > 5 AND size < 300'),
    'root of the newest head, and of its checkpoint': one('SELECT root FROM head ORDER BY size DESC'),
    'newest note': one('SELECT note FROM newest_checkpoint'),
    'kept note': one('SELECT note FROM checkpoint'),
    'attachment’s content': one('SELECT content FROM attachment'),
    'verifier key': Buffer.from(String(one('SELECT vkey FROM log'))),
  }
  db.close()
  const found = new Map<string, number[]>()
  for (const [name, bytes] of Object.entries(rows)) {
    const places: number[] = []
    const [half, last] = [bytes.length >> 1, bytes.length - 1]
    for (const i of placesIn(file, bytes)) places.push(i, i + half, i + last)
    // A long row is not in one piece there: the ends of two, which stand nowhere else.
    const pieces = places.length > 0 ? [] : [bytes.subarray(half, half + PIECE), bytes.subarray(-PIECE)]
    for (const piece of pieces) for (const i of placesIn(file, piece)) places.push(i, i + piece.length - 1)
    found.set(name, places)
  }
  return found
}

t.test('one flipped bit in the database', async (t) => {
  const truth = JSON.stringify(rowsOf(at('good')))
  for (const [name, places] of placesOf(at('good'))) {
    const found: string[] = []
    for (const place of places) {
      const [dir, started] = [copyOf(at('good'), at('flipped')), at('flipped-serve')]
      flipBit(join(dir, 'log.db'), place, place % 8)
      const [start, check] = [await tryServe(copyOf(dir, started)), await fsck(dir)]
      if (check.code !== 0) found.push((check.printed || check.warned).split('\n')[0] ?? '')
      // Pages keep what was moved out of them; nobody reads it.
      else t.equal(JSON.stringify(rowsOf(dir)), truth, `${name}, byte ${place}: fsck is silent, for no row is changed`)
      if (start.code !== 0) t.ok(check.code !== 0, `${name}, byte ${place}: fsck says why the start was refused`)
      for (const used of [dir, started]) rmSync(used, { recursive: true })
    }
    t.ok(found.length > 0, `${name}: ${found[0]}`)
  }
})

t.test('any flipped bit is found, or changes no row', async (t) => {
  const size = statSync(at('good/log.db')).size
  const truth = JSON.stringify(rowsOf(at('good')))
  const unseen: string[] = []
  let found = 0
  for (let i = 0; i < 60; i++) {
    const place = (i * 2_654_435_761) % size
    const dir = copyOf(at('good'), at('swept'))
    flipBit(join(dir, 'log.db'), place, i % 8)
    const check = await fsck(dir)
    if (check.code !== 0) found++
    else if (JSON.stringify(rowsOf(dir)) !== truth) unseen.push(`byte ${place}, bit ${i % 8}`)
    rmSync(dir, { recursive: true })
  }
  t.same(unseen, [])
  t.ok(found > 20, `${found} of 60 were found; the others hit what is not used`)
})

t.test('one flipped bit in the -wal file', async (t) => {
  const wal = 'log.db-wal'
  const size = statSync(join(at('killed'), wal)).size
  for (const share of [0.001, 0.1, 0.3, 0.5, 0.7]) {
    const place = Math.floor(size * share)
    const dir = copyOf(at('killed'), at('wal'))
    flipBit(join(dir, wal), place)
    const { code, warned } = await tryServe(dir)
    t.equal(code, 3, `byte ${place} of ${size}`)
    t.match(
      warned,
      /RATCHET_REFUSED: the database is behind the last signed head: it ends at 3\d\d, the ratchet says 315/,
    )
    t.match(await fsck(dir), {
      code: 1,
      printed: /the database ends at 3\d\d, but a head of 315 was signed: it was rolled back/,
    })
    rmSync(dir, { recursive: true })
  }
})

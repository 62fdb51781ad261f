import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { formatVkey } from '../../../src/formats/c2sp/vkey.ts'
import { utf8 } from '../../../src/kernel/bytes.ts'
import { createKeyFile } from '../../../src/storage/key-file.ts'
import { openWitnessDirectory } from '../../../src/storage/witness/directory.ts'
import { openWitnessDatabase } from '../../../src/storage/witness/sqlite.ts'
import { verifyMlDsa44 } from '../../../src/verify-node/ml-dsa.ts'
import { scratch } from '../../cli/support.ts'

const NAME = 'witness.example/w'

function place(dir: string, name = NAME, passphrase?: string) {
  return { dir, name, passphrase }
}

/** Opens, closes, and returns the verifier keys. */
function vkeysOf(dir: string, name = NAME, passphrase?: string): readonly string[] {
  const opened = openWitnessDirectory(place(dir, name, passphrase))
  opened.close()
  return [opened.keys.ed25519, opened.keys.mlDsa44].map(({ vkey }) => formatVkey(vkey))
}

t.test('made once, then found', async (t) => {
  const dir = join(scratch(t), 'a', 'b')
  const first = openWitnessDirectory(place(dir))
  t.equal(first.created, true)
  t.throws(() => openWitnessDirectory(place(dir)), { code: 'STORE_LOCKED' })
  first.close()
  const again = openWitnessDirectory(place(dir))
  t.equal(again.created, false)
  t.same(again.keys.mlDsa44.vkey, first.keys.mlDsa44.vkey)
  t.same(again.keys.ed25519.vkey, first.keys.ed25519.vkey)
  const message = utf8('message')
  t.ok(await verifyMlDsa44(again.keys.mlDsa44.vkey.publicKey, message, await again.keys.mlDsa44.sign(message)))
  again.close()
  for (const name of ['ed25519.pem', 'ml-dsa-44.pem']) t.equal(statSync(join(dir, 'keys', name)).mode & 0o777, 0o600)
})

t.test('keys under a passphrase', async (t) => {
  const dir = scratch(t)
  const vkeys = vkeysOf(dir, NAME, 'open sesame')
  t.same(vkeysOf(dir, NAME, 'open sesame'), vkeys)
  for (const passphrase of [undefined, 'wrong'])
    t.throws(() => vkeysOf(dir, NAME, passphrase), { code: 'KEY_FILE_REFUSED' })
})

t.test('a name and keys for life', async (t) => {
  const dir = scratch(t)
  vkeysOf(dir)
  t.throws(() => vkeysOf(dir, 'other.example'), { code: 'IDENTITY_CHANGED', message: /keeps its name and its keys/ })
  const key = join(dir, 'keys', 'ed25519.pem')
  renameSync(key, `${key}.old`)
  t.throws(() => vkeysOf(dir), { code: 'KEY_FILE_REFUSED' }, 'a lost key is not made anew')
  createKeyFile({ path: key, passphrase: undefined })
  t.throws(() => vkeysOf(dir), { code: 'IDENTITY_CHANGED' })
  renameSync(`${key}.old`, key)
  chmodSync(key, 0o644)
  t.throws(() => vkeysOf(dir), { code: 'KEY_FILE_REFUSED', message: /open to others/ })
  for (const name of ['', 'a b', 'a+b', 'x'.repeat(256)]) {
    const fresh = scratch(t)
    t.throws(() => vkeysOf(fresh, name), { code: 'VKEY_MALFORMED' }, JSON.stringify(name.slice(0, 8)))
    t.notOk(existsSync(join(fresh, 'keys')), 'before a key is made')
  }
})

t.test('a database that was lost is not made anew', async (t) => {
  const dir = scratch(t)
  vkeysOf(dir)
  for (const name of readdirSync(dir).filter((name) => name.startsWith('witness.db'))) rmSync(join(dir, name))
  t.throws(() => vkeysOf(dir), { code: 'STORE_MISSING', message: /could cosign a second history/ })
  t.notOk(existsSync(join(dir, 'witness.db')))
  const other = scratch(t)
  writeFileSync(join(other, 'log.db'), '')
  t.throws(() => vkeysOf(other), { code: 'STORE_MISSING' }, "another program's directory")
})

t.test('a creation that was cut off is taken up again', async (t) => {
  const dir = scratch(t)
  openWitnessDatabase(join(dir, 'witness.db'), { create: true }).close()
  mkdirSync(join(dir, 'keys'))
  const { publicKey } = createKeyFile({ path: join(dir, 'keys', 'ed25519.pem'), passphrase: undefined })
  const opened = openWitnessDirectory(place(dir))
  t.equal(opened.created, true)
  t.same(opened.keys.ed25519.vkey.publicKey, publicKey)
  opened.close()
  t.equal(openWitnessDatabase(join(dir, 'witness.db')).identity()?.ed25519, formatVkey(opened.keys.ed25519.vkey))
})

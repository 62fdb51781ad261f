/** The ECDSA key of a log: it must be the one that the log was created with, and a log without it promises nothing. */

import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { closeCrypto } from '../../../src/crypto/node.ts'
import { createEcdsaKeyFile } from '../../../src/storage/key-file.ts'
import { command } from '../../cli/support.ts'
import * as make from '../../dialects/rekor-v1/support.ts'
import { P256, P384 } from '../../dialects/rekor-v2/support.ts'
import { ENTRIES, entryIn, json, post, said, startServer } from './support.ts'

t.teardown(closeCrypto)

t.test('another key, and none', async (t) => {
  const server = await startServer(t)
  await post(server, ENTRIES, make.hashedRekord(P256))
  const [id, entry] = await entryIn(t, server, await json(server, `${ENTRIES}?logIndex=0`))
  await server.stop()
  const { dir } = server
  const path = join(dir, 'keys', 'v1.ecdsa.pem')
  const serve = ['serve', '--listen', '127.0.0.1:0', '--data', dir, '--log-level', 'silent']
  renameSync(path, join(dir, 'kept.pem'))
  t.match(await command(serve), { code: 3, warned: /^KEY_FILE_REFUSED: .*v1\.ecdsa\.pem: cannot be read/m })
  createEcdsaKeyFile({ path, passphrase: undefined })
  t.match(await command(serve), { code: 3, warned: /^IDENTITY_CHANGED: log v1 was created with another ECDSA key/m })
  rmSync(path)
  renameSync(join(dir, 'kept.pem'), path)

  t.equal((await command(['retire', 'v1', '--yes', '--data', dir])).code, 0)
  const frozen = await startServer(t, [], dir)
  t.match(said(await post(frozen, ENTRIES, make.hashedRekord(P384))), /^405 405 the log is frozen and takes no entries/)
  const [again, { integratedTime }] = await entryIn(t, frozen, await json(frozen, `${ENTRIES}/${id}`))
  t.same([again, integratedTime], [id, entry.integratedTime], 'what it holds is read, and promised anew')
  await frozen.stop()

  rmSync(path)
  const keyless = await startServer(t, [], dir)
  const { signedEntryTimestamp, ...verification } = entry.verification
  t.same(await json(keyless, `${ENTRIES}/${id}`), { [id]: { ...entry, verification } }, 'the entry, without a promise')
  t.match(await json(keyless, '/api/v1/log'), { treeSize: 1 }, 'the tree is still served')
  await keyless.stop()

  const successor = ['log', 'create', 'next', '--dialect', 'rekor-v1', '--origin', 'localhost', '--data', dir]
  t.match(await command(successor), { code: 0 })
  const both = await startServer(t, [], dir)
  await post(both, ENTRIES, make.hashedRekord(P384))
  const { text } = await post(both, `${ENTRIES}/retrieve`, { logIndexes: [0, 1] })
  const [old, young] = JSON.parse(text) as [object, object]
  t.same(Object.keys(old), [id], 'the silent tree is no hindrance')
  await entryIn(t, both, young)
})

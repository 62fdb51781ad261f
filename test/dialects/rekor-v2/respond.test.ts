import t from 'tap'
import { createRespond } from '../../../src/dialects/rekor-v2/respond.ts'
import { logId, parseVkey } from '../../../src/formats/c2sp/vkey.ts'
import { base64, parseUtf8 } from '../../../src/kernel/bytes.ts'
import { check, createWorld, entries, entry, inTime, start } from '../../log/support.ts'

t.test('a receipt in the words of Rekor v2', async (t) => {
  const world = createWorld()
  const { log } = await start(world)
  await inTime(world.clock, Promise.all(entries(9).map((one) => log.add(one))))
  const receipt = await inTime(world.clock, log.add(entry(5)))
  await check(world, entry(5), receipt)
  const { name, publicKey } = parseVkey(world.vkey)
  t.same(JSON.parse(createRespond(world.vkey)(entry(5).leaf, receipt)), {
    logIndex: '5',
    logId: { keyId: base64(logId(name, publicKey)) },
    kindVersion: { kind: 'hashedrekord', version: '0.0.2' },
    integratedTime: '0',
    inclusionPromise: null,
    inclusionProof: {
      logIndex: '5',
      rootHash: base64(receipt.root),
      treeSize: '9',
      hashes: receipt.path.map(base64),
      checkpoint: { envelope: parseUtf8(receipt.note) },
    },
    canonicalizedBody: base64(entry(5).leaf),
  })
  t.equal(receipt.path.length, 4)
  await inTime(world.clock, log.close())
})

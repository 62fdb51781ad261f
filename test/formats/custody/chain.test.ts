import t from 'tap'
import { parseCorroboration } from '../../../src/formats/custody/corroboration.ts'
import { parseProvenance } from '../../../src/formats/custody/provenance.ts'
import { parseOmsStatement } from '../../../src/formats/model/oms.ts'
import { hex, parseUtf8 } from '../../../src/kernel/bytes.ts'
import { sha256 } from '../../../src/kernel/sha256.ts'
import { custodyVector, NAMES, toyChain } from './toy.ts'

t.test('the seven statements of the toy chain, byte for byte', async (t) => {
  const chain = toyChain()
  const stated = JSON.parse(parseUtf8(custodyVector('chain.json')))
  for (const name of NAMES) {
    const payload = chain[name]
    t.equal(parseUtf8(payload), parseUtf8(custodyVector(`stmt-${name}.json`)), name)
    t.same({ payloadSha256: hex(sha256(payload)), size: payload.length }, stated[name], `${name}: hash and size`)
  }
})

t.test('and read back', async (t) => {
  for (const name of ['dataset', 'base', 'finetune', 'quantize', 'fuse'] as const)
    t.doesNotThrow(() => parseProvenance(custodyVector(`stmt-${name}.json`)), name)
  t.match(parseProvenance(custodyVector('stmt-quantize.json')), {
    base: 'https://lineage.example/',
    step: 'quantize',
    parameters: { outtype: 'f16', fileType: 1 },
  })
  t.match(parseCorroboration(custodyVector('stmt-svr.json')), { verifier: /fuse-rebuilder/ })
  t.match(parseOmsStatement(custodyVector('stmt-oms.json')), { model: 'toy-chat' })
})

import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { sourceOf } from '../../src/formats/model/byte-source.ts'
import { pieced } from '../../src/formats/model/pieces.ts'
import { addSlot } from '../../src/formats/model/slot.ts'
import { utf8 } from '../../src/kernel/bytes.ts'
import { ARGS, append, bytesOf, TOY_GGUF, toyLlamafile, toyRuntime } from '../formats/model/make-llamafile.ts'
import { command, scratch } from './support.ts'

const folder = scratch(t)
const write = (name: string, content: Uint8Array | string) => {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}
const TOY = await toyLlamafile()
const runtime = write('runtime', await toyRuntime())
const toy = write('toy.llamafile', TOY)
const weights = write('toy-F16.gguf', TOY_GGUF)
const args = write('.args', ARGS)
const otherArgs = write('args2', ARGS.replace('-m', '-n'))

t.test('of these parts, and of others', async (t) => {
  const repacked = await append(TOY, { '.args': '-m\n' })
  const again = write('again.llamafile', repacked)
  const changed = write(
    'changed',
    TOY.map((byte, i) => (i === 65_700 ? byte ^ 1 : byte)),
  )
  const longer = write('longer', await append(TOY, { more: 'x' }))
  const slotted = write(
    'slotted',
    await bytesOf(pieced(sourceOf(TOY), (await addSlot(sourceOf(TOY), utf8('{}\n'))).pieces)),
  )
  const stub = write('stub', utf8("MZqFpD='\n'\necho toy runtimf\nexit 0\n"))
  const short = write('short', '-m\n')
  for (const [argv, code, printed] of [
    [[toy, '--runtime', runtime, weights, args], 0, /^THE SAME: .* 131459 bytes/],
    [[toy, '--runtime', runtime, args, weights], 0, /^THE SAME/],
    [[slotted, '--runtime', runtime, weights, args], 0, /^THE SAME/],
    [[again, '--runtime', toy, `.args=${short}`], 0, /^THE SAME/],
    [[toy, '--runtime', runtime, weights, `.args=${otherArgs}`], 1, /at byte 13103\d, in the header of .args/],
    [[changed, '--runtime', runtime, weights, args], 1, /at byte 65700, in the content of toy-F16.gguf/],
    [[toy, '--runtime', write('grown', `${'x'.repeat(305)}`), weights, args], 1, /at byte 0, in the program/],
    [[toy, '--runtime', runtime, weights], 3, /^$/],
    [[toy, '--runtime', stub, weights, args], 3, /^$/],
    [[again, '--runtime', runtime, weights, args], 3, /^$/],
    [[longer, '--runtime', runtime, weights, args], 3, /^$/],
    [[toy, weights, args], 2, /^$/],
    [['--runtime', runtime], 2, /^$/],
    [[toy, '--runtime', join(folder, 'nowhere')], 3, /^$/],
    [[runtime, '--runtime', write('empty', ''), args], 3, /^$/],
  ] as const)
    t.match(await command(['rebuild', ...argv]), { code, printed }, argv.join(' ').replaceAll(folder, ''))
})

t.test('what was fused can be kept', async (t) => {
  const out = join(folder, 'out')
  t.match(await command(['rebuild', toy, '--runtime', runtime, weights, args, '--output', out]), { code: 0 })
  t.same(new Uint8Array(readFileSync(out)), TOY)
  t.not(statSync(out).mode & 0o100, 0)
  t.match(await command(['rebuild', toy, '--runtime', runtime, weights, args, '--output', out]), {
    code: 3,
    warned: /EEXIST/,
  })
})

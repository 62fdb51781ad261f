/** A model, what was signed and logged about it, and both in one file. */

import { existsSync, lstatSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { closeCrypto } from '../../src/crypto/node.ts'
import { concat, hex, utf8 } from '../../src/kernel/bytes.ts'
import { sha256 } from '../../src/kernel/sha256.ts'
import { F32, safetensors } from '../formats/model/make.ts'
import { TOY_GGUF, toyLlamafile } from '../formats/model/make-llamafile.ts'
import { command } from './support.ts'
import { openDesk, proofFile, signedFile, signedOver } from './verify/desk.ts'

t.teardown(closeCrypto)

const MODELS = [
  ['gguf', TOY_GGUF],
  ['safetensors', safetensors({ w: { dtype: 'F32', shape: [2], data_offsets: [0, 8] } }, F32(1, 2))],
  ['zip', await toyLlamafile()],
] as const

const read = (path: string) => new Uint8Array(readFileSync(path))
const desk = openDesk(t)
const trust = ['--trusted-root', desk.at('root.json'), '--key', desk.at('key.pub'), '--policy', desk.at('policy')]

for (const [carrier, file] of MODELS)
  t.test(`${carrier}: in, verified, and out again`, async (t) => {
    const bundle = await signedOver(file)
    const plain = desk.write(`${carrier}.model`, file)
    desk.write(`${carrier}.model.sigstore.json`, JSON.stringify(bundle, null, 2))
    desk.write(`${carrier}.model.tlog-proof`, proofFile(bundle))
    const moved = desk.at(`${carrier}.moved`)
    t.match(await command(['slot', 'add', plain, '--output', moved]), {
      code: 0,
      printed: new RegExp(`slot \\(${carrier}\\)`),
    })
    t.same(read(plain), file)
    t.not(hex(sha256(read(moved))), hex(sha256(file)))

    const { code, printed } = await command(['verify', moved, '--json', ...trust])
    t.equal(code, 0)
    t.match(JSON.parse(printed), {
      evidence: { kind: 'slot', hasProof: true },
      slot: { carrier, bytes: /\d+/ },
      verdict: { artifact: { algorithm: 'SHA2_256', digest: hex(sha256(file)) } },
      proof: { index: 1 },
    })
    t.match(
      (await command(['verify', moved, ...trust])).printed,
      /^VERIFIED: .*\n {2}slot {5}\d+ bytes .*, from which bundle and proof are/,
    )

    const shown = await command(['slot', 'show', moved, '--json'])
    t.match(JSON.parse(shown.printed), {
      carrier,
      stripped: hex(sha256(file)),
      distributed: hex(sha256(read(moved))),
    })
    t.match((await command(['slot', 'show', moved])).printed, /^NOT VERIFIED/)

    t.match(await command(['slot', 'strip', moved]), { code: 0 })
    t.same(read(moved), file)
    t.notOk(existsSync(`${moved}.new`))
    t.match(await command(['slot', 'strip', moved]), { code: 1, warned: /no slot/ })
    t.match(await command(['slot', 'show', moved]), { code: 1 })
  })

t.test('what lies beside a file with a slot is about the file without it', async (t) => {
  const bundle = await signedOver(TOY_GGUF)
  const path = desk.write('beside.gguf', TOY_GGUF)
  desk.write('beside.gguf.sigstore.json', JSON.stringify(bundle))
  await command(['slot', 'add', path])
  t.ok(read(path).length > TOY_GGUF.length, 'in the file itself')
  const { code, printed } = await command(['verify', path, '--json', ...trust])
  t.equal(code, 0)
  t.match(JSON.parse(printed), { evidence: { kind: 'bundle' }, slot: { carrier: 'gguf' } })
})

t.test('a changed weight, a changed slot', async (t) => {
  const path = desk.write('changed.gguf', TOY_GGUF)
  desk.write('changed.gguf.sigstore.json', JSON.stringify(await signedOver(TOY_GGUF)))
  await command(['slot', 'add', path])
  const whole = read(path)
  const changed = desk.at('moved-and-changed.gguf')
  for (const [what, at, code] of [
    ['a weight', 192, 1],
    ['the metadata', 64, 1],
    ['the signature', Buffer.from(whole).indexOf('"signature"') + 20, 1],
    ['its magic', whole.length - 3, 3],
  ] as const) {
    writeFileSync(
      changed,
      whole.map((byte, i) => (i === at ? byte ^ 1 : byte)),
    )
    t.equal((await command(['verify', changed, ...trust])).code, code, what)
  }
  writeFileSync(changed, concat(whole, utf8('x')))
  t.equal((await command(['verify', changed, ...trust])).code, 3, 'more behind it: no slot, and nothing beside')
})

t.test('a slot in which nothing is ours', async (t) => {
  for (const line of ['{}', '[]', 'text', '{"mediaType":"application/vnd.dev.sigstore.bundle"}']) {
    const payload = utf8(`${line}\n`)
    const trailer = concat(payload, utf8(payload.length.toString(16).padStart(16, '0')), utf8('TLSLOT1\n'))
    const { code } = await command(['verify', desk.write('odd.gguf', concat(TOY_GGUF, trailer)), ...trust])
    t.equal(code, line.includes('mediaType') ? 1 : 3, line)
  }
})

t.test('refused', async (t) => {
  const path = desk.write('a.gguf', TOY_GGUF)
  desk.write('other.sigstore.json', JSON.stringify(await signedFile()))
  desk.write('a.sigstore.json', JSON.stringify(await signedOver(TOY_GGUF)))
  const own = ['--bundle', desk.at('a.sigstore.json')]
  for (const [argv, code, warned] of [
    [[], 2, /takes add, strip or show/],
    [['fill', path], 2, /takes add, strip or show/],
    [['add'], 2, /takes one FILE/],
    [['add', path, path], 2, /takes one FILE/],
    [['add', path], 3, /nothing to put in/],
    [['add', path, '--bundle', desk.at('other.sigstore.json')], 3, /SLOT_REFUSED.*about another file/],
    [['add', path, '--proof', desk.at('key.pub')], 3, /PROOF_MALFORMED/],
    [['add', path, ...own, '--output', desk.at('policy')], 3, /EEXIST/],
    [['add', desk.at('nowhere'), ...own], 3, /ENOENT/],
    [['add', desk.at('policy'), ...own], 3, /about another file/],
  ] as const)
    t.match(await command(['slot', ...argv]), { code, warned }, argv.join(' '))
  t.same(read(path), TOY_GGUF)
})

t.test('a link stays a link', async (t) => {
  const path = desk.write('linked.gguf', TOY_GGUF)
  const bundle = desk.write('linked.json', JSON.stringify(await signedOver(TOY_GGUF)))
  symlinkSync(path, desk.at('link'))
  t.match(await command(['slot', 'add', desk.at('link'), '--bundle', bundle]), { code: 0 })
  t.ok(lstatSync(desk.at('link')).isSymbolicLink())
  t.match(await command(['slot', 'strip', path]), { code: 0 })
})

t.test('a llamafile can still be run', async (t) => {
  const path = desk.at('run.llamafile')
  writeFileSync(path, await toyLlamafile(), { mode: 0o755 })
  desk.write('run.llamafile.sigstore.json', JSON.stringify(await signedOver(await toyLlamafile())))
  t.match(await command(['slot', 'add', path]), { code: 0 })
  t.equal(statSync(path).mode & 0o777, 0o755)
})

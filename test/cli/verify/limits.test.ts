/** What a good signature does not reach: what is only claimed, and what decides when the file runs. */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { concat, utf8 } from '../../../src/kernel/bytes.ts'
import { F32, gguf, safetensors, text, W } from '../../formats/model/make.ts'
import { append, STUB, TOY_GGUF, toyLlamafile, toyRuntime } from '../../formats/model/make-llamafile.ts'
import { command } from '../support.ts'
import { openDesk, signedOver, statedFile } from './desk.ts'

const desk = openDesk(t)
const trust = ['--trusted-root', desk.at('root.json'), '--key', desk.at('key.pub'), '--policy', desk.at('policy')]
/** As the prologue of a real one has it. */
const HOME = '$' + '{TMPDIR:-$' + '{HOME:-.}}'
const LOADING = concat(
  STUB.subarray(0, 10),
  utf8(`type ape >/dev/null 2>&1 && exec ape "$o" "$@"\nt="${HOME}/.ape-1.10"\n[ -x "$t" ] && exec "$t" "$o" "$@"\n`),
)

let made = 0
async function signed(file: Uint8Array): Promise<string> {
  const path = desk.write(`model-${made++}`, file)
  desk.write(`model-${made - 1}.sigstore.json`, JSON.stringify(await signedOver(file)))
  return path
}

async function verdict(path: string, flags: readonly string[] = [], env: Record<string, string> = {}) {
  const { code, printed } = await command(['verify', path, '--json', ...trust, ...flags], env)
  return { code, ...JSON.parse(printed) }
}

const NAMES = ['general.architecture', 'general.name', 'general.file_type']

const renamed = async () =>
  await append(await toyRuntime(), { 'weights.bin': TOY_GGUF, '.args': '-m /zip/weights.bin' })

t.test('what the file says of itself', async (t) => {
  const weights = safetensors(
    { __metadata__: { license: 'mit', base: 'another' }, w: { dtype: 'F32', shape: [2], data_offsets: [0, 8] } },
    F32(1, 2),
  )
  for (const [what, file, claimed] of [
    ['GGUF', TOY_GGUF, NAMES],
    ['safetensors', weights, ['license', 'base']],
    ['a llamafile', await toyLlamafile(), NAMES.map((key) => `toy-F16.gguf: ${key}`)],
    ['weights of another name', await renamed(), NAMES.map((key) => `weights.bin: ${key}`)],
    ['a file', utf8('no model'), []],
    ['a header that is cut off', TOY_GGUF.subarray(0, 60), []],
  ] as const) {
    const path = await signed(file)
    const { code, claimed: told } = await verdict(path)
    t.same({ code, told }, { code: 0, told: claimed.map((key) => ({ by: 'file', what: key })) }, what)
    const { printed } = await command(['verify', path, ...trust])
    t.equal(printed.includes('  claimed  what the file says of itself: "'), claimed.length > 0, what)
  }
})

t.test('a statement', async (t) => {
  desk.write('stated.sigstore.json', JSON.stringify(await statedFile()))
  const flags = [
    '--bundle',
    desk.at('stated.sigstore.json'),
    '--trusted-root',
    desk.at('root.json'),
    '--key',
    desk.at('key.pub'),
  ]
  const { printed } = await command(['verify', desk.at('file'), '--json', ...flags])
  const { claimed, verdict, runTime } = JSON.parse(printed)
  t.same(claimed, [{ by: 'statement', what: verdict.signed.predicateType }])
  t.equal(runTime, null)
  const { printed: told } = await command(['verify', desk.at('file'), ...flags])
  t.match(told, /\n {2}claimed {2}what else the statement says \("http.*"\): the word of its signer\n/)
})

t.test('what decides at run time', async (t) => {
  for (const [what, file, codes] of [
    ['weights inside', await toyLlamafile({ args: '-m\n/zip/toy-F16.gguf\n...\n' }), []],
    ['weights beside', await toyLlamafile(), ['WEIGHTS_SHADOWED']],
    ['the environment', await toyLlamafile({ args: '-m /zip/toy-F16.gguf -p $PROMPT' }), ['ARGS_VARIABLE']],
    ['weights that are fetched', await toyLlamafile({ args: '-mu https://a.example/b' }), ['WEIGHTS_SHADOWED']],
    ['others', await toyLlamafile({ args: '-m /zip/toy-F16.gguf --host 0.0.0.0' }), ['ARGS_OPENING']],
    ['a loader', await toyLlamafile({ stub: LOADING }), ['LOADER_FROM_OUTSIDE', 'WEIGHTS_SHADOWED']],
    ['arguments that cannot be read', await toyLlamafile({ args: '-m "' }), ['ARGS_MALFORMED']],
    ['a program without an end', concat(STUB, utf8('rest')), ['FILE_MALFORMED']],
    ['weights that cannot be read', await toyLlamafile({ weights: utf8('GGUF') }), ['WEIGHTS_SHADOWED']],
  ] as const) {
    const path = await signed(file)
    const { code, outcome, runTime } = await verdict(path)
    t.same({ code, outcome }, { code: 0, outcome: 'verified' }, what)
    t.same(
      runTime.shadowable.map(({ code: found }: { code: string }) => found),
      codes,
      what,
    )
    t.equal(runTime.shadows, null, what)
    const { printed } = await command(['verify', path, ...trust])
    const lines = printed.split('\n').filter((line) => line.startsWith('  run time '))
    t.same(
      lines.map((line) => line.split(':')[0]),
      codes.map((found) => `  run time ${found}`),
      what,
    )
  }
})

t.test('--run-dir: weights that are fetched are none that were signed', async (t) => {
  const path = await signed(await toyLlamafile({ args: '-m /zip/toy-F16.gguf --hf_repo a/b' }))
  const { code, error } = await verdict(path, ['--run-dir', desk.folder])
  t.match({ code, error }, { code: 1, error: { code: 'MODEL_SHADOWED', message: /--hf-repo a\/b/ } })
})

t.test('a thousand others do not hide the one', async (t) => {
  const args = `${'$A '.repeat(1200)}${'--unsecure '.repeat(1200)}-m toy-F16.gguf`
  const { runTime } = await verdict(await signed(await toyLlamafile({ args })))
  const codes = new Set(runTime.shadowable.map(({ code }: { code: string }) => code))
  t.same(codes, new Set(['WEIGHTS_SHADOWED', 'ARGS_OPENING', 'ARGS_VARIABLE']))
})

t.test('--run-dir', async (t) => {
  const folder = join(desk.folder, 'run')
  const home = join(desk.folder, 'home')
  const bin = join(desk.folder, 'bin')
  for (const directory of [folder, home, bin]) mkdirSync(directory)
  const env = { HOME: home, PATH: `/nowhere:${bin}` }
  const path = await signed(await toyLlamafile({ stub: LOADING }))
  const flags = ['--run-dir', folder]
  t.match(await verdict(path, flags, env), {
    code: 0,
    runTime: { shadows: { directory: folder, weights: [], loaders: [], archive: null } },
  })

  writeFileSync(join(home, '.ape-1.10'), '')
  writeFileSync(join(bin, 'ape'), '')
  const started = await verdict(path, flags, env)
  t.equal(started.code, 0, 'who starts it is told, and for its user to judge')
  t.same(started.runTime.shadows.loaders, [join(bin, 'ape'), join(home, '.ape-1.10')])
  const { printed } = await command(['verify', path, ...trust, ...flags], env)
  t.match(printed, `  run time ${JSON.stringify(join(bin, 'ape'))} is there, and would start it\n`)
  t.match(printed, /nothing lies in front of what is in it\n/)

  writeFileSync(join(folder, 'toy-F16.gguf'), 'other weights')
  const refused = await verdict(path, flags, env)
  t.match(refused, {
    code: 1,
    outcome: 'not verified',
    verdict: null,
    runTime: null,
    error: { code: 'MODEL_SHADOWED' },
  })
  t.match(refused.error.message, join(folder, 'toy-F16.gguf'))
  t.match(await verdict(path, ['--run-dir', home], env), { code: 0 }, 'elsewhere there is none')
  rmSync(join(folder, 'toy-F16.gguf'))

  const archive = { ...env, COSMOPOLITAN_INIT_ZIPOS: '/tmp/other.zip' }
  t.match(await verdict(path, flags, archive), { code: 1, error: { code: 'MODEL_SHADOWED', message: /other\.zip/ } })
  t.match(await verdict(path, [], archive), { code: 0 }, 'nobody asked')
})

t.test('--run-dir, of names that are not plain', async (t) => {
  const folder = join(desk.folder, 'names')
  mkdirSync(folder)
  writeFileSync(join(folder, 'a.zip'), '')
  for (const [args, code] of [
    ['-m $MODEL', 1],
    ['-m a.zip@b.gguf', 1],
    ['-m ../names/a.zip', 1],
    [`-m ${folder}/a.zip`, 1],
    ['-m b.zip@a.gguf', 0],
    ['-m a.zip/b.gguf', 0],
    ['-m "', 1],
  ] as const)
    t.equal((await verdict(await signed(await toyLlamafile({ args })), ['--run-dir', folder])).code, code, args)
})

t.test('--run-dir, of what cannot be asked', async (t) => {
  const model = await signed(TOY_GGUF)
  t.match(await verdict(model, ['--run-dir', desk.folder]), { code: 0, runTime: null }, 'weights load nothing')
  const program = await signed(concat(STUB, utf8('rest')))
  t.match(await verdict(program, ['--run-dir', desk.folder]), { code: 1, error: { code: 'MODEL_MALFORMED' } })
  const twice = await append(await append(await toyLlamafile({ args: '-m /zip/a' }), { '.argx': '-m a.gguf' }), {})
  const last = twice.lastIndexOf(0x78)
  twice.set(utf8('s'), twice.subarray(0, last + 1).lastIndexOf(0x78))
  t.match(
    await verdict(await signed(twice), ['--run-dir', desk.folder]),
    { code: 1, error: { code: 'MODEL_MALFORMED', message: /two \.args/ } },
    'two of the name',
  )
  for (const [subject, directory, why] of [
    [model, desk.at('none'), /none is no directory/],
    [model, model, /is no directory/],
    [desk.folder, desk.folder, /is for a file that can be started/],
    [`sha256:${'00'.repeat(32)}`, desk.folder, /is for a file that can be started/],
  ] as const)
    t.match(await command(['verify', subject, ...trust, '--run-dir', directory]), { code: 2, warned: why }, subject)
})

t.test('fields without a name are no claims', async (t) => {
  const plain = gguf({ fields: [text('llama.a', 'b'), text('general.name', 'x')], tensors: [W] })
  t.same((await verdict(await signed(plain))).claimed, [{ by: 'file', what: 'general.name' }])
})

/** A model's directory: each path is covered, ignored, unsigned, missing or mismatched. */

import { generateKeyPairSync } from 'node:crypto'
import { cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { digestModel, walkModel } from '../../../src/files/model-directory.ts'
import { formatOmsStatement, omsRoot } from '../../../src/formats/model/oms.ts'
import { concat, hex } from '../../../src/kernel/bytes.ts'
import { TOY_GGUF, toyLlamafile } from '../../formats/model/make-llamafile.ts'
import { command, scratch } from '../support.ts'
import { openDesk, statedFile } from './desk.ts'

const desk = openDesk(t)
const { at, write } = desk
const trust = ['--trusted-root', at('root.json'), '--key', at('key.pub')]

mkdirSync(at('model/weights'), { recursive: true })
for (const [name, content] of [
  ['config.json', '{}'],
  ['weights/a', 'first'],
  ['weights/b', 'second'],
  ['notes', 'not signed'],
] as const)
  writeFileSync(at(`model/${name}`), content)
const { files } = await walkModel(at('model'), { ignore: ['notes', '.git'], symlinks: false })
const manifest = {
  model: 'model',
  resources: await digestModel(files),
  ignorePaths: ['notes', '.git'],
  allowSymlinks: false,
}
const bundle = JSON.stringify(await statedFile(formatOmsStatement(manifest)))
write('model.sigstore.json', bundle)
const PUBLIC_ROOT = fileURLToPath(
  new URL('../../vectors/sigstore-conformance/trusted_root.public-good.json', import.meta.url),
)
const COVERED = ['config.json', 'weights/a', 'weights/b']

interface Findings {
  readonly covered?: readonly string[]
  readonly ignored?: readonly string[]
  readonly ignoredBySigner?: readonly string[]
  readonly unsigned?: readonly string[]
  readonly missing?: readonly string[]
  readonly mismatched?: readonly string[]
}

const CASES: readonly (readonly [name: string, change: (path: (name: string) => string) => void, found: Findings])[] = [
  ['as it was', () => undefined, {}],
  ['without what was ignored', (path) => rmSync(path('notes')), { ignored: [], ignoredBySigner: [] }],
  [
    'a file changed',
    (path) => writeFileSync(path('weights/a'), 'First'),
    { covered: ['config.json', 'weights/b'], mismatched: ['weights/a'] },
  ],
  [
    'a file gone',
    (path) => rmSync(path('weights/b')),
    { covered: ['config.json', 'weights/a'], missing: ['weights/b'] },
  ],
  ['a file more', (path) => writeFileSync(path('weights/c'), ''), { unsigned: ['weights/c'] }],
  ['a hidden file more', (path) => writeFileSync(path('.hidden'), ''), { unsigned: ['.hidden'] }],
  [
    'a file for a directory',
    (path) => {
      rmSync(path('weights'), { recursive: true })
      writeFileSync(path('weights'), 'first')
    },
    { covered: ['config.json'], unsigned: ['weights'], missing: ['weights/a', 'weights/b'] },
  ],
  [
    'two files exchanged',
    (path) => {
      writeFileSync(path('weights/a'), 'second')
      writeFileSync(path('weights/b'), 'first')
    },
    { covered: ['config.json'], mismatched: ['weights/a', 'weights/b'] },
  ],
  [
    'a repository',
    (path) => {
      mkdirSync(path('.git'))
      writeFileSync(path('.git/HEAD'), '')
      writeFileSync(path('.gitattributes'), '')
    },
    { ignored: ['.git', '.gitattributes', 'notes'], ignoredBySigner: ['.git', 'notes'] },
  ],
  [
    'everything at once',
    (path) => {
      writeFileSync(path('weights/a'), '')
      rmSync(path('weights/b'))
      writeFileSync(path('more'), '')
    },
    { covered: ['config.json'], mismatched: ['weights/a'], missing: ['weights/b'], unsigned: ['more'] },
  ],
]

t.test('what is found', async (t) => {
  for (const [i, [name, change, found]] of CASES.entries()) {
    const copy = at(`copy-${i}`)
    cpSync(at('model'), copy, { recursive: true })
    change((path) => join(copy, path))
    const { code, printed } = await command(['verify', '--json', copy, '--bundle', at('model.sigstore.json'), ...trust])
    const { outcome, verdict, directory, error } = JSON.parse(printed)
    t.same(
      directory,
      {
        ...{ covered: COVERED, ignored: ['notes'], ignoredBySigner: ['notes'], excluded: ['.git', 'notes'] },
        ...{ unsigned: [], missing: [], mismatched: [], ...found },
      },
      name,
    )
    const isWhole = ['unsigned', 'missing', 'mismatched'].every((what) => !(what in found))
    t.equal(code, isWhole ? 0 : 1, name)
    t.equal(outcome, isWhole ? 'verified' : 'not verified')
    t.equal(verdict === null, !isWhole)
    t.equal(error?.code, isWhole ? undefined : 'ARTIFACT_MISMATCH')
  }
})

t.test('in words', async (t) => {
  const good = await command(['verify', at('model'), ...trust])
  t.match(good, { code: 0, printed: 'which calls it "model"\n' }, 'the bundle beside it is found')
  t.match(good.printed, /\n {2}root {5}[0-9a-f]{64}\n/)
  t.match(
    good.printed,
    '\n  files    3 as signed\n  ignored  "notes"\n  excluded ".git", "notes": by the signer, whatever is there\n  claimed  what else the statement says ("https://model_signing/signature/v1.0"): the word of its signer\nNot covered:\n',
  )
  t.equal((await command(['verify', `${at('model')}/`, ...trust])).code, 0)
  const bad = await command(['verify', at('copy-9'), '--bundle', at('model.sigstore.json'), ...trust])
  t.equal(
    bad.printed.replaceAll(`${desk.folder}/`, ''),
    `NOT VERIFIED: copy-9
  ARTIFACT_MISMATCH: the signature is good, and the files are not those it is about: 1 not as signed, 1 missing, 1 not signed
  files    1 as signed
  ignored  "notes"
  unsigned "more"
  missing  "weights/b"
  mismatched "weights/a"
  excluded ".git", "notes": by the signer, whatever is there
`,
  )
})

t.test('a file of which the model is not made has its root as digest', async (t) => {
  const forged = write('forged', concat(...manifest.resources.map(({ digest }) => digest)))
  const by = ['--bundle', at('model.sigstore.json'), ...trust]
  for (const subject of [forged, `sha256:${hex(omsRoot(manifest.resources))}`])
    t.match(await command(['verify', subject, ...by]), {
      code: 1,
      printed: /ARTIFACT_MISMATCH: it is a statement about a directory/,
    })
})

t.test('what the files in it claim, and what one of them is started with', async (t) => {
  const path = join(scratch(t), 'model')
  mkdirSync(path)
  writeFileSync(join(path, 'toy.gguf'), TOY_GGUF)
  writeFileSync(join(path, 'toy.llamafile'), await toyLlamafile())
  const key = join(scratch(t), 'key.pem')
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  writeFileSync(`${key}.pub`, publicKey.export({ type: 'spki', format: 'pem' }))
  t.match(await command(['sign', path, '--unlogged', '--key', key]), { code: 0 })
  const { code, printed } = await command(['verify', path, '--unlogged', '--key', `${key}.pub`, '--json'])
  const { claimed, runTime } = JSON.parse(printed)
  t.equal(code, 0)
  const names = claimed.filter(({ by }: { by: string }) => by === 'file').map(({ what }: { what: string }) => what)
  t.ok(names.includes('toy.gguf: general.name') && names.includes('toy.llamafile: toy-F16.gguf: general.name'))
  t.match(runTime, { shadowable: [{ code: 'WEIGHTS_SHADOWED', what: /^toy\.llamafile: / }], shadows: null })
})

t.test('a model that model_signing signed for the public log', async (t) => {
  const model = fileURLToPath(new URL('../../vectors/oms/v1.1.0-sigstore', import.meta.url))
  const identity = [
    ...['--certificate-identity', 'stefanb@us.ibm.com'],
    ...['--certificate-oidc-issuer', 'https://sigstore.verify.ibm.com/oauth2'],
  ]
  const argv = [...identity, '--trusted-root', PUBLIC_ROOT]
  const { code, printed } = await command(['verify', '--json', model, ...argv])
  t.match(
    { code, ...JSON.parse(printed) },
    {
      code: 0,
      verdict: {
        signed: { predicateType: 'https://model_signing/signature/v1.0', subject: 'v1.1.0-sigstore' },
        entries: [{ kind: 'dsse 0.0.1', index: 598151086 }],
      },
      directory: { covered: ['signme-1', 'signme-2'], ignored: ['ignore-me', 'model.sig'] },
    },
  )
  cpSync(model, at('public'), { recursive: true })
  writeFileSync(at('public/signme-2'), 'signed by nobody')
  t.match(await command(['verify', at('public'), ...argv]), { code: 1, printed: '\n  mismatched "signme-2"\n' })
})

t.test('the signature inside the directory is no part of the model', async (t) => {
  cpSync(at('model'), at('signed'), { recursive: true })
  writeFileSync(at('signed/model.sig'), bundle)
  t.match(await command(['verify', at('signed'), ...trust]), { code: 0, printed: 'ignored  "model.sig", "notes"\n' })
  writeFileSync(at('signed/other.sig'), bundle)
  t.match(await command(['verify', at('signed'), ...trust]), { code: 1, printed: 'unsigned "other.sig"\n' })
  t.match(await command(['verify', at('signed'), '--bundle', at('signed/other.sig'), ...trust]), {
    code: 1,
    printed: 'unsigned "model.sig"\n',
  })
})

t.test('nothing is read where the signature is not good', async (t) => {
  const stranger = [...trust.slice(0, 2), '--key', at('stranger.pub')]
  const { code, printed } = await command(['verify', '--json', at('model'), ...stranger])
  t.match({ code, ...JSON.parse(printed) }, { code: 1, error: { code: 'SIGNATURE_INVALID' }, directory: null })
  write('about a file', JSON.stringify(await statedFile()))
  t.match(await command(['verify', at('model'), '--bundle', at('about a file'), ...trust]), {
    code: 1,
    printed: 'FIELD_',
  })
  symlinkSync('/etc/hostname', at('model/link'))
  t.match(await command(['verify', at('model'), ...trust]), {
    code: 3,
    printed: 'MODEL_REFUSED: "link": a symbolic link',
  })
})

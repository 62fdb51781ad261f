import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { appendFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { DEFAULT_IGNORED, digestModel, walkModel } from '../../src/files/model-directory.ts'
import { parseOmsStatement } from '../../src/formats/model/oms.ts'

const NO_LINKS = { ignore: [], symlinks: false }

t.test('the files of a model that the reference implementation signed', async (t) => {
  const root = new URL('../vectors/oms/v1.1.0-elliptic-key', import.meta.url).pathname
  const { dsseEnvelope } = JSON.parse(readFileSync(join(root, 'model.sig'), 'utf8'))
  const manifest = parseOmsStatement(new Uint8Array(Buffer.from(dsseEnvelope.payload, 'base64')))
  const found = await walkModel(root, { ignore: manifest.ignorePaths, symlinks: manifest.allowSymlinks })
  t.same(found.ignored, ['ignore-me', 'model.sig'])
  t.same(
    await digestModel(found.files),
    manifest.resources.map(({ name, digest }) => ({ name, digest })),
  )
})

t.test('every file below, in the order of whole names; what is ignored is ignored with all below it', async (t) => {
  const root = t.testdir({
    a: { b: '1', '.hidden': '22', d: { e: '' } },
    'a-b': '333',
    '.gitignore': '',
    '.git': { HEAD: 'x' },
    sub: { '.git': { HEAD: 'x' } },
  })
  const found = await walkModel(root, { ignore: [...DEFAULT_IGNORED, 'absent'], symlinks: false })
  t.same(
    found.files.map(({ name, bytes }) => [name, bytes]),
    [
      ['a-b', 3],
      ['a/.hidden', 2],
      ['a/b', 1],
      ['a/d/e', 0],
      ['sub/.git/HEAD', 1],
    ],
  )
  t.same(found.ignored, ['.git', '.gitignore'])
  const heard: number[][] = []
  await digestModel(found.files, (...progress) => void heard.push(progress))
  t.same(heard, [
    [3, 7],
    [5, 7],
    [6, 7],
    [6, 7],
    [7, 7],
  ])
})

t.test('large files and small ones, by the same hash', async (t) => {
  const root = t.testdir()
  for (const size of [0, 65_536, 65_537, 3_000_000]) writeFileSync(join(root, String(size)), randomBytes(size))
  const { files } = await walkModel(root, NO_LINKS)
  for (const { name, digest } of await digestModel(files))
    t.same(
      Buffer.from(digest),
      createHash('sha256')
        .update(readFileSync(join(root, name)))
        .digest(),
      name,
    )
})

t.test('links', async (t) => {
  const root = t.testdir({ real: 'content', folder: { x: '' } })
  symlinkSync('real', join(root, 'link'))
  await t.rejects(walkModel(root, NO_LINKS), { code: 'MODEL_REFUSED', message: '"link": a symbolic link' })
  t.equal(
    (await walkModel(root, { ignore: ['link'], symlinks: false })).files.length,
    2,
    'an ignored one does not matter',
  )
  const followed = await walkModel(root, { ignore: [], symlinks: true })
  t.same(followed.files.map(({ name, bytes }) => [name, bytes])[1], ['link', 7])
  symlinkSync('folder', join(root, 'loop'))
  await t.rejects(walkModel(root, { ignore: [], symlinks: true }), {
    code: 'MODEL_REFUSED',
    message: /"loop": neither/,
  })
})

t.test('what no manifest can hold', async (t) => {
  const pipe = t.testdir()
  execFileSync('mkfifo', [join(pipe, 'pipe')])
  await t.rejects(walkModel(pipe, NO_LINKS), {
    code: 'MODEL_REFUSED',
    message: '"pipe": neither a file nor a directory',
  })
  for (const name of [Buffer.from([0x61, 0xff]), Buffer.from('a\\b'), Buffer.from('a\nb')]) {
    const root = t.testdir({ sub: {} })
    writeFileSync(Buffer.concat([Buffer.from(`${root}/sub/`), name]), '')
    await t.rejects(walkModel(root, NO_LINKS), { code: 'MODEL_REFUSED', message: /no manifest can hold this name/ })
  }
  const deep = t.testdir()
  mkdirSync(join(deep, ...Array(65).fill('d')), { recursive: true })
  await t.rejects(walkModel(deep, NO_LINKS), { code: 'MODEL_REFUSED', message: /deeper than 64/ })
  await t.rejects(walkModel(join(deep, 'absent'), NO_LINKS), { code: 'ENOENT' })
})

t.test('a file that grows under our hands', async (t) => {
  const root = t.testdir({ file: 'x' })
  const { files } = await walkModel(root, NO_LINKS)
  appendFileSync(join(root, 'file'), 'y')
  await t.rejects(digestModel(files), { code: 'MODEL_REFUSED', message: '"file": it changed while it was read' })
})

/** The package as npm makes and installs it: what is in it, as a library with its types, as a program, in a browser. */

import { hash } from 'node:crypto'
import { chmod, cp, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import t from 'tap'
import { fill } from './fill.ts'
import { PROGRAM_ENV, ROOT, run, scratch, startProgram } from './support.ts'

t.setTimeout(10 * 60_000)

const CASES = join(ROOT, 'test/vectors/sigstore-conformance/bundle-verify')
const CASE = join(CASES, 'managed-key-and-trusted-root')
const ARTIFACT = join(CASES, 'a.txt')
const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string }

/** Nothing is asked of the registry that npm has had before; no package of ours needs a script. */
const INSTALL = ['install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund']

const folder = await scratch(t)
const installed = join(folder, 'node_modules/colophon')

async function mustRun(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, { cwd, env: PROGRAM_ENV, timeoutMs: 300_000 })
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: exit ${code}\n${stdout}${stderr}`)
  return stdout
}

t.before(async () => {
  await mustRun('npm', ['pack', '--silent', '--pack-destination', folder], ROOT)
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
  await mustRun('npm', [...INSTALL, `./colophon-${version}.tgz`], folder)
  await cp(fileURLToPath(new URL('package/consumer', import.meta.url)), folder, { recursive: true })
})

t.test('it holds what was built, and nothing else', async (t) => {
  const list = await mustRun('tar', ['-tzf', `colophon-${version}.tgz`], folder)
  const paths = list.trim().split('\n')
  const allowed =
    /^package\/(?:package\.json|README\.md|CHANGELOG\.md|LICENSE|migrations\/[\w-]+\/[\w-]+\.sql|dist\/(?:package\.json|[\w/-]+\.(?:js|d\.ts)))$/
  t.same(
    paths.filter((path) => !allowed.test(path)),
    [],
  )
  for (const path of ['dist/main.js', 'dist/index.d.ts', 'dist/storage/sqlite/worker.js', 'LICENSE'])
    t.ok(paths.includes(`package/${path}`), path)
  const texts = await Promise.all(paths.map((path) => readFile(join(installed, path.replace('package/', '')), 'utf8')))
  t.equal(texts.find((text) => text.includes(ROOT)) === undefined, true, 'nor where it was built')
})

t.test('the library, and its types', async (t) => {
  const verdict = JSON.parse(await mustRun(process.execPath, ['run.mjs', CASE, ARTIFACT], folder))
  t.match(verdict, { signed: { kind: 'file' }, signer: { kind: 'key' }, notCovered: ['witnesses', 'key owner'] })
  t.equal(await mustRun(process.execPath, ['run.mjs', CASE, 'package.json'], folder), '"ARTIFACT_MISMATCH"\n')
  for (const [file, customConditions] of [
    ['library.ts', []],
    ['browser.ts', ['browser']],
  ] as const) {
    const compilerOptions = { module: 'nodenext', target: 'es2023', strict: true, types: [], noEmit: true }
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { ...compilerOptions, customConditions }, files: [file] }),
    )
    t.equal(await mustRun(join(ROOT, 'node_modules/.bin/tsc'), ['-p', folder], folder), '', file)
  }
})

t.test('what it is to a browser needs nothing of Node', async (t) => {
  const outfile = join(folder, 'page.mjs')
  const { metafile } = await build({
    absWorkingDir: folder,
    entryPoints: ['browser.ts'],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    metafile: true,
    logLevel: 'silent', // it fails when a module of Node is named
  })
  const inputs = Object.keys(metafile.inputs)
  t.ok(inputs.includes('node_modules/colophon/dist/crypto/portable.js'))
  t.same(
    inputs.filter((path) => /colophon\/dist\/(?!(?:kernel|formats|crypto|verify)\/)|crypto\/node|@sigstore/.test(path)),
    [],
  )
  const { originOf } = await import(pathToFileURL(outfile).href)
  const files = {
    bundle: await readFile(join(CASE, 'bundle.sigstore.json')),
    root: await readFile(join(CASE, 'trusted_root.json')),
    key: await readFile(join(CASE, 'key.pub'), 'utf8'),
  }
  const artifact = new Map([['SHA2_256', hash('sha256', await readFile(ARTIFACT), 'buffer')]])
  t.match(await originOf(files, artifact), /^rekor\.sigstage\.dev - \d+$/)
})

t.test('the program', async (t) => {
  t.equal(await mustRun('npx', ['--offline', 'colophon', '--version'], folder), `colophon ${version}\n`)
  const { code, stderr } = await run('npx', ['--offline', 'colophon', 'sreve'], { cwd: folder, env: PROGRAM_ENV })
  t.match({ code, stderr }, { code: 2, stderr: /^unknown command sreve\n/ })
})

t.test('compiled code is kept where nobody else can write', async (t) => {
  const start = async (cache: string) => {
    const { NODE_COMPILE_CACHE: _, ...env }: NodeJS.ProcessEnv = { ...PROGRAM_ENV, XDG_CACHE_HOME: cache }
    const { code } = await run(process.execPath, [join(installed, 'dist/main.js'), '--version'], { env })
    t.equal(code, 0)
    return await readdir(join(cache, 'colophon/compiled')).catch(() => null)
  }
  const [own, open, file] = ['own', 'open', 'package.json'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  t.match(await start(own), [/^v24/])
  t.equal((await stat(join(own, 'colophon/compiled'))).mode & 0o777, 0o700)
  await mkdir(join(open, 'colophon/compiled'), { recursive: true })
  await chmod(join(open, 'colophon/compiled'), 0o770)
  t.same(await start(open), [])
  t.equal(await start(file), null, 'no folder can be made there')
})

t.test('a Node that is too old is told so', async (t) => {
  const old = join(folder, 'old')
  const name = `node-${process.platform}-${process.arch}`
  await mustRun('npm', [...INSTALL, '--prefix', old, `${name}@18.20.8`], folder)
  const { code, stdout, stderr } = await run(join(old, 'node_modules', name, 'bin/node'), [
    join(installed, 'dist/main.js'),
    'keygen',
  ])
  t.same([code, stdout, stderr], [2, '', 'colophon needs Node 24 or newer; this is v18.20.8\n'])
})

t.test('the server, with its threads and migrations', async (t) => {
  const server = await startProgram(join(installed, 'dist/main.js'), join(folder, 'data'))
  await fill(server.url, 20)
  const checkpoint = await (await fetch(`${server.url}/checkpoint`)).text()
  t.equal(checkpoint.split('\n')[1], '20')
  await server.stop()
})

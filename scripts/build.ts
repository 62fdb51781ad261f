/**
 * Makes dist/ anew: `npm run build`. It holds
 *
 * - the library and the threads, a module a source, with types: the roots are the `files` of tsconfig.build.json;
 * - the program, main.js and program/: the sources joined, a piece a command. To find a module takes Node longer than to
 *   run it, and `colophon verify` has a hundred; packages stay outside;
 * - package.json, which ends the reach of the root's: the names of its `imports`, for what was built.
 */

import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const SRC = `${ROOT}src`
const DIST = `${ROOT}dist`

type Targets = Readonly<Record<string, Readonly<Record<string, string>>>>

/** What looks for a file beside itself goes on doing so, whichever piece it has become part of. */
const ownPlaces: Plugin = {
  name: 'own places',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const module = relative(SRC, path).replaceAll(sep, '/').replace(/ts$/, 'js')
      if (module === 'main.js') return null // stays where it is
      const text = await readFile(path, 'utf8')
      const place = `new URL('../${module}', import.meta.url).href` // as seen from dist/program/
      return { loader: 'ts', contents: text.replaceAll('import.meta.url', place) }
    })
  },
}

async function buildProgram(): Promise<void> {
  await build({
    entryPoints: [`${SRC}/main.ts`],
    outdir: DIST,
    chunkNames: 'program/[name]-[hash]',
    bundle: true,
    splitting: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node24',
    charset: 'utf8',
    plugins: [ownPlaces],
    logLevel: 'warning',
  })
}

/** @throws Error for a target that is no source, and so not in dist/ */
export function builtImports(imports: Targets): Targets {
  const built = (target: string) => {
    const [, path] = /^\.\/src\/(.+)\.ts$/.exec(target) ?? []
    if (path === undefined) throw new Error(`not a source: ${target}`)
    return `./${path}.js`
  }
  return mapValues(imports, (targets) => mapValues(targets, built))
}

function mapValues<A, B>(object: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, map(value)]))
}

async function main(): Promise<void> {
  rmSync(DIST, { recursive: true, force: true })
  execFileSync('tsc', ['-p', 'tsconfig.build.json'], { cwd: ROOT, stdio: 'inherit' })
  await buildProgram()
  const { type, sideEffects, imports } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'))
  const scope = { type, sideEffects, imports: builtImports(imports) }
  writeFileSync(`${DIST}/package.json`, `${JSON.stringify(scope, null, 2)}\n`)
}

if (import.meta.main) await main()

/**
 * Makes dist/ anew: `npm run build`. It holds
 *
 * - the library and the threads, a module a source, with types: the roots are the `files` of tsconfig.build.json;
 * - the program, main.js and program/: the sources joined, a piece a command. To find a module takes Node longer than to
 *   run it, and `colophon verify` has 150. Packages stay outside, but for the sigstore project's, which are half of them
 *   (Apache-2.0, as we are);
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

/** Packages that are joined with the sources are CommonJS, and ask for what Node has by a name that a module does not know. */
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)"

async function buildProgram(dependencies: readonly string[]): Promise<void> {
  await build({
    entryPoints: [`${SRC}/main.ts`],
    outdir: DIST,
    chunkNames: 'program/[name]-[hash]',
    bundle: true,
    splitting: true,
    external: dependencies.filter((name) => !name.startsWith('@sigstore/')),
    banner: { js: REQUIRE },
    legalComments: 'inline',
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
  const { type, sideEffects, imports, dependencies } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'))
  await buildProgram(Object.keys(dependencies))
  const scope = { type, sideEffects, imports: builtImports(imports) }
  writeFileSync(`${DIST}/package.json`, `${JSON.stringify(scope, null, 2)}\n`)
}

if (import.meta.main) await main()

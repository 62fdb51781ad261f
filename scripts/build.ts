/**
 * Makes dist/ anew: `npm run build`. It holds
 *
 * - the library and the threads, a module a source, with types: the roots are the `files` of tsconfig.build.json;
 * - the program, main.js and program/: the sources joined, a piece a command. To find a module takes Node longer than to
 *   run it: what verifiers start many times is one file each, with all that it may load, and the others share pieces.
 *   Packages stay outside, but for the sigstore project's (Apache-2.0, as we are) and, in those files, noble's (MIT);
 * - package.json, which ends the reach of the root's: the names of its `imports`, for what was built.
 */

import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build, type Plugin } from 'esbuild'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const SRC = `${ROOT}src`
const DIST = `${ROOT}dist`

type Targets = Readonly<Record<string, Readonly<Record<string, string>>>>

function moduleAt(path: string): string {
  return relative(SRC, path).replaceAll(sep, '/')
}

/** What looks for a file beside itself goes on doing so, whichever piece it has become part of. */
const ownPlaces: Plugin = {
  name: 'own places',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const module = moduleAt(path).replace(/ts$/, 'js')
      if (module === 'main.js') return null // stays where it is
      const text = await readFile(path, 'utf8')
      const place = `new URL('../${module}', import.meta.url).href` // as seen from dist/program/
      return { loader: 'ts', contents: text.replaceAll('import.meta.url', place) }
    })
  },
}

/** What verifiers start many times: a file each. */
const ALONE = ['verify', 'sign', 'inspect']

/** Leaves these modules where they are, in files beside the one that imports them. */
function beside(modules: readonly string[]): Plugin {
  return {
    name: 'beside',
    setup({ onResolve }) {
      onResolve({ filter: /^\..*\.ts$/ }, ({ path, resolveDir, kind }) => {
        const module = moduleAt(resolve(resolveDir, path))
        const isBeside = kind !== 'entry-point' && modules.includes(module)
        return isBeside ? { path: `./${basename(module, '.ts')}.js`, external: true } : undefined
      })
    },
  }
}

/** Packages that are joined with the sources are CommonJS, and ask for what Node has by a name that a module does not know. */
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)"

const OPTIONS = {
  bundle: true,
  banner: { js: REQUIRE },
  legalComments: 'inline',
  format: 'esm',
  platform: 'node',
  target: 'node24',
  charset: 'utf8',
  logLevel: 'warning',
} as const satisfies BuildOptions

/** Of errors there is one class for all files: whoever catches one asks for it. */
async function buildProgram(packages: readonly string[]): Promise<void> {
  const alone = ALONE.map((name) => `cli/${name}.ts`)
  await build({
    ...OPTIONS,
    entryPoints: { main: `${SRC}/main.ts`, 'program/error': `${SRC}/kernel/error.ts` },
    outdir: DIST,
    chunkNames: 'program/[name]-[hash]',
    splitting: true,
    external: packages.filter((name) => !name.startsWith('@sigstore/')),
    plugins: [beside(alone), ownPlaces],
  })
  await build({
    ...OPTIONS,
    entryPoints: alone.map((module) => `${SRC}/${module}`),
    outdir: `${DIST}/program`,
    external: packages.filter((name) => !/^@(?:sigstore|noble)\//.test(name)),
    plugins: [beside(['kernel/error.ts']), ownPlaces],
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

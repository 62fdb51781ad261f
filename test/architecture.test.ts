/** The floors of the house, read off the imports: a file imports its own floor or a lower one, and names no world it may not see. */

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import t from 'tap'

const SRC = new URL('../src/', import.meta.url).pathname
const FLOORS: Readonly<Record<string, number>> = {
  kernel: 0,
  formats: 1,
  crypto: 1,
  verify: 2,
  'verify-node': 2,
  files: 2,
  sign: 2,
  client: 2,
  log: 3,
  dialects: 3,
  custody: 3,
  audit: 3,
  witness: 3,
  mirror: 3,
  watch: 3,
  storage: 4,
  http: 5,
  web: 6,
  cli: 6,
  config: 6,
  trust: 6,
  'config.ts': 6,
  'index.ts': 2,
  'main.ts': 7,
  'platform.d.ts': 0,
}

/** Rules that floors alone do not say: of files that match `from`, no import may match `never`. */
const RULES: readonly { readonly name: string; readonly from: RegExp; readonly never: RegExp }[] = [
  { name: 'the kernel imports @noble/hashes alone', from: /^kernel\//, never: /^(?!kernel\/|@noble\/hashes\/)/ },
  { name: 'floors 0 to 2 run in a browser', from: /^(kernel|formats|verify)\//, never: /^(node:|crypto\/node)/ },
  { name: 'so does portable crypto', from: /^crypto\/(?!node(\.ts|\/))/, never: /^(node:|crypto\/node)/ },
  { name: 'verify does not know Node', from: /^verify\//, never: /^(verify-node\/|@sigstore\/)/ },
  { name: 'verify does not know the log', from: /^verify(-node)?\//, never: /^log\// },
  { name: 'the log does not know verify', from: /^log\//, never: /^verify(-node)?\// },
  {
    name: 'the log has no world of its own',
    from: /^(log|dialects|witness|audit)\//,
    never: /^(node:|better-sqlite3|fastify|pino)/,
  },
  { name: 'only commands name a store', from: /^(?!storage\/|cli\/|main\.ts)/, never: /^storage\// },
  { name: 'what the process is told comes as an argument', from: /^(?!main\.ts)/, never: /^node:(process|timers)/ },
  { name: 'of the log, its façade and types', from: /^(http|web)\//, never: /^log\/(?!(log|steps|ports)\.ts$)/ },
  { name: 'of a witness, its façade', from: /^(http|web)\//, never: /^witness\/(?!witness\.ts$)/ },
  { name: 'nothing reaches up for a command', from: /^(?!cli\/|main\.ts)/, never: /^(cli\/|main\.ts)/ },
]

/** Time, randomness, timers and the process come in as arguments, from main.ts; its number and its system are no input. */
const WORLD = /\b(Date\.now|new Date\(\)|Math\.random|process\.(?!pid\b|platform\b)|setTimeout|setInterval)/

interface Source {
  readonly path: string
  readonly text: string
}

function sources(): Source[] {
  const paths = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'))
  return paths.map((path) => ({ path, text: readFileSync(join(SRC, path), 'utf8') }))
}

/** Paths below src/ as such, packages as they are written; `#crypto` and `#sha256` are what they stand for on any platform. */
function importsOf({ path, text }: Source): string[] {
  const found = text.matchAll(
    /^(?:import|export)\s(?:[^'";]*?\sfrom\s)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm,
  )
  return [...found].map(([, stated, dynamic]) => {
    const target = stated ?? dynamic ?? ''
    if (target === '#crypto') return 'crypto/portable.ts'
    if (target === '#sha256') return 'kernel/sha256.ts'
    return target.startsWith('.') ? normalize(join(dirname(path), target)) : target
  })
}

function floorOf(path: string): number | undefined {
  return FLOORS[path.split('/', 1)[0] ?? '']
}

function isOurs(target: string): boolean {
  return floorOf(target) !== undefined && !target.includes(':')
}

/** A code word outside comments and strings is enough here: our style has neither on the same line as the other. */
function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm, '').replaceAll(/'[^'\n]*'|`[^`\n]*`/g, "''")
}

function faults(source: Source): string[] {
  const floor = floorOf(source.path)
  if (floor === undefined) return [`${source.path} is on no floor`]
  const imports = importsOf(source)
  const upward = imports.filter((target) => isOurs(target) && (floorOf(target) ?? 0) > floor)
  const broken = RULES.flatMap(({ name, from, never }) =>
    from.test(source.path) ? imports.filter((target) => never.test(target)).map((target) => `${target} (${name})`) : [],
  )
  const reached = source.path === 'main.ts' ? null : WORLD.exec(withoutComments(source.text))
  return [
    ...upward.map((target) => `${source.path} imports ${target}, a floor above`),
    ...broken.map((what) => `${source.path} imports ${what}`),
    ...(reached === null ? [] : [`${source.path} reaches for ${reached[0]}`]),
  ]
}

t.test('every file keeps to its floor', async (t) => {
  const all = sources()
  t.same(all.flatMap(faults), [])
  t.ok(all.flatMap(importsOf).length > 300, 'the imports were found')
})

t.test('what is not allowed is seen', async (t) => {
  const bad: readonly (readonly [string, string])[] = [
    ['kernel/x.ts', "import { ed25519 } from '@noble/curves/ed25519.js'"],
    ['kernel/x.ts', "import { a } from '../formats/json.ts'"],
    ['kernel/x.ts', "export * from '../formats/json.ts'"],
    ['formats/x.ts', "import { Buffer } from 'node:buffer'"],
    ['formats/c2sp/x.ts', "import type { A } from '../../log/log.ts'"],
    ['crypto/x.ts', "import { run } from './node/pool.ts'"],
    ['verify/x.ts', "import {\n  a,\n  b,\n} from '../log/log.ts'"],
    ['verify/x.ts', "import { nodeAbilities } from '../verify-node/abilities.ts'"],
    ['verify/x.ts', "import { Verifier } from '@sigstore/verify'"],
    ['log/x.ts', "import { verify } from '../verify/index.ts'"],
    ['log/x.ts', "import 'node:fs'"],
    ['log/x.ts', "const sqlite = await import('better-sqlite3')"],
    ['http/x.ts', "import { open } from '../storage/sqlite/open.ts'"],
    ['http/x.ts', "import { Pool } from '../log/pool.ts'"],
    ['http/x.ts', "import { decide } from '../witness/decide.ts'"],
    ['witness/x.ts', "import Fastify from 'fastify'"],
    ['storage/x.ts', "import { run } from '../cli/run.ts'"],
    ['storage/x.ts', 'const now = Date.now()'],
    ['http/x.ts', 'const at = new Date()'],
    ['config.ts', "import { open } from './storage/sqlite/open.ts'"],
    ['cli/x.ts', 'process.exit(1)'],
    ['cli/x.ts', "import { env } from 'node:process'"],
    ['nowhere/x.ts', ''],
  ]
  for (const [path, text] of bad) t.equal(faults({ path, text }).length > 0, true, `${path}: ${text}`)
  t.same(faults({ path: 'log/x.ts', text: '// Date.now() is for main.ts\nimport { a } from "../kernel/hash.ts"' }), [])
})

/**
 * The codes of src/kernel/error.ts, the rows of docs/errors.md and the codes that src/ throws are one set:
 * `node scripts/check-error-codes.ts`. A row is a line of a table whose first cell is the code in backquotes.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ERROR_CODES } from '../src/kernel/error.ts'

const SRC = new URL('../src/', import.meta.url).pathname
const DOCS = new URL('../docs/errors.md', import.meta.url).pathname

/** A quoted code that is not merely compared with; whatever is handed on as an argument ends in an error. */
const THROWN = /(?<![!=]==\s*|\bcase\s+|\bcode:\s*)'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)'/g

export function thrownIn(text: string): string[] {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
  return [...code.matchAll(THROWN)].map(([, name = '']) => name)
}

export function documentedIn(markdown: string): string[] {
  return [...markdown.matchAll(/^\|\s*`([A-Z0-9_]+)`\s*\|/gm)].map(([, name = '']) => name)
}

function thrown(): Set<string> {
  const paths = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  const sources = paths.filter((path) => path.endsWith('.ts') && path !== 'kernel/error.ts')
  return new Set(sources.flatMap((path) => thrownIn(readFileSync(join(SRC, path), 'utf8'))))
}

function main(): void {
  const documented = existsSync(DOCS) ? documentedIn(readFileSync(DOCS, 'utf8')) : []
  const used = thrown()
  const known = new Set<string>(ERROR_CODES)
  const problems = [
    ...(existsSync(DOCS) ? [] : ['docs/errors.md is missing']),
    ...ERROR_CODES.filter((code) => !used.has(code)).map((code) => `${code} is thrown nowhere in src/`),
    ...ERROR_CODES.filter((code) => !documented.includes(code)).map((code) => `${code} has no row in docs/errors.md`),
    ...documented.filter((code) => !known.has(code)).map((code) => `${code} of docs/errors.md is no code of ours`),
    ...documented
      .filter((code, at) => documented.indexOf(code) !== at)
      .map((code) => `${code} has two rows in docs/errors.md`),
  ]
  console.log(
    `${known.size} codes, ${new Set(documented).size} documented, ${ERROR_CODES.filter((code) => used.has(code)).length} thrown`,
  )
  for (const problem of problems) console.error(problem)
  process.exitCode = problems.length > 0 ? 1 : 0
}

if (import.meta.main) main()

/**
 * Line coverage by folder, against a floor: `tap report json-summary && node scripts/coverage.ts`, after a whole test run.
 * A file that no test ever loaded is not in tap's report: it counts here, with no line covered.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Per cent. */
const FLOORS: Readonly<Record<string, number>> = {
  kernel: 98,
  formats: 95,
  crypto: 90,
  verify: 90,
  'verify-node': 80,
  files: 90,
  log: 90,
  dialects: 90,
  witness: 95,
  storage: 85,
  http: 80,
  config: 90,
  trust: 90,
  cli: 70,
}

const ROOT = new URL('../', import.meta.url).pathname
const REPORT = '.tap/report/coverage-summary.json'

interface Lines {
  readonly total: number
  readonly covered: number
}

type Summary = Readonly<Record<string, { readonly lines: Lines }>>

/** Null for a file of types, which has nothing to cover. */
export function neverLoaded(text: string): Lines | null {
  const hasCode = /^(?:export )?(?:default )?(?:async )?(?:const|let|function|class)\b/m.test(text)
  return hasCode ? { total: text.split('\n').length - 1, covered: 0 } : null
}

function linesOf(path: string, summary: Summary): Lines | null {
  return summary[join(ROOT, 'src', path)]?.lines ?? neverLoaded(readFileSync(join(ROOT, 'src', path), 'utf8'))
}

function percent(files: readonly Lines[]): number {
  const total = files.reduce((sum, lines) => sum + lines.total, 0)
  return total === 0 ? 100 : (100 * files.reduce((sum, lines) => sum + lines.covered, 0)) / total
}

function main(): void {
  if (!existsSync(join(ROOT, REPORT))) {
    console.error(`${REPORT} is missing: run tap, then tap report json-summary`)
    process.exitCode = 1
    return
  }
  const summary = JSON.parse(readFileSync(join(ROOT, REPORT), 'utf8')) as Summary
  const paths = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.ts'),
  )
  for (const [folder, floor] of Object.entries(FLOORS)) {
    const inside = paths.filter((path) => path.startsWith(`${folder}/`))
    const files = inside.map((path) => ({ path, lines: linesOf(path, summary) }))
    const found = percent(files.flatMap(({ lines }) => lines ?? []))
    console.log(`${folder.padEnd(10)} ${found.toFixed(1).padStart(5)} %  (at least ${floor} %)`)
    if (found >= floor) continue
    process.exitCode = 1
    console.error(`${folder} is covered too little; its files below the floor:`)
    for (const { path, lines } of files)
      if (lines !== null && percent([lines]) < floor)
        console.error(`  ${percent([lines]).toFixed(1).padStart(5)} %  ${path}`)
  }
}

if (import.meta.main) main()

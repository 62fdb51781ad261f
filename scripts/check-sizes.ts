/**
 * No file of src/ above 300 lines, no function above 50: `node scripts/check-sizes.ts`. Prints the longest.
 * Reads functions off the indentation that Biome gives them: one ends at the first line that closes its own indentation.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const FILE_LINES = 300
const FUNCTION_LINES = 50
const SHOWN = 5

interface Length {
  readonly name: string
  readonly lines: number
}

const FUNCTION = /\bfunction\b|=>|^\s*(?:(?:export|async|static|get|set|override|\*)\s+)*[#\w$]+(?:<.*>)?\(/
const CONTROL = /^\s*(?:if|for|while|switch|try|do|else|return|throw|await)\b/

/** Every function whose body is a block: functions, methods, arrows; nested ones by themselves and within their outer one. */
export function functionsOf(path: string, text: string): Length[] {
  const lines = text.split('\n')
  return lines.flatMap((line, end) => {
    const indent = /^( *)\}/.exec(line)?.[1]
    if (indent === undefined) return []
    const opens = (other: string) => other.startsWith(indent) && /^[^\s)}\]]/.test(other.slice(indent.length))
    const start = lines.findLastIndex((other, at) => at < end && opens(other))
    const first = lines[start] ?? ''
    if (!FUNCTION.test(first) || CONTROL.test(first)) return []
    return [{ name: `${path}:${start + 1} ${first.trim().slice(0, 60)}`, lines: end - start + 1 }]
  })
}

function longest(lengths: readonly Length[]): Length[] {
  return lengths.toSorted((a, b) => b.lines - a.lines).slice(0, SHOWN)
}

function main(): void {
  const root = new URL('../src/', import.meta.url).pathname
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'))
  const texts = paths.map((path) => ({ path: `src/${path}`, text: readFileSync(join(root, path), 'utf8') }))
  const files = texts.map(({ path, text }) => ({ name: path, lines: text.split('\n').length - 1 }))
  const functions = texts.flatMap(({ path, text }) => functionsOf(path, text))
  for (const { name, lines } of [...longest(files), ...longest(functions)])
    console.log(`${String(lines).padStart(4)}  ${name}`)
  const tooLong = [
    ...files
      .filter(({ lines }) => lines > FILE_LINES)
      .map(({ name, lines }) => `${name}: ${lines} lines, at most ${FILE_LINES}`),
    ...functions
      .filter(({ lines }) => lines > FUNCTION_LINES)
      .map(({ name, lines }) => `${name}: ${lines} lines, at most ${FUNCTION_LINES}`),
  ]
  for (const problem of tooLong) console.error(`too long: ${problem}`)
  process.exitCode = tooLong.length > 0 ? 1 : 0
}

if (import.meta.main) main()

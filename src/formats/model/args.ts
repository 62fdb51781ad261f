/**
 * The `.args` of a llamafile: the words it is started with. A small language like the shell's (llamafile, tool/args): words
 * between white space, quotes, C escapes, comments, variables of the environment, and `...` for the user's own words.
 */

import { parseUtf8 } from '../../kernel/bytes.ts'
import { malformedAt } from './cursor.ts'
import type { FindingCode, Findings } from './finding.ts'

export const MAX_ARGS_BYTES = 2 ** 20
/** Where the user's words go. */
export const USER_WORDS = '...'

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  t: '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  e: '\x1b',
}

/**
 * The words, with what they have of variables as it is written.
 * @throws TlogError MODEL_MALFORMED for a quote without an end; UTF8_MALFORMED
 */
export function readArgs(bytes: Uint8Array): string[] {
  const text = parseUtf8(bytes)
  const nul = bytes.indexOf(0)
  if (nul >= 0) throw malformedAt(nul, 'a NUL, at which the word ends for the program')
  const words: string[] = []
  let at = 0
  while (at < text.length) {
    if (isSpace(text[at])) at++
    else if (text[at] === '#') at = lineEnd(text, at)
    else {
      const { word, end } = readWord(text, at)
      words.push(word)
      at = end
    }
  }
  return words
}

function readWord(text: string, start: number): { readonly word: string; readonly end: number } {
  let word = ''
  let quote = ''
  let at = start
  for (; at < text.length; at++) {
    const letter = text[at] as string
    if (quote === '' && isSpace(letter)) break
    if (letter === '\\') {
      const next = text[++at]
      if (next === undefined) throw malformedAt(at - 1, 'a backslash with nothing behind it')
      word += ESCAPES[next] ?? next
    } else if (letter === quote) quote = ''
    else if (quote === '' && (letter === '"' || letter === "'")) quote = letter
    else word += letter
  }
  if (quote !== '') throw malformedAt(start, `a ${quote} without its end`)
  return { word, end: at }
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end
}

function isSpace(letter: string | undefined): boolean {
  return letter !== undefined && /[ \t\n\v\f\r]/.test(letter)
}

/** Options that name a file of weights, as llama.cpp has them. */
const WEIGHTS = new Set([
  '-m',
  '--model',
  '-md',
  '--model-draft',
  '-mv',
  '--model-vocoder',
  '-mm',
  '--mmproj',
  '--lora',
  '--lora-scaled',
  '--lora-base',
  '--control-vector',
  '--control-vector-scaled',
])
/** Options that name weights to fetch: whatever is there on that day. */
const FETCHED = new Set([
  ...['-mu', '--model-url', '-hf', '-hfr', '--hf-repo', '-hff', '--hf-file', '-mmu', '--mmproj-url'],
  ...['-hfd', '-hfrd', '--hf-repo-draft', '-hfv', '-hfrv', '--hf-repo-v', '-hffv', '--hf-file-v'],
])
/** Options that open the program to others, or take its guard away. */
const OPENING = new Set(['--host', '--unsecure'])

/** Of each kind: a thousand harmless ones must not hide the one that matters. */
const TOLD = 64

/** What the words make of the file that its digest does not say. @param at of `.args` in the file */
export function checkArgs(words: readonly string[], at: number, findings: Findings): void {
  const tell = (code: FindingCode, found: readonly string[]) => {
    for (const what of found.slice(0, TOLD)) findings.add(code, at, what)
    if (found.length > TOLD) findings.add(code, at, `and ${found.length - TOLD} more`)
  }
  const given = options(words)
  const bare = given.filter(isBareWeights)
  const fetched = given.filter(({ option }) => FETCHED.has(option))
  const opening = given.filter(({ option }) => OPENING.has(option))
  const variable = words.filter((word) => word.includes('$'))
  tell(
    'WEIGHTS_SHADOWED',
    bare.map(({ option, value }) => `${option} ${value}: ${SHADOWED}`),
  )
  tell(
    'WEIGHTS_SHADOWED',
    fetched.map((one) => `${shown(one)}: fetched, and taken in place of the one inside`),
  )
  tell(
    'ARGS_OPENING',
    opening.map((one) => `${shownOpening(one)}: others may reach it, or it may reach more`),
  )
  tell(
    'ARGS_VARIABLE',
    variable.map((word) => `${word}: taken from the environment where it runs`),
  )
}

const SHADOWED = 'a file of that name beside it is taken in place of the one inside'

function shownOpening(one: Option): string {
  return one.option === '--host' ? shown(one) : one.option
}

function shown({ option, value }: Option): string {
  return value === undefined ? option : `${option} ${value}`
}

/** Weights that come from elsewhere, whatever lies beside it. */
export function fetchedWeights(words: readonly string[]): string[] {
  return options(words)
    .filter(({ option }) => FETCHED.has(option))
    .map(shown)
}

/** The names of weights that are looked for on the disk before they are inside. */
export function bareWeights(words: readonly string[]): string[] {
  return options(words)
    .filter(isBareWeights)
    .map(({ value }) => value)
}

/** Names of members that are loaded as weights, whatever they are called. */
export function insideWeights(words: readonly string[]): string[] {
  return options(words).flatMap(({ option, value }) =>
    WEIGHTS.has(option) && value !== undefined && isInside(value) ? [value.slice(INSIDE.length)] : [],
  )
}

const INSIDE = '/zip/'

interface Option {
  readonly option: string
  readonly value: string | undefined
}

/** Each word as if it were an option: `--model=NAME`, or NAME as the next word. In long ones `_` is `-`, to llama.cpp. */
function options(words: readonly string[]): Option[] {
  return words.map((word, i) => {
    const equals = word.indexOf('=')
    const [option, value] = equals < 0 ? [word, words[i + 1]] : [word.slice(0, equals), word.slice(equals + 1)]
    return { option: option.startsWith('--') ? option.replaceAll('_', '-') : option, value }
  })
}

function isBareWeights(one: Option): one is Option & { readonly value: string } {
  const { option, value } = one
  return WEIGHTS.has(option) && value !== undefined && !isInside(value) && value !== USER_WORDS
}

/** What `..` leads to is for each reader to say. */
function isInside(path: string): boolean {
  return path.startsWith(INSIDE) && !path.split('/').includes('..')
}

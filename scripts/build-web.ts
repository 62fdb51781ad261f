/**
 * The verifier for browsers, into dist/web/: `node scripts/build-web.ts`. Prints the sizes and fails above a budget.
 *
 *   verify.html   the page, one file
 *   verify.js     the whole verifier as a module
 *   proofs.js     keys, notes, proofs and streaming digests alone
 */

import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type BuildOptions, build, type Metafile } from 'esbuild'

const ROOT = new URL('../', import.meta.url).pathname
const PAGE = join(ROOT, 'src/web/page')

/** Bytes of gzip, each file by itself, of what a page loads before anything is asked of it. */
export const BUDGETS = { 'proofs.js': 25_000, 'verify.js': 38_000 } as const

type Entry = keyof typeof BUDGETS

export interface Built {
  /** Bytes of gzip by entry: with all that it imports at once, without what it loads later. */
  readonly sizes: Readonly<Record<Entry, number>>
  readonly html: string
}

const COMMON = {
  absWorkingDir: ROOT,
  bundle: true,
  minify: true,
  write: false,
  platform: 'browser',
  target: 'es2023',
  metafile: true,
  logLevel: 'warning',
} as const satisfies BuildOptions

/** The same bytes every time: nothing of the machine or the moment is in them. */
export async function buildWeb(out: string): Promise<Built> {
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out, { recursive: true })
  const html = await page()
  writeFileSync(join(out, 'verify.html'), html)
  return { sizes: await library(out), html }
}

async function library(out: string): Promise<Built['sizes']> {
  const { outputFiles, metafile } = await build({
    ...COMMON,
    entryPoints: ['src/web/browser/verify.ts', 'src/web/browser/proofs.ts'],
    format: 'esm',
    splitting: true,
    outdir: out,
  })
  const zipped = new Map(
    outputFiles.map(({ path, contents }) => [basename(path), gzipSync(contents, { level: 9 }).length]),
  )
  for (const { path, contents } of outputFiles) writeFileSync(path, contents)
  const size = (entry: Entry) =>
    [...loadedAtOnce(entry, metafile)].reduce((sum, name) => sum + (zipped.get(name) ?? 0), 0)
  return { 'proofs.js': size('proofs.js'), 'verify.js': size('verify.js') }
}

/** The file and what it imports statically, by name. */
function loadedAtOnce(entry: string, { outputs }: Metafile): Set<string> {
  const imports = new Map(Object.entries(outputs).map(([path, output]) => [basename(path), output.imports]))
  const found = new Set<string>()
  const add = (name: string) => {
    found.add(name)
    for (const { kind, path } of imports.get(name) ?? []) if (kind === 'import-statement') add(basename(path))
  }
  add(entry)
  return found
}

async function page(): Promise<string> {
  const main = await script('main.ts')
  const style = await bundled('page.css')
  const csp = [
    "default-src 'none'",
    `script-src ${hashSource(main)} 'wasm-unsafe-eval'`, // for SHA-256; it allows no JavaScript
    `style-src ${hashSource(style)}`,
    'worker-src blob:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  const parts: Readonly<Record<string, string>> = {
    csp,
    style,
    main,
    'hash-worker': await script('hash-worker.ts'),
    'ml-dsa-worker': await script('ml-dsa-worker.ts'),
  }
  const template = readFileSync(join(PAGE, 'page.html'), 'utf8')
  const places = Object.keys(parts).filter((name) => template.includes(`/* ${name} */`))
  if (places.length !== Object.keys(parts).length) throw new Error(`page.html has places for ${places} alone`)
  return template.replaceAll(/\/\* ([\w-]+) \*\//g, (whole, name: string) => parts[name] ?? whole)
}

/** @throws Error for text that would end its element early */
async function script(name: string): Promise<string> {
  const text = await bundled(name)
  if (/<\/script|<!--/i.test(text)) throw new Error(`${name} cannot stand in a page`)
  return text
}

async function bundled(name: string): Promise<string> {
  const { outputFiles } = await build({ ...COMMON, entryPoints: [join(PAGE, name)], format: 'iife' })
  return outputFiles[0]?.text ?? ''
}

function hashSource(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}

async function main(): Promise<void> {
  const { sizes, html } = await buildWeb(join(ROOT, 'dist/web'))
  for (const name of Object.keys(BUDGETS) as Entry[]) {
    console.log(`${name.padEnd(12)} ${sizes[name]} bytes of gzip, at most ${BUDGETS[name]}`)
    if (sizes[name] > BUDGETS[name]) process.exitCode = 1
  }
  console.log(`verify.html  ${html.length} bytes, SHA-256 ${createHash('sha256').update(html).digest('hex')}`)
  if (process.exitCode === 1) console.error('too large')
}

if (import.meta.main) await main()

/**
 * The environment of our programs when a test starts them. What V8 compiled the last time is kept, which halves a start;
 * tap's own module, which counts coverage and doubles it, stays out: the floors are held by what runs in the tests' process.
 */

import { fileURLToPath } from 'node:url'

const { NODE_OPTIONS = '', ...rest } = process.env

export const CHILD_ENV: NodeJS.ProcessEnv = {
  NODE_COMPILE_CACHE: fileURLToPath(new URL('../node_modules/.cache/compiled', import.meta.url)),
  ...rest,
  NODE_OPTIONS: NODE_OPTIONS.replace(/"?--import=[^" ]*\/@tapjs\/processinfo\/[^" ]*"?/g, ''),
}

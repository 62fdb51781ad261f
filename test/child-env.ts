/**
 * The environment of our programs when a test starts them. What V8 compiled the last time is kept, which halves a start;
 * tap counts no coverage in them: the floors are held by what runs in the tests' own process.
 */

import { fileURLToPath } from 'node:url'

export const CHILD_ENV: NodeJS.ProcessEnv = {
  NODE_COMPILE_CACHE: fileURLToPath(new URL('../node_modules/.cache/compiled', import.meta.url)),
  ...process.env,
  _TAPJS_PROCESSINFO_COVERAGE_: '0',
}

/** Commands run inside the test's process, with a world of its own. */

import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../../src/cli/run.ts'
import type { World } from '../../src/cli/world.ts'
import { unixMillis } from '../../src/kernel/brand.ts'

/** Anything with tap's teardown. */
export interface Scope {
  teardown(end: () => unknown): void
}

export interface TestWorld extends World {
  readonly printed: () => string
  readonly warned: () => string
  /** As SIGTERM would. */
  readonly stop: () => void
  /** As SIGHUP would. */
  readonly hangUp: () => void
}

export interface Outcome {
  readonly code: number
  readonly printed: string
  readonly warned: string
}

export function scratch(scope: Scope): string {
  const folder = mkdtempSync(join(tmpdir(), 'colophon-test-'))
  scope.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A data directory with one log, unless a test asks for more. */
const ENV = { COLOPHON_DIALECTS: 'rekor-v2' }

/** @param env passed on to the command; nothing of the real environment is. */
export function testWorld(env: World['env'] = {}, terminal = false, input: Uint8Array = new Uint8Array()): TestWorld {
  const [out, err]: [string[], string[]] = [[], []]
  const stopped = Promise.withResolvers<string>()
  const listeners = new Set<() => void>()
  return {
    env: { ...ENV, ...env },
    clock: {
      now: () => unixMillis(Date.now()),
      after(ms, call) {
        const timer = setTimeout(call, ms)
        return () => clearTimeout(timer)
      },
    },
    print: (text) => void out.push(text),
    warn: (text) => void err.push(text),
    terminal,
    progress: () => undefined,
    stopped: () => stopped.promise,
    onStep: () => undefined,
    onHangup(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    random: randomBytes,
    async *input() {
      yield input
    },
    hangUp: () => {
      for (const listener of listeners) listener()
    },
    printed: () => out.join(''),
    warned: () => err.join('\n'),
    stop: () => stopped.resolve('the test'),
  }
}

/** Runs a command that ends by itself; with `stop`, one that would run on is asked to end as soon as it can. */
export async function command(argv: readonly string[], env: World['env'] = {}, stop?: 'at once'): Promise<Outcome> {
  const world = testWorld(env)
  if (stop !== undefined) world.stop()
  const code = await run(argv, world)
  return { code, printed: world.printed(), warned: world.warned() }
}

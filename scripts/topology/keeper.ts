/** A process that ends with us, whatever ends us. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'

export interface Kept {
  /** The exit code; 128 and the signal's number where a signal ended it. */
  readonly ended: Promise<number>
  isRunning(): boolean
  signal(name: 'TERM' | 'KILL' | 'INT'): void
}

export interface KeepOptions {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  readonly owner?: { readonly uid?: number; readonly gid?: number }
  readonly onLine: (line: string) => void
}

/** Each line that it reads is a signal to send; at the end of its input, when we are gone, the last one. */
const KEEPER = `exec 3<&0
"$@" 3<&- &
child=$!
{ while read -r name; do kill -s "$name" $child; done; kill -s TERM $child; } <&3 2>/dev/null >&2 &
wait $child`

export function keep(command: readonly string[], { cwd, env, owner = {}, onLine }: KeepOptions): Kept {
  // A group of its own: Ctrl-C is for us, who end them in order.
  const child = spawn('/bin/sh', ['-c', KEEPER, 'sh', ...command], { ...owner, cwd, env, detached: true })
  let running = true
  child.stdin.on('error', () => undefined) // it ended first
  const ended = once(child, 'exit').then(([code, signal]) => {
    running = false
    child.stdin.end()
    return (code as number | null) ?? (signal === null ? 1 : 128)
  })
  for (const stream of [child.stdout, child.stderr]) lines(stream, onLine)
  return { ended, isRunning: () => running, signal: (name) => void child.stdin.write(`${name}\n`) }
}

function lines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('data', (text: string) => {
    const whole = (rest + text).split('\n')
    rest = whole.pop() ?? ''
    whole.forEach(onLine)
  })
}

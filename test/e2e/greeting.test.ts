/** What `serve` prints on a terminal is copied into a shell, word for word, and signs and verifies a file. */

import { spawn } from 'node:child_process'
import { readFile, symlink, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { client, type Finished, freePort, MAIN, PROGRAM_ENV, ROOT, run, type Scope, scratch } from './support.ts'

t.setTimeout(10 * 60_000)

const START_MS = 20_000

/** What a person reads: script(1) is the terminal. */
async function greetingOf(scope: Scope): Promise<string> {
  const folder = await scratch(scope)
  const listen = `127.0.0.1:${await freePort()}`
  const command = [process.execPath, MAIN, 'serve', '--listen', listen, '--data', join(folder, 'data')].join(' ')
  const child = spawn('script', ['-qfec', `exec ${command}`, '/dev/null'], {
    cwd: ROOT,
    env: PROGRAM_ENV,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  scope.teardown(() => child.kill('SIGTERM'))
  let shown = ''
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk.toString().replaceAll('\r\n', '\n')
  })
  const deadline = Date.now() + START_MS
  while (!shown.includes('Ctrl-C')) {
    if (Date.now() > deadline) throw new Error(`no greeting: ${shown}`)
    await sleep(50)
  }
  return shown
}

/** From the line after `first` up to an empty line. */
function commandsAfter(first: string, greeting: string): string {
  const [, commands] = greeting.split(`${first}\n\n`)
  if (commands === undefined) throw new Error(`the greeting does not say: ${first}`)
  return commands.slice(0, commands.indexOf('\n\n') + 1)
}

const greeting = await greetingOf(t)
const desk = await scratch(t)
await symlink(join(await client('sigstore-js'), 'node_modules'), join(desk, 'node_modules'))
const programs = [dirname(await client('cosign')), dirname(process.execPath)]

function shell(commands: string): Promise<Finished> {
  const env = { PATH: [...programs, process.env.PATH].join(delimiter), HOME: desk, COSIGN_PASSWORD: '' }
  return run('bash', ['-euo', 'pipefail', '-c', commands], { cwd: desk, env })
}

async function refusesChange(t: Test, verify: string): Promise<void> {
  const before = await readFile(join(desk, 'hello.txt'))
  await writeFile(join(desk, 'hello.txt'), 'hellp\n')
  t.not((await shell(verify)).code, 0, 'another file fails')
  await writeFile(join(desk, 'hello.txt'), before)
}

t.test('cosign', async (t) => {
  const commands = commandsAfter('Sign and verify a file with cosign:', greeting)
  t.match(await shell(commands), { code: 0, stderr: /Verified OK/ })
  await refusesChange(t, commands.trimEnd().split('\n').at(-1) ?? '')
})

t.test('sigstore-js', async (t) => {
  const commands = commandsAfter('The same file with sigstore-js:', greeting)
  const [install = '', ...program] = commands.split('\n')
  t.match(await shell(program.join('\n')), { code: 0, stdout: /^verified: entry 1$/m })
  const { dependencies } = JSON.parse(await readFile(join(ROOT, 'test/e2e/npm/sigstore-js/package.json'), 'utf8'))
  for (const [, name = '', version = ''] of install.matchAll(/(@sigstore\/[a-z-]+)@(\S+)/g))
    t.ok(`${dependencies[name]}.`.startsWith(`${version}.`), `${name} ${version} is what the tests have`)
  const late = program.join('\n').replace('new Verifier', 'data[0] ^= 1\nnew Verifier')
  t.match(await shell(late), { code: 1, stderr: /SIGNATURE_ERROR/ }, 'another file fails')
})

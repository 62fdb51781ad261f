import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { lockDataDirectory } from '../../src/storage/lock.ts'

/** Another process that holds the directory until it is killed. */
async function holder(t: Test, dir: string): Promise<ChildProcess> {
  const lock = new URL('../../src/storage/lock.ts', import.meta.url).href
  const script = `import { lockDataDirectory } from '${lock}'
    lockDataDirectory(process.argv[1]); console.log('held'); globalThis.gc(); setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', script, dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  await once(createInterface(child.stdout), 'line')
  return child
}

t.test('one holder in a process, again after release', (t) => {
  const dir = t.testdir({})
  const lock = lockDataDirectory(dir)
  t.throws(() => lockDataDirectory(dir), {
    code: 'STORE_LOCKED',
    message: new RegExp(`${dir}.*process ${process.pid}`),
  })
  lock.release()
  lockDataDirectory(dir).release()
  t.end()
})

t.test('another process, named; its death by kill -9 releases', async (t) => {
  const dir = t.testdir({})
  const child = await holder(t, dir)
  t.throws(() => lockDataDirectory(dir), { code: 'STORE_LOCKED', message: new RegExp(`process ${child.pid}:`) })
  t.throws(() => lockDataDirectory(dir), { code: 'STORE_LOCKED' }, 'a try does not take it away')
  child.kill('SIGKILL')
  await once(child, 'exit')
  lockDataDirectory(dir).release()
})

t.test('no directory', (t) => {
  t.throws(() => lockDataDirectory(`${t.testdir({})}/none`), { code: 'STORE_MISSING' })
  t.end()
})

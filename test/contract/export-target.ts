/** What every place for static copies must do: a directory, a bucket, whichever store holds it. */

import t, { type Test } from 'tap'
import { equal, utf8 } from '../../src/kernel/bytes.ts'
import { exportLog, type OpenedTarget, Sweep } from '../../src/log/export.ts'
import { facts, grow, memoryTarget } from '../log/export-support.ts'
import { createWorld, ORIGIN, type World } from '../log/support.ts'

export interface TargetPlace {
  /** As a new process would. */
  open(): Promise<OpenedTarget>
  /** Everything that is there, by its path, without what the target has for itself. */
  contents(): Promise<ReadonlyMap<string, Uint8Array>>
}

export function copyOf(world: World, target: OpenedTarget): Promise<number> {
  const { store, signer } = world
  const parts = { origin: ORIGIN, reader: store, open: signer.open, facts, target, sweep: new Sweep() }
  return exportLog({ ...parts, rest: async () => undefined, onProgress: () => undefined })
}

/** @param sizes of the log, one export each */
export function exportTargetContract(
  name: string,
  place: (t: Test) => Promise<TargetPlace>,
  sizes: readonly number[] = [1, 255, 256, 257, 600],
): void {
  t.test(`${name}: files come whole, stay as they are, and are read back`, async (t) => {
    const target = await (await place(t)).open()
    const paths = Array.from({ length: 40 }, (_, i) => `tile/0/x00${i % 3}/${String(i).padStart(3, '0')}.p/7`)
    for (const path of paths) await target.add(path, utf8(path))
    await target.flush()
    for (const path of paths) t.same(await target.read(path, 99), utf8(path))
    await target.add('tile/0/x000/000.p/7', utf8('tile/0/x000/000.p/7'))
    await target.flush()
    for (const other of ['else', 'a'.repeat(2_000_000)]) {
      await target.add('tile/0/x000/000.p/7', utf8(other))
      await t.rejects(target.flush(), { code: 'COPY_REFUSED', message: /tile\/0\/x000\/000\.p\/7/ })
    }
    t.same(await target.read('tile/0/x000/000.p/7', 99), utf8('tile/0/x000/000.p/7'), 'never written over')
    t.equal(await target.read('nothing', 9), null)
    await t.rejects(target.read(paths[1] ?? '', 2), { code: 'COPY_REFUSED' }, 'above the bound')
    await target.close()
  })

  t.test(`${name}: a file that is taken away`, async (t) => {
    const { open, contents } = await place(t)
    const target = await open()
    await target.add('attachments/one', utf8('one'))
    await target.flush()
    await target.remove('attachments/one')
    await target.remove('attachments/one')
    await target.close()
    t.same(await contents(), new Map())
  })

  t.test(`${name}: a file that is replaced`, async (t) => {
    const { open, contents } = await place(t)
    const target = await open()
    t.equal(await target.read('checkpoint', 9), null)
    await target.replace('checkpoint', utf8('one'))
    t.same(await target.read('checkpoint', 9), utf8('one'))
    await target.replace('checkpoint', utf8('two'))
    t.same(await target.read('checkpoint', 3), utf8('two'))
    await target.close()
    const later = await open()
    t.same(await later.read('checkpoint', 3), utf8('two'))
    await later.replace('checkpoint', utf8('three'))
    await later.close()
    t.same(await contents(), new Map([['checkpoint', utf8('three')]]))
  })

  t.test(`${name}: a file that is taken away`, async (t) => {
    const { open, contents } = await place(t)
    const target = await open()
    for (const path of ['attachments/a', 'attachments/b']) await target.add(path, utf8(path))
    await target.flush()
    await target.remove('attachments/a')
    await target.remove('attachments/a')
    t.equal(await target.read('attachments/a', 99), null)
    await target.close()
    t.same([...(await contents()).keys()], ['attachments/b'])
  })

  t.test(`${name}: partial versions go, and nothing else`, async (t) => {
    const { open, contents } = await place(t)
    const target = await open()
    const [full, left] = [
      ['tile/0/000.p/1', 'tile/0/000.p/255'],
      ['tile/0/000', 'tile/0/001.p/1', 'tile/1/000.p/1'],
    ]
    for (const path of [...full, ...left]) await target.add(path, utf8(path))
    await target.flush()
    await target.removePartials('tile/0/000')
    await target.removePartials('tile/0/002')
    await target.replace('checkpoint', utf8('one'))
    await target.close()
    t.same([...(await contents()).keys()].sort(), ['checkpoint', ...left])
  })

  t.test(`${name}: a log that grows`, async (t) => {
    const { open, contents } = await place(t)
    const [world, expected] = [createWorld(), memoryTarget()]
    let before = 0
    for (const size of sizes) {
      await grow(world, before, size)
      before = size
      await copyOf(world, { ...expected, close: async () => undefined })
      const target = await open()
      t.equal(await copyOf(world, target), size)
      t.equal(await copyOf(world, target), size, 'again')
      await target.close()
      const found = await contents()
      t.same([...found.keys()].sort(), [...expected.files.keys()].sort(), `${size}: all that there should be`)
      for (const [path, bytes] of expected.files)
        if (!equal(found.get(path) ?? new Uint8Array(), bytes)) t.fail(`${size}: ${path} differs`)
    }
  })
}

import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { contains, overlap } from '../../src/config/overlap.ts'

t.test('one within the other, whatever links lead there', async (t) => {
  const dir = t.testdir({})
  mkdirSync(join(dir, 'data'))
  symlinkSync(join(dir, 'data'), join(dir, 'link'))
  const cases: readonly [string, string, boolean][] = [
    ['data', 'data', true],
    ['data', 'data/keys', true],
    ['data', 'link', true],
    ['data', 'link/not/there/yet', true],
    ['data', 'data2', false],
    ['data', '..data', false],
    ['none', 'none/below', true],
    ['none', 'nonesuch', false],
  ]
  for (const [one, other, same] of cases) {
    t.equal(overlap(join(dir, one), join(dir, other)), same, `${one} ${other}`)
    t.equal(overlap(join(dir, other), join(dir, one)), same, `${other} ${one}`)
  }
  t.notOk(contains(join(dir, 'data/keys'), join(dir, 'data')), 'contains has a direction')
})

/** The bundle and what is kept until it is there go into no file that somebody else laid out. */

import { lstatSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { attemptsAt, pendingOf, writeBundle } from '../../../src/cli/sign/output.ts'
import { utf8 } from '../../../src/kernel/bytes.ts'
import { scratch } from '../support.ts'

const folder = scratch(t)
const at = (name: string) => join(folder, name)
writeFileSync(at('precious'), 'precious')

t.test('an attempt is kept, kept anew, and cleared', async (t) => {
  const attempts = attemptsAt(at('plain'))
  t.equal(attempts.load(), null)
  for (const text of ['first', 'second']) {
    attempts.save(utf8(text))
    t.equal(Buffer.from(attempts.load() ?? []).toString(), text)
  }
  attempts.clear()
  t.equal(attempts.load(), null)
})

t.test('a link in its place leads nowhere', async (t) => {
  symlinkSync(at('precious'), pendingOf(at('linked')))
  attemptsAt(at('linked')).save(utf8('attempt'))
  t.ok(lstatSync(pendingOf(at('linked'))).isFile())
  symlinkSync(at('nowhere'), at('bundle'))
  t.throws(() => writeBundle(at('bundle'), 'bundle'), { code: 'EEXIST' })
  t.throws(() => readFileSync(at('nowhere')), { code: 'ENOENT' })
  t.equal(readFileSync(at('precious'), 'utf8'), 'precious')
})

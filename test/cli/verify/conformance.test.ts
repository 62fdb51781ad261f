/** Every folder of the Sigstore conformance suite through the command, by file and by digest. */

import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { CASE_NAMES } from '../../verify/conformance.ts'
import { command } from '../support.ts'
import { conformanceFlags } from './conformance-flags.ts'

/** Their trusted root or key is no good, which is the fault of whoever names it: wrong use. */
const MISUSED = ['managed-key-wrong-key_fail', 'trust-root-tlog-missing-validity-start_fail']

function expected(name: string): number {
  if (MISUSED.includes(name)) return 2
  return name.endsWith('_fail') ? 1 : 0
}

for (const way of ['file', 'digest'])
  t.test(`by ${way}`, async (t) => {
    for (const name of CASE_NAMES) {
      const { artifact, flags } = conformanceFlags(name)
      const subject = way === 'file' ? artifact : `sha256:${hash('sha256', readFileSync(artifact), 'hex')}`
      const { code, printed } = await command(['verify', subject, ...flags])
      t.equal(code, expected(name), name)
      t.match(printed, [/^VERIFIED: /, /^NOT VERIFIED: /, /^$/][code], name)
    }
  })

/** Every parser that is given bytes by a stranger. */

import type { Target } from './oracle.ts'
import { C2SP } from './targets-c2sp.ts'
import { CUSTODY } from './targets-custody.ts'
import { MODELS } from './targets-models.ts'
import { PKI } from './targets-pki.ts'
import { SIGSTORE } from './targets-sigstore.ts'
import { TOOLS } from './targets-tools.ts'

export const TARGETS: readonly Target[] = [...C2SP, ...SIGSTORE, ...PKI, ...TOOLS, ...MODELS, ...CUSTODY]

export function targetOf(name: string): Target {
  const target = TARGETS.find((one) => one.name === name)
  if (target === undefined) throw new Error(`no target ${name}; there are ${TARGETS.map((one) => one.name).join(', ')}`)
  return target
}

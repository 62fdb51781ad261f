/** All that Node can check. The library for certificates is loaded when the first one is. */

import type { Abilities, VerifyPath } from '../verify/ports.ts'
import { verifyMlDsa44 } from './ml-dsa.ts'

const load = () => import('./certificates.ts')

export const nodeAbilities: Abilities = {
  mlDsa44: verifyMlDsa44,
  certificates: {
    async openTimestamp(response, signature, authorities) {
      return (await load()).certificateChecks.openTimestamp(response, signature, authorities)
    },
    async verifyCertificate(leaf, times, root) {
      return (await load()).certificateChecks.verifyCertificate(leaf, times, root)
    },
  },
}

export const verifyPath: VerifyPath = async (path, time) => (await import('./path.ts')).verifyPath(path, time)

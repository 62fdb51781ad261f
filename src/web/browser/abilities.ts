/** What a browser can check besides keys: no certificates and no timestamps. */

import type { Abilities } from '../../verify/ports.ts'

export const webAbilities: Abilities = {
  async mlDsa44(publicKey, message, signature) {
    const { verifyMlDsa44 } = await import('./ml-dsa.ts')
    return verifyMlDsa44(publicKey, message, signature)
  },
  certificates: null,
}

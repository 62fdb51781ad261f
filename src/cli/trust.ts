/** `colophon trust`: what clients are to trust, as files. Each action is a file in trust/. */

import { TlogError } from '../kernel/error.ts'
import { CREATE_USAGE, createTrustFiles } from './trust/create.ts'
import { ROTATE_USAGE, rotateTufKey } from './trust/rotate.ts'
import type { Command, ExitCode } from './world.ts'

export const trust: Command = {
  name: 'trust',
  usage: `${CREATE_USAGE}

${ROTATE_USAGE}`,

  async run([action, ...argv], world): Promise<ExitCode> {
    if (action === 'create') return await createTrustFiles(argv, world)
    if (action === 'rotate') return await rotateTufKey(argv, world)
    throw new TlogError('CONFIG_INVALID', 'trust takes `create` or `rotate`')
  },
}

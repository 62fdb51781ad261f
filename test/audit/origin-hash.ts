/** By which witnesses name a log (c2sp.org/tlog-witness). */

import { createHash } from 'node:crypto'

export const originHash = (origin: string): string => createHash('sha256').update(origin).digest('hex')

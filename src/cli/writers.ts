/** The tokens of --write-tokens in a running server: read at the start, and again when the process is told to. */

import type { Logger } from 'pino'
import { readTokens, type ServeConfig } from '../config.ts'
import type { Writers } from '../http/auth.ts'
import type { World } from './world.ts'

export interface WatchedWriters {
  /** Null: everybody may write. */
  readonly writers: Writers | null
  stop(): void
}

export function watchWriters({ writeTokens }: ServeConfig, logger: Logger, world: World): WatchedWriters {
  if (writeTokens === null) return { writers: null, stop: () => undefined }
  const { path, tokens } = writeTokens
  const writers: Writers = { tokens }
  const reload = () => {
    try {
      writers.tokens = readTokens(path).tokens
      logger.info({ tokens: writers.tokens.length }, 'tokens read again')
    } catch (error) {
      logger.error({ reason: (error as Error).message }, 'tokens not read: the ones from before stay good')
    }
  }
  return { writers, stop: world.onHangup(reload) }
}

/** A server in step with the other nodes that share its logs: what they make and end is made and ended here too. */

import type { Logger } from 'pino'
import { TlogError } from '../kernel/error.ts'
import type { Clock } from '../log/ports.ts'
import { FOLLOW_MS, type ServedLifecycle } from './lifecycle.ts'

/** Until what it returns is called, which resolves when nothing is under way any more. */
export function followNodes(
  lifecycle: Pick<ServedLifecycle, 'follow'>,
  logger: Pick<Logger, 'warn' | 'error'>,
  { after }: Pick<Clock, 'after'>,
): () => Promise<void> {
  let isOver = false
  let cancel = () => {}
  let round = Promise.resolve()
  let heard = ''
  const complain = (error: unknown) => {
    const { message } = error as Error
    const level = error instanceof TlogError ? 'warn' : 'error'
    if (message !== heard) logger[level]({ err: error }, 'what another node did is not followed yet; it is tried again')
    heard = message
  }
  const once = async () => {
    await lifecycle.follow().then(() => (heard = ''), complain)
    if (!isOver) again()
  }
  const again = () => {
    cancel = after(FOLLOW_MS, () => {
      round = once()
    })
  }
  again()
  return async () => {
    isOver = true
    cancel()
    await round
  }
}

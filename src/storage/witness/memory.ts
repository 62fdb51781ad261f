/** The witness's memory without a disk. For tests; nothing of it outlives the process. */

import type { ListedLog } from '../../formats/c2sp/log-list.ts'
import { hash } from '../../kernel/brand.ts'
import { hex } from '../../kernel/bytes.ts'
import { logIdOf } from '../../witness/log-id.ts'
import type { CosignedHead, WitnessStore } from '../../witness/ports.ts'
import { checkExpected, checkForward } from './forward.ts'

export function memoryWitnessStore(): WitnessStore {
  const heads = new Map<string, { readonly origin: string; readonly head: CosignedHead }>()
  const listed: ListedLog[] = []
  return {
    head: async (logId) => heads.get(hex(logId))?.head ?? null,
    heads: async () => [...heads.values()].map(({ origin, head: { size, time } }) => ({ origin, size, time })),
    async advance(origin, expected, next) {
      const key = hex(logIdOf(origin))
      const stored = heads.get(key)?.head ?? null
      checkExpected(origin, expected, stored)
      checkForward(origin, stored, next)
      heads.set(key, { origin, head: { ...next, root: hash(next.root.slice()), note: next.note.slice() } })
    },
    listed: async () => [...listed],
    async addListed(logs) {
      for (const log of logs) if (!listed.some(({ origin }) => origin === log.origin)) listed.push(log)
    },
    close: () => undefined,
  }
}

/** The logs that a witness cosigns: the operator's own choice, and what lists add to it. */

import type { ListedLog } from '../formats/c2sp/log-list.ts'
import { KEY_TYPE, type Vkey } from '../formats/c2sp/vkey.ts'
import { treeKeyName } from '../formats/sigstore/tree-id.ts'
import { equal } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import type { Rate } from './limits.ts'

export interface KnownLog {
  readonly origin: string
  /** Any of them may have signed; each of their lines must be good. */
  readonly keys: readonly Vkey[]
  readonly rate: Rate
}

export interface Learned {
  readonly added: readonly ListedLog[]
  /** What the list would have changed and did not, in words. */
  readonly refused: readonly string[]
}

const HOURS = 24

export class KnownLogs {
  readonly #logs = new Map<string, KnownLog>()
  readonly #own: string

  /**
   * @param own the witness's name
   * @param chosen the operator's keys; those of one name are of one log, whose origin it is
   * @throws TlogError VKEY_MALFORMED for a key that no log signs with, or that bears the witness's own name.
   */
  constructor(own: string, chosen: readonly Vkey[], rate: Rate) {
    this.#own = own
    for (const vkey of chosen) {
      if (vkey.type === KEY_TYPE.cosignature)
        throw new TlogError('VKEY_MALFORMED', `${vkey.name}: the key of a witness, not of a log`)
      if (vkey.name === own) throw new TlogError('VKEY_MALFORMED', `${vkey.name}: a log with the witness's own name`)
      const keys = this.#logs.get(vkey.name)?.keys ?? []
      if (keys.some(({ keyId }) => keyId === vkey.keyId))
        throw new TlogError('VKEY_MALFORMED', `${vkey.name}: the same key twice`)
      this.#logs.set(vkey.name, { origin: vkey.name, keys: [...keys, vkey], rate })
    }
  }

  /** A tree of Rekor v1, of origin `HOST - TREE`, has keys named `HOST/TREE`, as names have no spaces. */
  find(origin: string): KnownLog | undefined {
    const known = this.#logs.get(origin)
    if (known !== undefined) return known
    const named = this.#logs.get(treeKeyName(origin) ?? '')
    return named === undefined ? undefined : { ...named, origin }
  }

  get count(): number {
    return this.#logs.size
  }

  /** Those that learn() would add. */
  unknown(logs: readonly ListedLog[]): readonly ListedLog[] {
    return logs.filter((log) => !this.#isOwn(log) && this.find(log.origin) === undefined)
  }

  /** Adds the logs whose origins are new. Whoever keeps the list can neither remove a log nor change its key. */
  learn(logs: readonly ListedLog[]): Learned {
    const added: ListedLog[] = []
    const refused: string[] = []
    for (const log of logs) {
      const known = this.find(log.origin) // also a tree that is known by the name of its key
      if (this.#isOwn(log)) refused.push(`${log.origin}: a log with the witness's own name`)
      else if (known === undefined) {
        this.#logs.set(log.origin, { origin: log.origin, keys: [log.vkey], rate: rateOf(log.perDay) })
        added.push(log)
      } else if (!known.keys.some((key) => isSame(key, log.vkey)))
        refused.push(`${log.origin}: listed with another key than the one it is known by, which stays`)
    }
    return { added, refused }
  }

  #isOwn({ origin, vkey }: ListedLog): boolean {
    return origin === this.#own || vkey.name === this.#own
  }
}

/** An hour's worth at once. */
function rateOf(perDay: number): Rate {
  return { perDay, burst: Math.max(1, Math.ceil(perDay / HOURS)) }
}

function isSame(a: Vkey, b: Vkey): boolean {
  return a.name === b.name && a.type === b.type && equal(a.publicKey, b.publicKey)
}

/**
 * Ratchets in an object store, one small object each, swapped for the very one that was read (If-Match). A store that does
 * not keep conditions is refused: it could not tell two servers with one key apart.
 */

import { isDeepStrictEqual } from 'node:util'
import { hex } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import type { Mark } from '../../log/ports.ts'
import { checkForward, copyMark, EXISTS, RatchetInTurn, REPLACED, readSlot, refused } from '../ratchet-rules.ts'
import { formatSlot, isOfEmptyTree, type RatchetIdentity, SLOT_BYTES, type Slot } from '../ratchet-slot.ts'
import type { Ratchets } from '../ratchets.ts'
import { type Condition, type PutOutcome, S3Client, type S3Parts } from './client.ts'
import { keepsConditions } from './conditions.ts'

const SUFFIX = '.ratchet'
/** Objects below the prefix: the most logs that a server has, and what else may lie there. */
const MOST = 10_000
const REMEDY =
  'It is the memory of the last head this key signed, and without it an old copy of the database cannot be told from the ' +
  'newest one. Never bring an older version of it back; without it the log cannot sign again'
/** A write whose outcome is unknown may land once for each one that is tried. */
const TURNS = 4

export function ratchetObjects(parts: S3Parts): Ratchets {
  const client = new S3Client(parts)
  const keyOf = ({ keyId }: RatchetIdentity) => `${hex(keyId)}${SUFFIX}`
  let isChecked = false
  /** Once: a node that begins to lead has no time to lose. */
  const check = async () => {
    if (!isChecked) await checkConditions(client)
    isChecked = true
  }
  return {
    dir: null,
    nameOf: (identity) => client.name(keyOf(identity)),
    async list() {
      const keys = await decided(() => client.list('', MOST))
      return keys.filter((key) => key.endsWith(SUFFIX)).map((key) => client.name(key))
    },
    async mayHaveSigned(name) {
      const key = name.slice(name.lastIndexOf('/') + 1)
      const found = await decided(() => client.get(key, SLOT_BYTES))
      return found === null || found.bytes.length !== SLOT_BYTES || !isOfEmptyTree(found.bytes)
    },
    async create(identity, mark) {
      await check()
      const [key, slot] = [keyOf(identity), { sequence: 0, mark: copyMark(mark) }]
      const name = client.name(key)
      const outcome = await decided(() => write(client, key, formatSlot(identity, slot), { absent: true }))
      const isOurs = outcome === 'written' || isDeepStrictEqual((await load(client, key, identity)).slot, slot)
      if (!isOurs) throw refused(name, EXISTS)
      return new ObjectRatchet(client, key, identity, slot)
    },
    async open(identity) {
      await check()
      const key = keyOf(identity)
      const { slot } = await load(client, key, identity)
      return new ObjectRatchet(client, key, identity, slot)
    },
    async discard(identities) {
      for (const identity of identities) await client.remove(keyOf(identity))
    },
  }
}

class ObjectRatchet extends RatchetInTurn {
  readonly #client: S3Client
  readonly #key: string
  readonly #identity: RatchetIdentity
  #newest: Slot
  /** Written over the newest, with an unknown outcome: one of them may be there, or still come. */
  #tried: Slot[] = []

  constructor(client: S3Client, key: string, identity: RatchetIdentity, newest: Slot) {
    super()
    this.#client = client
    this.#key = key
    this.#identity = identity
    this.#newest = newest
  }

  async read(): Promise<Mark> {
    return this.#newest.mark
  }

  protected async step(to: Mark): Promise<void> {
    const name = this.#client.name(this.#key)
    for (let turn = 0; turn < TURNS; turn++) {
      checkForward(name, this.#newest.mark, to)
      if (to.size === this.#newest.mark.size && this.#tried.length === 0) return
      const { slot, etag } = await load(this.#client, this.#key, this.#identity)
      if (!isDeepStrictEqual(slot, this.#newest)) {
        if (!this.#tried.some((tried) => isDeepStrictEqual(tried, slot))) throw refused(name, REPLACED)
        this.#follow(slot)
        continue
      }
      const next = { sequence: slot.sequence + 1, mark: copyMark(to) }
      this.#tried.push(next)
      const bytes = formatSlot(this.#identity, next)
      const outcome = await decided(() => write(this.#client, this.#key, bytes, { etag }))
      if (outcome === 'written') return this.#follow(next)
    }
    throw refused(name, REPLACED)
  }

  /** Nothing that was written over what was there before can land any more. */
  #follow(slot: Slot): void {
    this.#newest = slot
    this.#tried = []
  }
}

async function load(client: S3Client, key: string, identity: RatchetIdentity): Promise<{ slot: Slot; etag: string }> {
  const name = client.name(key)
  const found = await decided(() => client.get(key, SLOT_BYTES))
  if (found === null) throw refused(name, `is missing. ${REMEDY}`)
  const slot = readSlot(name, identity, found.bytes)
  if (slot === null) throw refused(name, `is corrupt. ${REMEDY}`)
  return { slot, etag: found.etag }
}

function write(client: S3Client, key: string, bytes: Uint8Array, condition: Condition): Promise<PutOutcome> {
  return client.put(key, { bytes, type: 'application/octet-stream', cache: 'no-store', condition })
}

async function checkConditions(client: S3Client): Promise<void> {
  if (!(await decided(() => keepsConditions(client))))
    throw refused(client.name(''), 'its store keeps no conditions (If-Match, If-None-Match), and can hold no ratchet')
}

/** Nothing is known of a store that does not answer: it is asked again. Its no, and what it holds, is an answer. */
async function decided<T>(use: () => Promise<T>): Promise<T> {
  try {
    return await use()
  } catch (cause) {
    if (!(cause instanceof TlogError)) throw cause
    const code = cause.code === 'SERVICE_UNREACHABLE' ? 'STORE_UNAVAILABLE' : 'RATCHET_REFUSED'
    throw new TlogError(code, `ratchet ${cause.message}`, { cause })
  }
}

/** Asks a log for entries about the file, and verifies each as if the signer had sent it as a bundle. */

import { createAsk } from '../../client/ask.ts'
import { type FoundEntries, findEntries } from '../../client/find-entries.ts'
import { algorithmForKey, type DigestName } from '../../crypto/algorithms.ts'
import type { MessageSignature } from '../../formats/sigstore/bundle.ts'
import type { BundleEntry } from '../../formats/sigstore/bundle-entry.ts'
import { equal, hex } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import type { Artifact } from '../../verify/artifact.ts'
import { verifyBundle } from '../../verify/bundle.ts'
import { bundleOfEntry, loggedSignature } from '../../verify/logged-signature.ts'
import type { Trust, TrustedSigner } from '../../verify/trust.ts'
import type { Verdict } from '../../verify/verdict.ts'
import type { World } from '../world.ts'
import { digestOf, type Subject } from './subject.ts'

export interface Lookup {
  readonly server: 'colophon' | 'rekor'
  /** Entries that were looked at, until one was good. */
  readonly found: number
  /** Of these, by somebody else than the named signer: anybody may log anything about any file. */
  readonly byOthers: number
  /** Of these, those that could not be believed. */
  readonly refused: readonly { readonly entry: string; readonly code: string; readonly message: string }[]
}

const MAX_ENTRIES = 500
const NAMES = { SHA2_256: 'sha256', SHA2_384: 'sha384', SHA2_512: 'sha512' } as const
const ALL: readonly DigestName[] = ['SHA2_256', 'SHA2_384', 'SHA2_512']

/**
 * @throws TlogError NOT_FOUND when there is no entry by the named signer, which shows nothing: neither does the word of
 *   strangers, whoever they are; what an entry was refused for; CHECK_UNAVAILABLE when there are too many;
 *   SERVICE_UNREACHABLE, SERVICE_REFUSED
 */
export async function checkLog(
  subject: Subject,
  { url, trust }: { readonly url: string; readonly trust: Trust },
  world: World,
): Promise<{ readonly verdict: Verdict; readonly lookup: Lookup }> {
  const artifact = await digestOf(subject, digestNames(trust.signer), world)
  const search = new Search(artifact, trust)
  for (const [name, digest] of artifact) {
    const wanted = { url, artifact: `${NAMES[name]}:${hex(digest)}`, logs: trust.root.tlogs }
    const verdict = await search.through(await findEntries(createAsk(world.clock), wanted))
    if (verdict !== null) return { verdict, lookup: search.lookup() }
  }
  throw search.fault(url)
}

/** An identity's certificate may hold a key of any kind. */
function digestNames(signer: TrustedSigner): ReadonlySet<DigestName> {
  return new Set(signer.kind === 'key' ? [algorithmForKey(signer.key).digest] : ALL)
}

class Search {
  readonly #artifact: Artifact
  readonly #trust: Trust
  #server: Lookup['server'] = 'colophon'
  #found = 0
  #byOthers = 0
  readonly #refused: { readonly entry: string; readonly error: TlogError }[] = []

  constructor(artifact: Artifact, trust: Trust) {
    this.#artifact = artifact
    this.#trust = trust
  }

  /** The first good one, or null. */
  async through({ server, places, read }: FoundEntries): Promise<Verdict | null> {
    this.#server = server
    for await (const entry of places()) {
      if (++this.#found > MAX_ENTRIES)
        throw new TlogError(
          'CHECK_UNAVAILABLE',
          `none of the first ${MAX_ENTRIES} entries is good, and there are more, which were not looked at`,
        )
      try {
        return await this.#judge(await read(entry))
      } catch (error) {
        if (!(error instanceof TlogError) || PASSING.has(error.code)) throw error
        if (error.code === 'SIGNER_MISMATCH') this.#byOthers++
        else this.#refused.push({ entry, error })
      }
    }
    return null
  }

  async #judge(entry: BundleEntry): Promise<Verdict> {
    const { signer } = this.#trust
    const { verifier, content } = loggedSignature(entry.body)
    if (!isOver(this.#artifact, content))
      throw new TlogError(
        'CHECK_UNAVAILABLE',
        'a statement about it, which a Rekor v2 log has by its digest alone: `colophon custody` reads it',
      )
    const isAnotherKey =
      signer.kind === 'key' && verifier.kind === 'publicKey' && !equal(verifier.rawBytes, signer.key.der)
    if (isAnotherKey) throw new TlogError('SIGNER_MISMATCH', 'another key signed')
    return await verifyBundle(bundleOfEntry(entry), this.#artifact, this.#trust)
  }

  lookup(): Lookup {
    const refused = this.#refused.map(({ entry, error }) => ({ entry, code: error.code, message: error.message }))
    return { server: this.#server, found: this.#found, byOthers: this.#byOthers, refused }
  }

  fault(url: string): TlogError {
    // What could not be checked here hides nothing that could.
    const refused = this.#refused.find(({ error }) => error.code !== 'CHECK_UNAVAILABLE') ?? this.#refused[0]
    if (refused === undefined) return new TlogError('NOT_FOUND', `${url} shows ${this.#others()}: ${NOTHING_SHOWN}`)
    const { code, message } = refused.error
    return new TlogError(code, `${url}${refused.entry}: ${message}`, { cause: refused.error })
  }

  #others(): string {
    if (this.#found === 0) return 'no signature over this digest'
    return `${this.#found} ${this.#found === 1 ? 'entry' : 'entries'} about this digest, none by the signer that you named`
  }
}

/** Else the server found it by what is kept beside it. */
function isOver(artifact: Artifact, { digest }: MessageSignature): boolean {
  const known = digest === null ? undefined : artifact.get(digest.algorithm)
  return known === undefined || digest === null || equal(known, digest.bytes)
}

const NOTHING_SHOWN =
  'this proves nothing, as a server may withhold, and statements about the file are not signatures of it: `colophon custody` reads those'

/** These are about the asking, not about the entry. */
const PASSING: ReadonlySet<string> = new Set(['SERVICE_UNREACHABLE', 'LOG_BUSY', 'LOG_CLOSED'])

/** Opens one signed statement: its place in a log of the trusted root, its signature, by whom. Nothing is taken from the server's word. */

import { type Ask, below } from '../../client/ask.ts'
import type { ListedStatement } from '../../client/custody.ts'
import { fetchColophonEntry } from '../../client/fetch-entry.ts'
import { custodyPayload, documentOf } from '../../formats/lineage/content.ts'
import { type CustodyStatement, parseCustody } from '../../formats/lineage/statement.ts'
import type { Bundle } from '../../formats/sigstore/bundle.ts'
import type { BundleEntry } from '../../formats/sigstore/bundle-entry.ts'
import { equal } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { verifyBundle, verifyEnvelope } from '../../verify/bundle.ts'
import { bundleOfContent, bundleOfEntry, bundleOfStatement } from '../../verify/logged-signature.ts'
import { findSigner } from '../../verify/rekor-log.ts'
import { type PlacedEntry, verifyStatedEntry } from '../../verify/stated-logs.ts'
import type { Trust, TrustedSigner } from '../../verify/trust.ts'
import { digestsOf } from './brought.ts'
import { type Chosen, chooseSigner, wordsOf } from './who.ts'
import { openWithdrawal, requireAttachment, type Withdrawal } from './withdrawn.ts'

export interface Trusted {
  readonly ask: Ask
  readonly url: string
  /** Whose word counts. */
  readonly signers: readonly TrustedSigner[]
  readonly trust: Omit<Trust, 'signer'>
  /** The caller's own: they date what their signatures are over, and hold what the server does not show. */
  readonly bundles: readonly Bundle[]
}

/** Of a statement that was opened. */
export interface Signature {
  /** Of the entry, below the server's URL; or the file that it stands in. */
  readonly place: string
  /** In words: a key's fingerprint, or a name and who vouched for it. */
  readonly signer: string
  /** Whether it is one whose word counts. */
  readonly isNamed: boolean
  readonly origin: string
  readonly index: number
}

/** What was signed, and by whom. */
export interface Opened {
  /** Of the envelope's payload; null: a file by itself. */
  readonly payloadType: string | null
  readonly payload: Uint8Array
  readonly statement: CustodyStatement
  readonly signature: Signature
  /** Whether the server's content was read. */
  readonly isShown: boolean
}

export interface Outcome extends Pick<PlacedEntry, 'checkpoint'> {
  /** Null where it is a stranger's that nobody can open, or was taken back. */
  readonly opened: Opened | null
  readonly withdrawn: (Withdrawal & Pick<Signature, 'isNamed'>) | null
  /** A named signer in whose name somebody else signed; null: none. */
  readonly forged: string | null
}

/** What the server has behind an entry. */
export interface Content extends Pick<ListedStatement, 'attachment' | 'withdrawn'> {
  /** Null: it does not show it. */
  readonly content: Uint8Array | null
}

/**
 * The entry at a place of the server, with the content that its leaf commits to, where that is at hand.
 * @throws TlogError as the verifier does; TIME_MISSING when nothing dates a certificate of a named signer; NOT_FOUND without
 *   content; SERVICE_REFUSED for what is no statement, or was not taken back as the server says, and by the server's fault
 */
export async function openEntry(place: string, stated: Content, trusted: Trusted): Promise<Outcome> {
  const { content, attachment, withdrawn } = stated
  const { ask, url, trust, signers } = trusted
  const fetched = await fetchColophonEntry(ask, url, place)
  const entry = { ...fetched, logId: findSigner(trust.root.tlogs, fetched.proof?.checkpoint ?? '').logId }
  const { root, policy, abilities } = trust
  const { index, checkpoint } = await verifyStatedEntry(entry, { root, policy, mlDsa44: abilities.mlDsa44 })
  if (attachment !== null) requireAttachment(entry, attachment)
  const { who, forged } = await chooseSigner(entry, signers, trust)
  const passed = { opened: null, withdrawn: null, forged, checkpoint }
  if (who === null) return passed
  try {
    const bundle = bundleOf(entry, content, { who, trusted })
    if (bundle === null && attachment !== null && withdrawn !== null) {
      const told = await openWithdrawal(trusted, withdrawn, attachment)
      return { ...passed, withdrawn: { ...told, isNamed: who.isNamed } }
    }
    if (bundle === null)
      throw new TlogError('NOT_FOUND', `${below(url, place)}: the server lists a statement, and does not show it`)
    const signed = await verified(bundle, content, { ...trust, signer: who.signer })
    const signature = signatureOf(who, { place, origin: checkpoint.origin, index })
    return { ...passed, opened: { ...signed, signature, isShown: content !== null } }
  } catch (error) {
    if (!(error instanceof TlogError) || who.isNamed) throw undated(error, who)
    return passed
  }
}

function signatureOf({ signer, isNamed }: Chosen, at: Pick<Signature, 'place' | 'origin' | 'index'>): Signature {
  return { ...at, signer: wordsOf(signer), isNamed }
}

/** A bundle by itself, with the proof that is in it. @param file that it signs; null: it holds a statement. @throws TlogError as openEntry does */
export async function openBundle(
  path: string,
  bundle: Bundle,
  file: Uint8Array | null,
  { trust, signers }: Trusted,
): Promise<Opened> {
  const [entry] = bundle.entries
  if (entry === undefined) throw new TlogError('LOG_NOT_TRUSTED', 'the bundle has no entry of any log')
  const { who } = await chooseSigner(entry, signers, null)
  if (who === null) throw new TlogError('CHECK_UNAVAILABLE', 'an entry of a kind, or by a key, that is not read here')
  const signed = await verified(bundle, file, { ...trust, signer: who.signer }).catch((error) => {
    throw undated(error, who)
  })
  const { index } = entry.proof ?? entry
  const [origin = ''] = (entry.proof?.checkpoint ?? '').split('\n')
  return { ...signed, signature: signatureOf(who, { place: path, origin, index }), isShown: false }
}

interface Whose {
  readonly who: Chosen
  readonly trusted: Trusted
}

/** The same signature of the caller's has timestamps over it, and perhaps what it is over. */
function bundleOf(entry: BundleEntry, content: Uint8Array | null, { who, trusted }: Whose): Bundle | null {
  const { logged } = who
  const same = trusted.bundles.filter((one) => equal(one.content.signature, logged.signature))
  const own = same.find((one) => one.content.kind === 'envelope')
  const timestamps = same.flatMap((one) => one.timestamps)
  if (content !== null) return { ...fromContent(entry, content, who), timestamps }
  return own === undefined ? null : { ...bundleOfContent(entry, own.content, logged), timestamps }
}

function fromContent(entry: BundleEntry, content: Uint8Array, { logged }: Chosen): Bundle {
  const isFile = entry.kind === 'hashedrekord' && documentOf(content) !== null
  return isFile ? bundleOfEntry(entry) : bundleOfStatement(entry, content, logged)
}

async function verified(
  bundle: Bundle,
  file: Uint8Array | null,
  trust: Trust,
): Promise<Pick<Opened, 'payload' | 'payloadType' | 'statement'>> {
  const { content } = bundle
  if (content.kind === 'message') {
    const document = file === null ? null : documentOf(file)
    if (document === null) throw new TlogError('SERVICE_REFUSED', 'what was signed is no bill of materials')
    await verifyBundle(bundle, digestsOf(document), trust)
    return { payload: document, payloadType: null, statement: parseCustody(document) }
  }
  const payload = custodyPayload(content)
  if (payload === null) throw new TlogError('SERVICE_REFUSED', 'what was signed is no statement')
  await verifyEnvelope(bundle, trust)
  return { payload, payloadType: content.payloadType, statement: parseCustody(payload) }
}

/** Says what would help. */
function undated(error: unknown, who: Chosen): unknown {
  if (!(error instanceof TlogError) || error.code !== 'TIME_MISSING') return error
  const words = `${wordsOf(who.signer)} by certificate, not dated: cannot be verified offline; give the bundle with --bundle`
  return new TlogError('TIME_MISSING', words, { cause: error })
}

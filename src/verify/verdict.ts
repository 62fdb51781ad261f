/** What was verified, in one plain object that JSON can carry: hex for bytes, milliseconds since 1970 for times. */

import type { DigestName } from '../crypto/algorithms.ts'
import type { KeyDetails } from '../formats/sigstore/key-details.ts'
import type { NamedDigestName } from './artifact.ts'
import type { Cosigner } from './checkpoint.ts'

export interface Verdict {
  readonly artifact: { readonly algorithm: DigestName | NamedDigestName; readonly digest: string }
  readonly signed: VerdictSigned
  readonly signer: VerdictSigner
  /** At least one. */
  readonly entries: readonly VerdictEntry[]
  /** Who says when. Empty: nobody who is trusted. */
  readonly times: readonly VerdictTime[]
  /** What a reader could take for granted and was not shown. */
  readonly notCovered: readonly Gap[]
}

/** Who signed and what the logs have of it, not what it is about. */
export type EnvelopeVerdict = Omit<Verdict, 'artifact' | 'signed'>

/** What the rest of a bundle shows when its certificate cannot be checked. `claimed` is not verified. */
export interface Undetermined {
  readonly outcome: 'undetermined'
  readonly notChecked: readonly ('certificate chain' | 'certificate logs' | 'certificate time')[]
  readonly claimed: Verdict
}

export type VerdictSigned =
  /** The file itself. */
  | { readonly kind: 'file' }
  /** A statement about the file, whose claims are the signer's. `subject` is what it calls the file. */
  | { readonly kind: 'statement'; readonly predicateType: string; readonly subject: string }

export type VerdictSigner =
  /** SHA-256 of the key's SubjectPublicKeyInfo. */
  | { readonly kind: 'key'; readonly algorithm: KeyDetails; readonly fingerprint: string }
  | {
      readonly kind: 'identity'
      readonly algorithm: KeyDetails
      readonly name: string
      readonly issuer: string
      /** SHA-256 of the certificate. */
      readonly certificate: string
      /** IDs of the certificate logs that promised to show it. */
      readonly certificateLogs: readonly string[]
    }

export interface VerdictEntry {
  /** Of a proof file's log: as the policy has them, empty where it has no URL or no Ed25519 key. */
  readonly log: { readonly url: string; readonly id: string }
  /** Such as `hashedrekord 0.0.2`. */
  readonly kind: string
  readonly leaf: string
  /** Over all the log's trees; null where nothing vouches for it. */
  readonly index: number | null
  readonly inclusion: VerdictInclusion | null
}

export interface VerdictInclusion {
  readonly origin: string
  readonly index: number
  readonly size: number
  readonly root: string
  /** Those of the policy that cosigned; their times are in seconds. */
  readonly cosigners: readonly Cosigner[]
}

export interface VerdictTime {
  readonly time: number
  /** A log's promise, or an RFC 3161 timestamp. */
  readonly source: 'log' | 'timestamp authority'
  readonly name: string
}

/** The names are stable; what stands behind them is in docs/verify.md. */
export type Gap = 'time' | 'timestamps' | 'inclusion' | 'witnesses' | 'claims' | 'key owner'

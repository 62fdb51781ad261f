/** Detached signatures over a file, each checked as the tool that made it would. */

import * as crypto from '#crypto'
import { algorithmForKey } from '../../crypto/algorithms.ts'
import type { MinisignKey, MinisignSignature } from '../../formats/minisign.ts'
import type { DetachedSignature } from '../../formats/sigstore/detached-signature.ts'
import type { SshKey } from '../../formats/ssh/key.ts'
import { type SshSignature, sshSignedBytes } from '../../formats/ssh/signature.ts'
import { equal } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import type { Signer } from '../signer-keys.ts'
import { requireSignature } from './envelope.ts'
import { readSigner } from './signer.ts'

/** @throws TlogError as readSigner does. */
export function signerOf(signed: DetachedSignature): Signer {
  return signed.format === 'x509' ? readSigner(signed.key) : { key: signed.key.key, certificate: null }
}

/**
 * X.509: SHA-256 whatever the curve, and plain Ed25519, as in envelopes.
 * @throws TlogError SIGNATURE_INVALID, LOG_BUSY, and as readSigner does.
 */
export async function requireDetached(signed: DetachedSignature, file: Uint8Array): Promise<void> {
  switch (signed.format) {
    case 'x509':
      return await requireSignature(signerOf(signed).key, file, signed.signature)
    case 'minisign':
      return await requireMinisign(signed, file)
    case 'ssh':
      return await requireSsh(signed, file)
  }
}

async function requireMinisign(
  { key: { id, key }, signature }: { readonly key: MinisignKey; readonly signature: MinisignSignature },
  file: Uint8Array,
): Promise<void> {
  if (!equal(id, signature.keyId)) throw new TlogError('SIGNATURE_INVALID', 'the signature names another minisign key')
  await crypto.verifyEd25519(key.bytes, signature.isPrehashed ? crypto.blake2b512(file) : file, signature.bytes)
}

async function requireSsh(
  { key: { key, blob }, signature }: { readonly key: SshKey; readonly signature: SshSignature },
  file: Uint8Array,
): Promise<void> {
  if (!equal(blob, signature.signer.blob))
    throw new TlogError('SIGNATURE_INVALID', 'the signature names another SSH key')
  const message = sshSignedBytes(crypto.digest('SHA2_512', file))
  if (key.kind === 'ed25519') await crypto.verifyEd25519(key.bytes, message, signature.bytes)
  else await crypto.verifyMessage({ algorithm: algorithmForKey(key), key, message, signature: signature.bytes })
}

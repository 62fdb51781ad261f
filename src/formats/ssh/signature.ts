/** Detached signatures of `ssh-keygen -Y sign -n file` (OpenSSH, PROTOCOL.sshsig), over the SHA-512 of a file. */

import { concat, equal, utf8 } from '../../kernel/bytes.ts'
import { formatDer, formatUnsigned, TAG } from '../pki/der.ts'
import { formatPem, parsePem } from '../pki/pem.ts'
import { parseSshKeyBlob, type SshKey } from './key.ts'
import { SshReader, sshString, sshUint32 } from './wire.ts'

export interface SshSignature {
  /** Whose it says it is. */
  readonly signer: SshKey
  /** Ed25519: 64 bytes. ECDSA: DER. */
  readonly bytes: Uint8Array
  /** Type and signature as SSH writes them. */
  readonly blob: Uint8Array
}

const LABEL = 'SSH SIGNATURE'
const MAGIC = utf8('SSHSIG')
const VERSION = 1
const NAMESPACE = utf8('file')
const HASH = utf8('sha512')
const NOTHING = new Uint8Array()

/** @throws TlogError SIGNATURE_INVALID, DER_MALFORMED for what is no PEM, and as parseSshKeyBlob does. */
export function parseSshSignature(text: string): SshSignature {
  const [bytes = NOTHING, second] = parsePem(text, LABEL)
  const reader = new SshReader(bytes, 'SIGNATURE_INVALID')
  if (second !== undefined) reader.fail('several signatures')
  if (!equal(reader.take(MAGIC.length, 'the SSH signature'), MAGIC)) reader.fail('not an SSH signature')
  if (reader.uint32('the version') !== VERSION) reader.fail('an SSH signature of another version')
  const signer = parseSshKeyBlob(reader.string('the key'))
  for (const [expected, what] of [
    [NAMESPACE, 'namespace'],
    [NOTHING, 'reserved part'],
    [HASH, 'hash'],
  ] as const)
    if (!equal(reader.string(what), expected)) reader.fail(`an SSH signature with another ${what}`)
  const blob = reader.string('the signature')
  reader.end('the SSH signature')
  return { signer, bytes: readSignature(blob, signer), blob }
}

/** @returns PEM with lines of 64, where ssh-keygen writes 70. */
export function formatSshSignature({ signer, blob }: SshSignature): string {
  const parts = [signer.blob, NAMESPACE, NOTHING, HASH, blob].map(sshString)
  return formatPem(concat(MAGIC, sshUint32(VERSION), ...parts), LABEL)
}

/** What is signed of a file with this SHA-512. */
export function sshSignedBytes(digest: Uint8Array): Uint8Array {
  return concat(MAGIC, ...[NAMESPACE, NOTHING, HASH, digest].map(sshString))
}

function readSignature(blob: Uint8Array, { type, key }: SshKey): Uint8Array {
  const reader = new SshReader(blob, 'SIGNATURE_INVALID')
  if (reader.ascii('the type of signature') !== type) reader.fail('a signature of another type than its key')
  const bytes = reader.string('the signature')
  reader.end('the signature')
  if (key.kind === 'ed25519') return bytes
  const numbers = new SshReader(bytes, 'SIGNATURE_INVALID')
  const der = formatDer(TAG.sequence, formatUnsigned(numbers.positive('r')), formatUnsigned(numbers.positive('s')))
  numbers.end('s')
  return der
}

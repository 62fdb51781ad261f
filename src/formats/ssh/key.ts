/** Public keys as OpenSSH writes them into `.pub` files (RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709 §4). */

import { CURVES, isOnCurve, parsePoint } from '../../crypto/curves.ts'
import { base64, parseBase64 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { type Curve, type EcKey, type Ed25519Key, formatSpki } from '../pki/spki.ts'
import { SshReader } from './wire.ts'

export interface SshKey {
  /** Such as `ssh-ed25519`. */
  readonly type: string
  readonly key: EcKey | Ed25519Key
  /** As it stands in the file, in base64 there. */
  readonly blob: Uint8Array
}

const CURVE_NAMES: Readonly<Record<string, Curve>> = { nistp256: 'P-256', nistp384: 'P-384', nistp521: 'P-521' }
const EC_TYPE = 'ecdsa-sha2-'
/** Far above what the largest key and a comment take; the time that LINE takes may grow with the square of it. */
const MAX_CHARACTERS = 2048
const LINE = /^\s*([\w@.-]+) ([A-Za-z0-9+/=]+)(?:[ \t][^\r\n]*)?\s*$/

/** @param text one line: type, base64 and perhaps a comment. @throws TlogError KEY_MALFORMED, KEY_NOT_ALLOWED, BASE64_MALFORMED */
export function parseSshKey(text: string): SshKey {
  const [, type, encoded = ''] = LINE.exec(text.slice(0, MAX_CHARACTERS + 1)) ?? []
  if (type === undefined || text.length > MAX_CHARACTERS)
    throw new TlogError('KEY_MALFORMED', 'not one line with an SSH public key')
  const key = parseSshKeyBlob(parseBase64(encoded))
  if (key.type !== type) throw new TlogError('KEY_MALFORMED', 'two types of key in one line')
  return key
}

/** Without a comment. */
export function formatSshKey({ type, blob }: SshKey): string {
  return `${type} ${base64(blob)}\n`
}

/** @throws TlogError KEY_MALFORMED; KEY_NOT_ALLOWED for a key that is neither Ed25519 nor ECDSA. */
export function parseSshKeyBlob(blob: Uint8Array): SshKey {
  const reader = new SshReader(blob, 'KEY_MALFORMED')
  const type = reader.ascii('the type of key')
  const key = type === 'ssh-ed25519' ? readEd25519(reader) : readEc(reader, type)
  reader.end('the SSH key')
  return { type, key: { ...key, der: formatSpki(key) }, blob }
}

function readEd25519(reader: SshReader): Omit<Ed25519Key, 'der'> {
  const bytes = reader.string('the Ed25519 key')
  if (bytes.length !== 32) reader.fail(`an Ed25519 key of ${bytes.length} bytes`)
  return { kind: 'ed25519', bytes }
}

/** OpenSSH signs with RSA keys by SHA-512, which no log here takes; keys on security devices sign in a form of their own. */
function readEc(reader: SshReader, type: string): Omit<EcKey, 'der'> {
  const name = type.startsWith(EC_TYPE) ? type.slice(EC_TYPE.length) : ''
  const curve = Object.hasOwn(CURVE_NAMES, name) ? CURVE_NAMES[name] : undefined
  if (curve === undefined)
    throw new TlogError(
      'KEY_NOT_ALLOWED',
      'of SSH keys, ssh-ed25519 and ecdsa-sha2-nistp256, 384 and 521 may sign here',
    )
  if (reader.ascii('the curve') !== name) reader.fail('two curves in one key')
  const point = reader.string('the point')
  const parameters = CURVES[curve]
  const isPoint = point.length === 1 + 2 * parameters.bytes && point[0] === 4
  if (!isPoint || !isOnCurve(parameters, parsePoint(parameters, point))) reader.fail(`no point of ${curve}`)
  return { kind: 'ec', curve, point }
}

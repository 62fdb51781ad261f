/** Keys and tokens, from a file or a variable: never from the command line, which others can read. */

import { statSync } from 'node:fs'
import { readSmallFile } from '../../config/files.ts'
import { PASSPHRASE_VARIABLE } from '../../config.ts'
import { located } from '../../formats/located.ts'
import { type IdentityToken, parseIdentityToken } from '../../formats/sigstore/identity-token.ts'
import { parseUtf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { importPrivateKey, keyEncryption, type PrivateKey } from '../../sign/private-key.ts'
import type { World } from '../world.ts'

const MAX_BYTES = 65_536
const AUDIENCE = 'sigstore'
const COSIGN_VARIABLE = 'COSIGN_PASSWORD'
const VARIABLE = 'env:'

/** @param source a path, or `env:NAME`. @throws TlogError CONFIG_INVALID, which does not quote what it read */
export function readSecret(flag: string, source: string, { env }: Pick<World, 'env'>): string {
  if (!source.startsWith(VARIABLE)) return fileText(flag, source)
  const name = source.slice(VARIABLE.length)
  const value = env[name]
  if (value === undefined || value === '') throw invalid(flag, `the variable ${name.slice(0, 64)} is not set`)
  return value
}

function fileText(flag: string, path: string): string {
  try {
    return parseUtf8(readSmallFile(path, MAX_BYTES))
  } catch (error) {
    throw invalid(flag, error instanceof TlogError ? `${path} is not text` : (error as Error).message)
  }
}

/** @throws TlogError KEY_FILE_REFUSED, KEY_NOT_ALLOWED, CONFIG_INVALID */
export async function readKey(source: string, world: World): Promise<PrivateKey> {
  const pem = readSecret('--key', source, world)
  const encryption = keyEncryption(pem)
  if (encryption === 'none') requireClosed(source)
  return importPrivateKey(pem, encryption === 'none' ? null : await passphraseFor(encryption, world))
}

/** Who can read a plain key can sign in its owner's name. Windows has no such modes. */
function requireClosed(source: string): void {
  if (source.startsWith(VARIABLE) || process.platform === 'win32') return
  const mode = statSync(source).mode & 0o777
  if ((mode & 0o077) !== 0)
    throw new TlogError(
      'KEY_FILE_REFUSED',
      `${source} is not encrypted and open to others (mode ${mode.toString(8)}): run chmod 600 on it`,
    )
}

async function passphraseFor(encryption: 'pkcs8' | 'cosign', { env, askSecret }: World): Promise<string> {
  const given = env[PASSPHRASE_VARIABLE] ?? (encryption === 'cosign' ? env[COSIGN_VARIABLE] : undefined)
  if (given !== undefined) return given
  if (askSecret !== undefined)
    return await askSecret('Passphrase of the key: ').catch(() => {
      throw new TlogError('KEY_FILE_REFUSED', 'the private key is encrypted, and no passphrase was typed')
    })
  const variables = encryption === 'cosign' ? `${PASSPHRASE_VARIABLE} or ${COSIGN_VARIABLE}` : PASSPHRASE_VARIABLE
  throw new TlogError('KEY_FILE_REFUSED', `the private key is encrypted: its passphrase is expected in ${variables}`)
}

/** @throws TlogError CONFIG_INVALID when it is none, is for somebody else, or has expired */
export function readToken(source: string, world: Pick<World, 'env' | 'clock'>): IdentityToken {
  const text = readSecret('--identity-token', source, world).trim()
  const token = located('CONFIG_INVALID', '--identity-token', () => parseIdentityToken(text))
  if (!token.audiences.includes(AUDIENCE)) throw invalid('--identity-token', `its audience is not ${AUDIENCE}`)
  if (token.expires * 1000 <= world.clock.now()) throw invalid('--identity-token', 'it has expired: get a new one')
  return token
}

function invalid(flag: string, why: string): TlogError {
  return new TlogError('CONFIG_INVALID', `${flag}: ${why}`)
}

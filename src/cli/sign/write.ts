/** Signs, has it logged, and writes the bundle: what commands that make statements share. */

import { createAsk, requirePrivate } from '../../client/ask.ts'
import { type ErrorCode, TlogError } from '../../kernel/error.ts'
import { type SignedBundle, type Signer, signAndLog } from '../../sign/sign.ts'
import type { Subject } from '../../sign/subject.ts'
import { nodeAbilities } from '../../verify-node/abilities.ts'
import type { World } from '../world.ts'
import { attemptsAt, pendingOf, writeBundle } from './output.ts'
import type { Signing } from './request.ts'
import { readKey, readSecret, readToken } from './secrets.ts'

export interface Writer extends Pick<Signing, 'services' | 'trust'> {
  readonly signer: Signer
  readonly logToken: string | null
  readonly out: string
}

/** Reads the secrets that are named. @throws TlogError KEY_FILE_REFUSED, KEY_NOT_ALLOWED, CONFIG_INVALID */
export async function openWriter(signing: Signing, out: string, world: World): Promise<Writer> {
  const logToken = logTokenOf(signing, world)
  return { ...signing, signer: await signerOf(signing, out, world), logToken, out }
}

function logTokenOf({ logToken, services }: Signing, world: World): string | null {
  if (logToken === null) return null
  for (const url of services.logs) requirePrivate(url)
  return readSecret('--write-token', logToken, world).trim()
}

async function signerOf({ signer }: Signing, out: string, world: World): Promise<Signer> {
  if (signer.kind === 'key') return { kind: 'key', key: await readKey(signer.source, world) }
  return { kind: 'identity', token: readToken(signer.source, world), attempts: attemptsAt(out) }
}

/** What decides nothing: wrong use, and what may go well another time. */
const UNDECIDED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  ...(['CONFIG_INVALID', 'KEY_NOT_ALLOWED', 'SERVICE_UNREACHABLE'] as const),
  ...(['ENTRY_EXISTS', 'CHECK_UNAVAILABLE', 'LOG_BUSY', 'LOG_CLOSED'] as const),
])

/**
 * Null: someone said no, or what came back is not what it should be; the world was told.
 * @throws TlogError of UNDECIDED; the system's error when the bundle cannot be written
 */
export async function signAndWrite(subject: Subject, writer: Writer, world: World): Promise<SignedBundle | null> {
  const { services, trust, logToken, signer, out } = writer
  const { clock, random } = world
  const ask = createAsk(clock)
  try {
    const order = { subject, services, trust, logToken }
    const result = await signAndLog(order, signer, { ask, now: clock.now, random, abilities: nodeAbilities })
    writeBundle(out, result.text)
    if (signer.kind === 'identity') signer.attempts.clear()
    return result
  } catch (error) {
    if (!(error instanceof TlogError) || UNDECIDED.has(error.code)) throw error
    world.warn(`${error.code}: ${error.message}\nNo bundle was written.${kept(signer, out)}`)
    return null
  }
}

function kept(signer: Signer, out: string): string {
  if (signer.kind === 'key' || signer.attempts.load() === null) return ''
  return ` ${pendingOf(out)} keeps the signature: repeat the command to go on with it, or remove it to begin anew.`
}

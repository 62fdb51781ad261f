/** `colophon sign`: signs a file or a directory, has it logged, and writes the bundle that verifies offline. */

import { createAsk, requirePrivate } from '../client/ask.ts'
import { safeJson } from '../formats/visible.ts'
import { type ErrorCode, TlogError } from '../kernel/error.ts'
import { type SignedBundle, type Signer, signAndLog } from '../sign/sign.ts'
import { digestFor } from '../sign/subject.ts'
import { nodeAbilities } from '../verify-node/abilities.ts'
import { progressBar } from './progress.ts'
import { attemptsAt, pendingOf, writeBundle } from './sign/output.ts'
import { reportJson, reportText } from './sign/report.ts'
import { parseSignRequest, type SignRequest } from './sign/request.ts'
import { readKey, readSecret, readToken } from './sign/secrets.ts'
import { type Prepared, prepare } from './sign/subject.ts'
import type { Command, ExitCode, World } from './world.ts'

export const sign: Command = {
  name: 'sign',
  usage: `colophon sign FILE|DIR SIGNER LOG [--trusted-root FILE [--policy FILE]] [--bundle OUT] [--json]
colophon sign DIR --unlogged --key FILE [--certificate FILE [--certificate-chain FILE]] [--bundle OUT] [--json]

  SIGNER is one of
  --key FILE             private key in PEM: PKCS #8, encrypted or not, or cosign's
  --identity-token FILE  OpenID Connect token for a certificate of a Fulcio authority
                         each also as env:NAME, a variable. A passphrase is in COLOPHON_KEY_PASSPHRASE (of cosign's keys
                         also in COSIGN_PASSWORD), or asked for

  LOG is one of
  --signing-config FILE  signing_config.json: logs, certificate and timestamp authorities
  --rekor-url URL        any Rekor log, with --rekor-version 1 or 2 (2); --fulcio-url URL and --tsa-url URL beside it;
                         --write-token FILE|env:NAME for a log that asks for one

  --statement FILE       signs an in-toto statement about the file, with this predicate (JSON); --type URI says of what type
  --in-toto              FILE is an in-toto statement itself, and is signed as it is
  --ignore PATH,PATH     of a DIR: what stays out of the model
  --trusted-root FILE    trusted_root.json: the bundle is verified with it before it is written. Without it only the
                         signature, the entry and its proof are checked, and it says so
  --policy FILE          logs and witnesses (c2sp.org/tlog-policy) to verify with besides
  --bundle OUT           where the bundle goes (FILE.sigstore.json, DIR/model.sig); never overwrites
  --unlogged             a DIR, for verifiers that ask no log; with --certificate, the key's, and what vouches for it
  --json                 what was done, as an object (docs/sign.md)

  A DIR is signed as a model (OpenSSF Model Signing). Repeating a command that was cut off ends in the same entry.
  Exit code 0: written. 1: refused, or what came back did not hold. 2: wrong use. 3: it could not be done.`,

  async run(argv, world): Promise<ExitCode> {
    if (argv.includes('--unlogged')) return (await import('./sign/unlogged.ts')).signUnlogged(argv, world)
    const request = parseSignRequest(argv, world)
    const logToken = logTokenOf(request, world)
    const signer = await signerOf(request, world)
    const needed = signer.kind === 'key' ? digestFor(signer.key.publicKey) : 'SHA2_256'
    const prepared = await prepare(request, needed, progressBar(world, 'read'))
    const result = await attempt(request, { signer, prepared, logToken }, world)
    if (result === null) return 1
    writeBundle(request.out, result.text)
    if (signer.kind === 'identity') signer.attempts.clear()
    const report = { request, prepared, result }
    world.print(request.json ? `${safeJson(reportJson(report))}\n` : reportText(report))
    return 0
  },
}

function logTokenOf({ logToken, services }: SignRequest, world: World): string | null {
  if (logToken === null) return null
  for (const url of services.logs) requirePrivate(url)
  return readSecret('--write-token', logToken, world).trim()
}

async function signerOf({ signer, out }: SignRequest, world: World): Promise<Signer> {
  if (signer.kind === 'key') return { kind: 'key', key: await readKey(signer.source, world) }
  return { kind: 'identity', token: readToken(signer.source, world), attempts: attemptsAt(out) }
}

interface Parts {
  readonly signer: Signer
  readonly prepared: Prepared
  readonly logToken: string | null
}

/** What decides nothing: wrong use, and what may go well another time. */
const UNDECIDED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  ...(['CONFIG_INVALID', 'KEY_NOT_ALLOWED', 'SERVICE_UNREACHABLE'] as const),
  ...(['ENTRY_EXISTS', 'CHECK_UNAVAILABLE', 'LOG_BUSY', 'LOG_CLOSED'] as const),
])

/** Null: someone said no, or what came back is not what it should be. */
async function attempt(request: SignRequest, parts: Parts, world: World): Promise<SignedBundle | null> {
  const { services, trust, out } = request
  const { signer, prepared, logToken } = parts
  const { clock, random } = world
  const ask = createAsk(clock)
  try {
    const order = { subject: prepared.subject, services, trust, logToken }
    return await signAndLog(order, signer, { ask, now: clock.now, random, abilities: nodeAbilities })
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

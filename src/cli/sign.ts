/** `colophon sign`: signs a file or a directory, has it logged, and writes the bundle that verifies offline. */

import { safeJson } from '../formats/visible.ts'
import { digestFor } from '../sign/subject.ts'
import { progressBar } from './progress.ts'
import { reportJson, reportText } from './sign/report.ts'
import { parseSignRequest } from './sign/request.ts'
import { prepare } from './sign/subject.ts'
import { openWriter, signAndWrite } from './sign/write.ts'
import type { Command, ExitCode } from './world.ts'

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
    const writer = await openWriter(request, request.out, world)
    const { signer } = writer
    const needed = signer.kind === 'key' ? digestFor(signer.key.publicKey) : 'SHA2_256'
    const prepared = await prepare(request, needed, progressBar(world, 'read'))
    const result = await signAndWrite(prepared.subject, writer, world)
    if (result === null) return 1
    const report = { request, prepared, result }
    world.print(request.json ? `${safeJson(reportJson(report))}\n` : reportText(report))
    return 0
  },
}

/** `colophon verify`: whether a file is what a named signer logged: offline, or by what a log that is asked shows. */

import { configureCrypto } from '../crypto/node.ts'
import type { ModelFindings } from '../files/compare-model.ts'
import { safeJson } from '../formats/visible.ts'
import { check } from './verify/check.ts'
import { limitsOf } from './verify/limits.ts'
import { EXIT, type Outcome, outcomeOf, unloggedOutcomeOf } from './verify/outcome.ts'
import { parseRequest } from './verify/request.ts'
import { describeOutcome } from './verify/text.ts'
import type { Command, ExitCode, World } from './world.ts'

export const verify: Command = {
  name: 'verify',
  usage: `colophon verify FILE|DIR|DIGEST SIGNER --trusted-root FILE [--bundle FILE] [--proof FILE] [--policy FILE] [--run-dir DIR] [--json]
colophon verify DIR --unlogged --key FILE | --certificate-identity NAME --certificate-root FILE [--bundle FILE] [--json]
colophon verify FILE|DIGEST --key FILE --proof FILE --entry FILE --policy FILE [--json]
colophon verify FILE|DIGEST SIGNER --trusted-root FILE --log URL [--policy FILE] [--json]
colophon verify EVIDENCE [--log-key KEY | --policy FILE | --trusted-root FILE] [--json]

  SIGNER is --key FILE, or --certificate-identity NAME with --certificate-oidc-issuer URL. There is no default.
  Nothing is asked of anybody without --log: FILE.sigstore.json and FILE.tlog-proof beside the file are found by
  themselves, unless one of --bundle and --proof is named. Where both are, both must hold, for the same entry.

  EVIDENCE                   what colophon audit wrote against a log, under the log's key that you name, or it names
  --log-key                  that key, as a verifier key
  DIR                        a model signed by OpenSSF Model Signing: DIR.sigstore.json or DIR/model.sig
  DIGEST                     sha256:HEX (or sha384, sha512) in place of the file
  --key                      the signer's public key (PEM), as cosign.pub
  --certificate-identity     the name in the signer's certificate, whole
  --certificate-oidc-issuer  who vouched for it
  --trusted-root             trusted_root.json: logs and authorities that count (COLOPHON_TRUSTED_ROOT)
  --policy                   logs and witnesses (c2sp.org/tlog-policy), enforced on each checkpoint (COLOPHON_POLICY)
  --bundle                   Sigstore bundle
  --proof                    proof file (c2sp.org/tlog-proof)
  --entry                    the entry that a proof file alone is about, as the log has it
  --log                      server to ask for entries about the digest, a Colophon or a Rekor v1; what it says is verified
  --run-dir                  not verified where a llamafile, started in this directory, would load something else than what is in it
  --unlogged                 a model's signature that is in no log: the verdict is then SIGNED, and says so
  --certificate-root         with --unlogged: the root certificates (PEM) that the signer's must lead to
  --json                     the verdict as an object (docs/verify.md)

  Exit code 0: verified, or signed where that was asked for. 1: not verified. 2: wrong use. 3: it could not be determined.`,

  async run(argv, world): Promise<ExitCode> {
    configureCrypto({ workers: 0 }) // a bundle has a handful of signatures
    const { isEvidence, verifyAgainstLog } = await import('./verify/against-log.ts')
    if (await isEvidence(argv)) return await verifyAgainstLog(argv, world)
    const { outcome, json } = argv.includes('--unlogged') ? await unlogged(argv, world) : await logged(argv, world)
    world.print(json ? `${safeJson(outcome)}\n` : `${describeOutcome(outcome).join('\n')}\n`)
    return EXIT[outcome.outcome]
  },
}

interface Told {
  readonly outcome: Outcome
  readonly json: boolean
}

async function logged(argv: readonly string[], world: World): Promise<Told> {
  const request = await parseRequest(argv, world)
  const limited = async () => {
    const shown = await check(request, world)
    return { ...shown, ...(await limitsOf(shown.verdict.signed, { ...request, ...around(shown, world) })) }
  }
  return { outcome: await outcomeOf(request, limited), json: request.json }
}

async function unlogged(argv: readonly string[], world: World): Promise<Told> {
  const { checkUnlogged, parseUnlogged } = await import('./verify/unlogged.ts')
  const request = parseUnlogged(argv)
  const limited = async () => {
    const shown = await checkUnlogged(request, world)
    return { ...shown, ...(await limitsOf(shown.unlogged.signed, { ...request, ...around(shown, world) })) }
  }
  return { outcome: await unloggedOutcomeOf(request, limited), json: request.json }
}

function around({ directory }: { readonly directory: ModelFindings | null }, { env }: World) {
  return { covered: directory?.covered ?? [], env }
}

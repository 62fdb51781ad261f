/** `colophon attest`: says of an artifact what it was made of, shows that, signs it, and has it logged. */

import { writeFileSync } from 'node:fs'
import type { Digests } from '../formats/custody/digests.ts'
import { STEPS, type Step } from '../formats/custody/vocabulary.ts'
import { parseJson } from '../formats/json.ts'
import { parseStatement } from '../formats/sigstore/statement.ts'
import { safeJson } from '../formats/visible.ts'
import { TlogError } from '../kernel/error.ts'
import type { Artifact, ArtifactDigestName } from '../verify/artifact.ts'
import { buildProvenance } from './attest/build.ts'
import { type AttestRequest, parseAttestRequest } from './attest/request.ts'
import { statementRows } from './attest/show.ts'
import { progressBar } from './progress.ts'
import { resultJson, resultRows, rowsText } from './sign/report.ts'
import { openWriter, signAndWrite } from './sign/write.ts'
import type { Command, ExitCode, World } from './world.ts'

export const attest: Command = {
  name: 'attest',
  usage: `colophon attest STEP WHAT… [--ROLE FROM]… SIGNER LOG [--trusted-root FILE [--policy FILE]] [--bundle OUT] [--json]
colophon attest advisory|withdrawal WHAT… --reason TEXT [--status STATUS] [--affects PROOF]… [--evidence FROM]… SIGNER LOG
colophon attest corroboration WHAT… --verifier URI --properties NAME,NAME [--rules FROM] SIGNER LOG
colophon attest … --dry-run [--output FILE]

  STEP is dataset-snapshot (a DIR with --manifest FILE, which it writes, --salted or not; or a manifest), train or finetune (a model's DIR, or its files), quantize (GGUF files), or
  fuse-llamafile (a llamafile, whose runtime, weights and arguments are found in it).

  --ROLE FROM  what it was made of: --source, --dataset, --base-model, --adapter, --weights, --training-code,
               --environment, --tool, --calibration, --runtime, --args; as often as there are
  FROM         a FILE, a DIR (a model), or ALGORITHM:HEX (sha256, gitCommit, …); behind it, each after a comma:
               statement=FILE  a bundle or statement about it: linked by its hash. Alone it says which artifact too
               name=, uri=     what it is called, and where it is
               relation=       finetune, adapter, merge, quantized, fused
               use=            pretraining, finetuning, alignment, calibration, evaluation
               visibility=     public, restricted, committed
  --completeness ROLE=HOW,…    all, partial; of what is not named undisclosed, none. Each step gives an account of its
               roles, and a role that is left out without a word is refused
  --parameter NAME=TEXT, NAME:=JSON   what the step was told; --parameters FILE for an object of them
  --declared   says too what GGUF metadata or a model's card tell of their origin, marked as such
  --builder URI, --invocation-id URI, --started TIME, --finished TIME   who ran it, and when
  --name NAME  what it is called; --base URI, under which our identifiers stand
  --form       of a step: internal (SLSA's internalParameters hold what SLSA has no field for, and every reader takes it), or fields

  --status     poisoned, withdrawn, superseded (--superseded-by FROM), disputed; --effective-from TIME (now)
  --affects    a proof of \`colophon dataset prove\`: which documents

  SIGNER, LOG and --trusted-root are those of \`colophon sign\`. --dry-run shows the statement and signs nothing;
  --output writes it by itself. The bundle goes to WHAT.STEP.sigstore.json; nothing is overwritten.
  Exit code 0: written. 1: refused, or what came back did not hold. 2: wrong use. 3: it could not be done.`,

  async run(argv, world): Promise<ExitCode> {
    const request = parseAttestRequest(argv, world)
    const payload = await build(request, world)
    const { json, output, signing } = request
    if (output !== null) writeFileSync(output, payload, { flag: 'wx' })
    if (!json) world.print(rowsText(statementRows(payload), WIDTH))
    if (signing !== null) return await sign(payload, { ...request, signing }, world)
    if (json) world.print(`${safeJson({ statement: parseJson(payload, LIMITS), bundle: null })}\n`)
    else world.print(rowsText([['signed', 'by nobody, and logged nowhere: this was a dry run']], WIDTH))
    return 0
  },
}

const WIDTH = 13
const LIMITS = { maxValues: 1_000_000 }

async function build(request: AttestRequest, world: World): Promise<Uint8Array> {
  const { kind } = request
  const onBytes = progressBar(world, 'read')
  if (isStep(kind)) return await buildProvenance(request, kind, { onBytes, world })
  const { buildAdvisory, buildCorroboration } = await import('./attest/build-told.ts')
  return kind === 'corroboration'
    ? await buildCorroboration(request, onBytes, world)
    : await buildAdvisory(request, onBytes, world)
}

function isStep(kind: AttestRequest['kind']): kind is Step {
  return Object.hasOwn(STEPS, kind)
}

type Signed = AttestRequest & { readonly signing: NonNullable<AttestRequest['signing']> }

async function sign(payload: Uint8Array, { signing, json }: Signed, world: World): Promise<ExitCode> {
  const writer = await openWriter(signing, signing.out, world)
  const result = await signAndWrite({ kind: 'statement', payload, artifact: artifactOf(payload) }, writer, world)
  if (result === null) return 1
  if (json) {
    const told = { statement: parseJson(payload, LIMITS), bundle: signing.out, ...resultJson(result, signing) }
    world.print(`${safeJson(told)}\n`)
  } else world.print(rowsText(resultRows(result, signing, signing.out), WIDTH))
  return 0
}

/** Of the subjects the first stands for all; by SHA-256 where it has one. */
function artifactOf(payload: Uint8Array): Artifact {
  const [first] = parseStatement(payload).subjects
  const digests = first?.digests as Digests | undefined
  const sha256 = digests?.get('sha256')
  if (sha256 !== undefined) return new Map([['SHA2_256', sha256]])
  const [other] = [...(digests ?? [])].filter(([name]) => name !== 'sha384' && name !== 'sha512')
  if (other === undefined) throw new TlogError('CONFIG_INVALID', 'what it is about has no SHA-256')
  return new Map([other as readonly [ArtifactDigestName, Uint8Array]])
}

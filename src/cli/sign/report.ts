/** What was signed, by whom, and where it is logged: for a person, or for a program. */

import { digest } from '#crypto'
import { algorithmForKey } from '../../crypto/algorithms.ts'
import { visible } from '../../formats/visible.ts'
import { hex } from '../../kernel/bytes.ts'
import type { SignedBundle } from '../../sign/sign.ts'
import type { Signing, SignRequest } from './request.ts'
import type { Prepared } from './subject.ts'

export interface Report {
  readonly request: SignRequest
  readonly prepared: Prepared
  readonly result: SignedBundle
}

export function reportJson({ request, prepared, result }: Report): object {
  const { subject, sha256, files, ignored } = prepared
  const about = { kind: subject.kind, path: request.path, sha256: hex(sha256) }
  return {
    bundle: request.out,
    signed: subject.kind === 'model' ? { ...about, files, ignored } : about,
    ...resultJson(result, request),
  }
}

/** Who signed, where it is logged, and what was checked. */
export function resultJson(result: SignedBundle, { services }: Pick<Signing, 'services'>): object {
  const { checked, bundle } = result
  return {
    signer: signerJson(result),
    entries: bundle.entries.map(({ kind, version, index }, i) => ({
      url: services.logs[i] ?? '',
      kind: `${kind} ${version}`,
      index,
    })),
    timestamps: bundle.timestamps.length,
    checked: checked.against,
    notChecked: checked.against === 'itself' ? checked.notChecked : [],
    verdict: checked.against === 'itself' ? null : checked.verdict,
  }
}

type SignerJson =
  | { readonly kind: 'key'; readonly algorithm: string; readonly fingerprint: string }
  | { readonly kind: 'identity'; readonly name: string; readonly issuer: string; readonly certificate: string }

function signerJson({ signer, bundle }: SignedBundle): SignerJson {
  if (signer.kind === 'key') {
    const fingerprint = hex(digest('SHA2_256', signer.key.der))
    return { kind: 'key', algorithm: algorithmForKey(signer.key).keyDetails, fingerprint }
  }
  const leaf = bundle.material.kind === 'certificate' ? bundle.material.leaf : new Uint8Array()
  return { ...signer, certificate: hex(digest('SHA2_256', leaf)) }
}

export function reportText(report: Report): string {
  const { request, prepared, result } = report
  const { subject, sha256, files, ignored } = prepared
  return rowsText([
    ['signed', subject.kind === 'model' ? `${request.path}, a model of ${files} files` : `${request.path}`],
    [subject.kind === 'model' ? 'root' : 'sha256', hex(sha256)],
    ...(ignored.length === 0 ? [] : [['left out', ignored.join(', ')] as const]),
    ...resultRows(result, request, request.out),
  ])
}

export type Row = readonly [name: string, text: string]

/** As resultJson, for a person; and where the bundle is. */
export function resultRows(result: SignedBundle, { services }: Pick<Signing, 'services'>, out: string): Row[] {
  return [
    ['by', signerText(result)],
    ...result.bundle.entries.map(
      ({ kind, version, index }, i) => ['logged', `${services.logs[i]}, entry ${index} (${kind} ${version})`] as const,
    ),
    ...timeRows(result),
    ['bundle', out],
    ['checked', checkedText(result)],
  ]
}

export function rowsText(rows: readonly Row[], width = 9): string {
  return rows.map(([name, text]) => `${name.padEnd(width)} ${visible(text)}\n`).join('')
}

function signerText(result: SignedBundle): string {
  const signer = signerJson(result)
  if (signer.kind === 'key') return `the key ${signer.fingerprint} (SHA-256 of the public key; ${signer.algorithm})`
  return `${signer.name}, for whom ${signer.issuer} vouches`
}

function timeRows({ checked }: SignedBundle): Row[] {
  if (checked.against === 'itself') return []
  return checked.verdict.times.map(
    ({ time, name }) => ['time', `${new Date(time).toISOString()} says ${name}`] as const,
  )
}

function checkedText({ checked }: SignedBundle): string {
  if (checked.against === 'itself')
    return `signature, entry and proof. NOT checked, as no trusted root was named: ${checked.notChecked.join(', ')}`
  const { notCovered } = checked.verdict
  return `as a verifier with this trusted root will${notCovered.length === 0 ? '' : `; not covered: ${notCovered.join(', ')}`}`
}

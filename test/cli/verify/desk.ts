/** A folder with a file, what was signed and logged about it by keys made here, and what its reader trusts. */

import { sign } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatTlogProof } from '../../../src/formats/c2sp/tlog-proof.ts'
import { formatVkey } from '../../../src/formats/c2sp/vkey.ts'
import { formatPem } from '../../../src/formats/pki/pem.ts'
import { trustedRootJson } from '../../../src/formats/sigstore/trusted-root.ts'
import { hash, leafIndex } from '../../../src/kernel/brand.ts'
import { parseBase64, utf8 } from '../../../src/kernel/bytes.ts'
import { sha256 } from '../../../src/kernel/sha256.ts'
import {
  envelopeBundle,
  FILE,
  HOST,
  messageBundle,
  p256Signer,
  ROOT,
  type TestSigner,
  V2_KEY,
} from '../../verify/made.ts'
import { witnessKey } from '../../verify/support.ts'
import { type Scope, scratch } from '../support.ts'

export const WITNESS = witnessKey('witness.example/w', 5)
export const SIGNER = p256Signer()
export const STRANGER = p256Signer()

export const POLICY = `log ${formatVkey(V2_KEY.vkey)} https://${HOST}\nwitness w ${formatVkey(WITNESS.vkey)}\nquorum w\n`
export const TWO_WITNESSES = POLICY.replace(
  'quorum w',
  `witness v ${formatVkey(witnessKey('witness.example/v', 6).vkey)}\ngroup both all w v\nquorum both`,
)

export interface Desk {
  readonly folder: string
  /** A path in the folder. */
  at(name: string): string
  write(name: string, content: string | Uint8Array): string
}

export function openDesk(scope: Scope): Desk {
  const folder = scratch(scope)
  const at = (name: string) => join(folder, name)
  const write = (name: string, content: string | Uint8Array) => {
    writeFileSync(at(name), content)
    return at(name)
  }
  write('file', FILE)
  write('root.json', JSON.stringify(trustedRootJson(ROOT)))
  write('key.pub', formatPem(SIGNER.spki, 'PUBLIC KEY'))
  write('stranger.pub', formatPem(STRANGER.spki, 'PUBLIC KEY'))
  write('policy', POLICY)
  return { folder, at, write }
}

export type MadeBundle = Awaited<ReturnType<typeof messageBundle>>

/** The file's signature in the v2 log, cosigned. */
export function signedFile(signer: TestSigner = SIGNER): Promise<MadeBundle> {
  return messageBundle({ signer, keys: [V2_KEY, WITNESS], origin: HOST })
}

/** The same of any file. */
export function signedOver(file: Uint8Array): Promise<MadeBundle> {
  const signature = new Uint8Array(sign('sha256', file, SIGNER.privateKey))
  return messageBundle({
    ...{ signer: SIGNER, keys: [V2_KEY, WITNESS], origin: HOST },
    signed: { digest: sha256(file), signature },
  })
}

/** A statement in the v1 log. */
export function statedFile(payload?: Uint8Array) {
  return envelopeBundle(SIGNER, payload)
}

/** The bundle's own proof as a proof file. */
export function proofFile({ verificationMaterial }: MadeBundle): Uint8Array {
  const { inclusionProof } = verificationMaterial.tlogEntries[0] as MadeBundle['verificationMaterial']['tlogEntries'][0]
  return formatTlogProof({
    extra: null,
    index: leafIndex(Number(inclusionProof.logIndex)),
    path: inclusionProof.hashes.map((one) => hash(parseBase64(one))),
    note: utf8(inclusionProof.checkpoint.envelope),
  })
}

export function entryOf({ verificationMaterial }: MadeBundle): Uint8Array {
  return parseBase64(verificationMaterial.tlogEntries[0]?.canonicalizedBody ?? '')
}

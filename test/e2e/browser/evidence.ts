/** Files for the page to be given: one larger than it may hold, with everything that came with it and that is trusted. */

import { createSign } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { digestFile } from '../../../src/files/digest-file.ts'
import { formatPolicy, parsePolicy } from '../../../src/formats/c2sp/policy.ts'
import { formatTlogProof } from '../../../src/formats/c2sp/tlog-proof.ts'
import { formatVkey } from '../../../src/formats/c2sp/vkey.ts'
import { formatPem } from '../../../src/formats/pki/pem.ts'
import { formatTrustedRoot } from '../../../src/formats/sigstore/trusted-root.ts'
import { hash, leafIndex } from '../../../src/kernel/brand.ts'
import { utf8 } from '../../../src/kernel/bytes.ts'
import { treeOf } from '../../reference/rfc6962.ts'
import { HOST, messageBundle, p256Signer, ROOT, V2_KEY } from '../../verify/made.ts'
import { head, mlDsaKey, signedBy, witnessKey } from '../../verify/support.ts'

const MARK_EVERY = 64 * 1024 * 1024

export interface Evidence {
  readonly file: string
  readonly bundle: string
  /** As `file`, but for one byte. */
  readonly tampered: string
  readonly entry: string
  readonly proof: string
  readonly key: string
  readonly root: string
  /** A quorum of a witness that signs with ML-DSA-44. */
  readonly policy: string
  /** For proofs: names the log, no witness. */
  readonly logPolicy: string
}

export async function makeEvidence(folder: string, size: number): Promise<Evidence> {
  await mkdir(folder)
  const path = (name: string) => join(folder, name)
  const file = path('model.safetensors')
  await writeSparse(file, size, 0)
  const tampered = path('tampered.safetensors')
  await writeSparse(tampered, size, 1)
  const signer = p256Signer()
  const witness = mlDsaKey('witness.example/pq', 3)
  const second = witnessKey('witness.example/two', 4)
  const signature = await signFile(file, signer.privateKey)
  const [digest = new Uint8Array()] = (await digestFile(file, new Set(['SHA2_256']))).values()
  const keys = [V2_KEY, witness, second]
  const bundle = await messageBundle({ signer, keys, origin: HOST, signed: { digest, signature } })
  const policy = `witness first ${formatVkey(witness.vkey)}\nwitness second ${formatVkey(second.vkey)}\ngroup both all first second\nquorum both\n`
  const entry = utf8('an entry of its own')
  const texts = {
    'model.safetensors.sigstore.json': JSON.stringify(bundle),
    'signer.pub': formatPem(signer.spki, 'PUBLIC KEY'),
    'trusted_root.json': formatTrustedRoot(ROOT),
    'witnesses.policy': formatPolicy(parsePolicy(utf8(policy))),
    'log.policy': `log ${formatVkey(V2_KEY.vkey)}\nquorum none\n`,
    'entry.bin': entry,
    'entry.bin.tlog-proof': await proofOf(entry),
  }
  for (const [name, content] of Object.entries(texts)) await writeFile(path(name), content)
  return {
    file,
    bundle: path('model.safetensors.sigstore.json'),
    tampered,
    entry: path('entry.bin'),
    proof: path('entry.bin.tlog-proof'),
    key: path('signer.pub'),
    root: path('trusted_root.json'),
    policy: path('witnesses.policy'),
    logPolicy: path('log.policy'),
  }
}

/** Zeros with a mark here and there, `salt` in the last one. */
async function writeSparse(path: string, size: number, salt: number): Promise<void> {
  const file = await open(path, 'w')
  await file.truncate(size)
  for (let at = 0; at < size; at += MARK_EVERY) await file.write(utf8(`piece at ${at}`), 0, null, at)
  await file.write(Uint8Array.of(salt), 0, 1, size - 1)
  await file.close()
}

async function signFile(path: string, key: Parameters<ReturnType<typeof createSign>['sign']>[0]): Promise<Uint8Array> {
  const sign = createSign('sha256')
  for await (const piece of createReadStream(path)) sign.update(piece)
  return new Uint8Array(sign.sign(key))
}

async function proofOf(entry: Uint8Array): Promise<Uint8Array> {
  const tree = treeOf([utf8('first'), entry, utf8('third')])
  const note = await signedBy(head(HOST, 3, hash(tree.mth(0n, 3n))), V2_KEY)
  return formatTlogProof({ extra: null, index: leafIndex(1), path: tree.path(1n, 0n, 3n).map(hash), note })
}

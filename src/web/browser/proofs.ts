/** `proofs.js`: keys, notes, proofs and streaming SHA-256, the part of the verifier that fits in 25 kB. */

export type { DigestName } from '../../crypto/algorithms.ts'
export { algorithmForKey } from '../../crypto/algorithms.ts'
export { verifyDigest, verifyMessage } from '../../crypto/portable.ts'
export { type Policy, parsePolicy } from '../../formats/c2sp/policy.ts'
export { parseVkey, type Vkey } from '../../formats/c2sp/vkey.ts'
export { parsePem } from '../../formats/pki/pem.ts'
export { type PublicKey, parseSpki } from '../../formats/pki/spki.ts'
export { ERROR_CODES, type ErrorCode, TlogError } from '../../kernel/error.ts'
export {
  type Cosigner,
  NO_WITNESSES,
  openCheckpoint,
  type VerifiedCheckpoint,
  verifyGrowth,
} from '../../verify/checkpoint.ts'
export type { VerifyMlDsa44 } from '../../verify/ports.ts'
export { type ProvenEntry, verifyTlogProof } from '../../verify/tlog-proof.ts'
export { webAbilities } from './abilities.ts'
export { digestBlob } from './digest-blob.ts'

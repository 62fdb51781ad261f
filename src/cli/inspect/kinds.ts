/** The kinds of files that `inspect` knows, in the order in which they are asked. A new one is a file and a line here. */

import { bundle } from './bundle.ts'
import { certificate, publicKey, timestamp } from './der.ts'
import { entryBody, logEntry, rekorAnswer } from './entry.ts'
import { envelope, statement } from './envelope.ts'
import { gguf } from './gguf.ts'
import type { Kind } from './kind.ts'
import { llamafile } from './llamafile.ts'
import { note } from './note.ts'
import { pem } from './pem.ts'
import { policy } from './policy.ts'
import { safetensors } from './safetensors.ts'
import { clientTrustConfig, signingConfig } from './signing-config.ts'
import { tlogProof } from './tlog-proof.ts'
import { trustedRoot } from './trusted-root.ts'
import { vkey } from './vkey.ts'

export const KINDS: readonly Kind[] = [
  bundle,
  clientTrustConfig,
  trustedRoot,
  signingConfig,
  logEntry,
  rekorAnswer,
  entryBody,
  envelope,
  statement,
  tlogProof,
  note,
  policy,
  vkey,
  pem,
  timestamp,
  publicKey,
  certificate,
  gguf,
  safetensors,
  llamafile,
]

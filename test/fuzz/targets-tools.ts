/** Keys and signatures in the files of other tools. */

import {
  formatMinisignKey,
  formatMinisignSignature,
  parseMinisignKey,
  parseMinisignSignature,
} from '../../src/formats/minisign.ts'
import { formatSshKey, parseSshKey } from '../../src/formats/ssh/key.ts'
import { formatSshSignature, parseSshSignature } from '../../src/formats/ssh/signature.ts'
import { parseUtf8, utf8 } from '../../src/kernel/bytes.ts'
import { oneMeaning, type Target } from './oracle.ts'
import { vector } from './seeds.ts'

function ofText<T>(parse: (text: string) => T, format: (value: T) => string): Target['run'] {
  return oneMeaning(
    (bytes) => parse(parseUtf8(bytes)),
    (value) => utf8(format(value)),
  )
}

const ssh = (suffix: string) =>
  ['ed25519', 'ecdsa-256', 'ecdsa-384', 'ecdsa-521', 'rsa-3072', 'git', 'sha256'].map((name) =>
    vector(`ssh/${name}.${suffix}`),
  )
const minisign = (...names: readonly string[]) => names.map((name) => vector(`minisign/${name}`))

export const TOOLS: readonly Target[] = [
  { name: 'ssh-key', seeds: () => ssh('pub'), run: ofText(parseSshKey, formatSshKey) },
  { name: 'ssh-signature', seeds: () => ssh('sig'), run: ofText(parseSshSignature, formatSshSignature) },
  {
    name: 'minisign-key',
    seeds: () => minisign('minisign.pub', 'minisign_hashed.pub', 'minisign_key_only.pub', 'signify.pub'),
    run: ofText(parseMinisignKey, formatMinisignKey),
  },
  {
    name: 'minisign-signature',
    seeds: () => minisign('hello_world.txt.minisig', 'hello_world_hashed.txt.minisig', 'hello_world.txt.signify'),
    run: ofText(parseMinisignSignature, formatMinisignSignature),
  },
]

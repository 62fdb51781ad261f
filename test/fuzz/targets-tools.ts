/** Keys and signatures in the files of other tools, COSE messages, and what an object store answers. */

import { coseSignedBytes, parseCoseSign1 } from '../../src/formats/cose.ts'
import {
  formatMinisignKey,
  formatMinisignSignature,
  parseMinisignKey,
  parseMinisignSignature,
} from '../../src/formats/minisign.ts'
import { parseListing } from '../../src/formats/s3/answers.ts'
import { formatSshKey, parseSshKey } from '../../src/formats/ssh/key.ts'
import { formatSshSignature, parseSshSignature } from '../../src/formats/ssh/signature.ts'
import { parseHex, parseUtf8, utf8 } from '../../src/kernel/bytes.ts'
import { oneMeaning, surely, type Target } from './oracle.ts'
import { json, vector } from './seeds.ts'

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

const coseMessages = () =>
  ['ecdsa-sig-01', 'sign-pass-02', 'sign-fail-06'].map((name) =>
    parseHex(json<{ readonly output: { readonly cbor: string } }>(`cose/${name}.json`).output.cbor.toLowerCase()),
  )

/** What is signed holds all that was parsed, and is no longer than the heads around it make it. */
function runCose(bytes: Uint8Array): void {
  const parsed = parseCoseSign1(bytes)
  surely(() => {
    const signed = coseSignedBytes(parsed, new Uint8Array())
    const beside = signed.length - parsed.protected.length - parsed.payload.length
    if (beside < 15 || beside > 23) throw new Error(`${beside} bytes beside header and payload`)
  })
}

const listings = () =>
  [
    '<Contents><Key>v2/tile/0/000.p/1</Key><Size>32</Size></Contents><IsTruncated>false</IsTruncated>',
    '<Name x="1">a&#x26;b</Name><IsTruncated>true</IsTruncated><NextContinuationToken>t&lt;</NextContinuationToken>',
  ].map((inner) =>
    utf8(`<?xml version="1.0"?>\n<ListBucketResult xmlns='http://s3/'>${inner}<Prefix/></ListBucketResult>`),
  )

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
  { name: 'cose', seeds: coseMessages, run: runCose },
  { name: 's3-listing', seeds: listings, run: (bytes) => void parseListing(bytes) },
]

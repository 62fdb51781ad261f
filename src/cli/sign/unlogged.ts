/** `sign --unlogged`: a model's directory, by a key or a certificate, for verifiers that ask no log (OpenSSF Model Signing). */

import { join } from 'node:path'
import { parseSmallFile } from '../../config/files.ts'
import { type Flags, parseFlags } from '../../config/flags.ts'
import { Problems } from '../../config/problems.ts'
import { formatModelBundle, parseModelBundle } from '../../formats/model/oms-bundle.ts'
import { type Certificate, parseCertificate } from '../../formats/pki/certificate.ts'
import { parsePem } from '../../formats/pki/pem.ts'
import { modelSigningFault } from '../../formats/pki/usages.ts'
import type { Bundle, SigningMaterial } from '../../formats/sigstore/bundle.ts'
import { safeJson, visible } from '../../formats/visible.ts'
import { unixMillis } from '../../kernel/brand.ts'
import { equal, hex, parseUtf8, utf8 } from '../../kernel/bytes.ts'
import type { PrivateKey } from '../../sign/private-key.ts'
import { signSubject } from '../../sign/subject.ts'
import { verifyUnlogged } from '../../verify/unlogged.ts'
import { progressBar } from '../progress.ts'
import type { ExitCode, World } from '../world.ts'
import { writeBundle } from './output.ts'
import { ignoredOf, MODEL_SIGNATURE, parseSubject, requireFree } from './request.ts'
import { readKey } from './secrets.ts'
import { type Prepared, prepareModel } from './subject.ts'

export interface UnloggedOrder {
  readonly path: string
  readonly ignore: readonly string[]
  readonly key: string
  /** Null: verifiers know the key. */
  readonly chain: Chain | null
  readonly out: string
  readonly json: boolean
}

/** The signer's own first. */
interface Chain {
  readonly leaf: Certificate
  readonly others: readonly Uint8Array[]
}

const VALUED = ['key', 'certificate', 'certificate-chain', 'ignore', 'bundle']
const MAX_PEM = 1024 * 1024

/** @throws TlogError CONFIG_INVALID, KEY_FILE_REFUSED, KEY_NOT_ALLOWED, MODEL_REFUSED; the system's errors */
export async function signUnlogged(argv: readonly string[], world: World): Promise<ExitCode> {
  const order = parseOrder(argv)
  const key = await readKey(order.key, world)
  const { chain } = order
  if (chain !== null) requireOwn(chain, key)
  const prepared = await prepareModel(order, progressBar(world, 'read'))
  const { content, material } = signSubject(prepared.subject, key, null, 2)
  const text = formatModelBundle({
    material: chain === null ? material : { kind: 'certificate', leaf: chain.leaf.der, others: chain.others },
    content,
  })
  await checkWritten(text, prepared, key)
  writeBundle(order.out, text)
  world.print(order.json ? `${safeJson(reportOf(order, prepared))}\n` : reportText(order, prepared))
  return 0
}

function parseOrder(argv: readonly string[]): UnloggedOrder {
  const problems = new Problems()
  const { flags, on, words } = parseFlags(argv, VALUED, ['json', 'unlogged'], problems)
  const { kind, path } = problems.take('', { kind: 'directory' as const, path: '' }, () => parseSubject(words))
  if (kind === 'file') problems.note('--unlogged', 'is for a DIR, signed as a model: a FILE is signed for a log')
  if (flags.key === undefined) problems.note('--key', 'says who signs')
  const out = flags.bundle ?? join(path, MODEL_SIGNATURE)
  if (path !== '') problems.take('--bundle', undefined, () => requireFree(out))
  const chain = chainOf(flags, problems)
  const ignore = ignoredOf(flags, kind, problems)
  problems.check()
  return { path, ignore, key: flags.key ?? '', chain, out, json: on.has('json') }
}

function chainOf({ certificate, 'certificate-chain': chain }: Flags, problems: Problems): Chain | null {
  if (certificate === undefined) {
    if (chain !== undefined) problems.note('--certificate-chain', 'needs --certificate: whose chain it is')
    return null
  }
  const leaf = problems.take('--certificate', null, () => {
    const [only, second] = readCertificates(certificate)
    if (only === undefined || second !== undefined) throw new Error(`${certificate} is not one certificate`)
    const fault = modelSigningFault(only)
    if (fault !== null) throw new Error(`${certificate}: ${fault}`)
    return only
  })
  const others = problems.take('--certificate-chain', [], () => (chain === undefined ? [] : readCertificates(chain)))
  return leaf === null ? null : { leaf, others: others.map(({ der }) => der) }
}

function readCertificates(path: string): Certificate[] {
  return parseSmallFile(path, MAX_PEM, (bytes) => parsePem(parseUtf8(bytes), 'CERTIFICATE')).map(parseCertificate)
}

function requireOwn({ leaf }: Chain, { publicKey }: PrivateKey): void {
  if (equal(leaf.spki, publicKey.der)) return
  const problems = new Problems()
  problems.note('--certificate', 'is of another key than --key')
  problems.check()
}

/** What will be written, and nothing else, is checked: as the signature of the key, whoever vouches for it. */
async function checkWritten(text: string, { sha256 }: Prepared, { publicKey }: PrivateKey): Promise<void> {
  const bundle: Bundle = { ...parseModelBundle(utf8(text)), material: KEY }
  const trust = { signer: { kind: 'key', key: publicKey }, time: unixMillis(0), verifyPath: null } as const
  await verifyUnlogged(bundle, sha256, trust)
}

const KEY: SigningMaterial = { kind: 'key', hint: '' }

function reportOf({ path, out, chain }: UnloggedOrder, { sha256, files, ignored }: Prepared): object {
  return {
    bundle: out,
    signed: { kind: 'model', path, sha256: hex(sha256), files, ignored },
    signer: { kind: chain === null ? 'key' : 'certificate' },
    entries: [],
    checked: 'itself',
    notChecked: ['log', ...(chain === null ? [] : ['certificate'])],
    verdict: null,
  }
}

function reportText({ path, out, chain }: UnloggedOrder, { sha256, files, ignored }: Prepared): string {
  const rows = [
    ['signed', `${path}, a model of ${files} files`],
    ['root', hex(sha256)],
    ...(ignored.length === 0 ? [] : [['left out', ignored.join(', ')]]),
    ['logged', 'nowhere: nobody else can see this signature'],
    ['bundle', out],
    ['checked', `the signature${chain === null ? '' : '. NOT checked: who vouches for the certificate'}`],
  ]
  return rows.map(([name = '', text = '']) => `${name.padEnd(9)} ${visible(text)}\n`).join('')
}

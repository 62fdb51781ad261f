/** What is verified: a file, a directory, or something that is known by its digest. */

import { type Stats, statSync } from 'node:fs'
import { DIGEST_LENGTH, type DigestName } from '../../crypto/algorithms.ts'
import type { OnBytes } from '../../files/digest-file.ts'
import { digestSigned } from '../../files/slot-file.ts'
import { visible } from '../../formats/visible.ts'
import { hex, parseHex } from '../../kernel/bytes.ts'
import { MEBIBYTES, progressBar } from '../progress.ts'
import type { World } from '../world.ts'

export type Subject =
  | { readonly kind: 'file' | 'directory'; readonly path: string; readonly name: string }
  | { readonly kind: 'digest'; readonly algorithm: DigestName; readonly digest: Uint8Array; readonly name: string }

const NAMES: ReadonlyMap<string, DigestName> = new Map([
  ['sha256', 'SHA2_256'],
  ['sha384', 'SHA2_384'],
  ['sha512', 'SHA2_512'],
])

/** Whoever can put a file beside us must not decide what a digest means. @throws Error for the person who typed it. */
export function parseSubject([word, ...rest]: readonly string[]): Subject {
  if (word === undefined || word === '' || rest.length > 0) throw new Error('verify takes one FILE, DIR or DIGEST')
  const stat = statSync(word, { throwIfNoEntry: false })
  const [, name = '', digits = ''] = /^([a-z0-9]+):([0-9a-fA-F]*)$/.exec(word) ?? []
  const algorithm = NAMES.get(name)
  if (algorithm === undefined) return { kind: kindOf(word, stat), path: word, name: word }
  if (stat !== undefined) throw new Error(`${word} is a digest, and a file is called so: write ./${word} for the file`)
  if (!/^[0-9a-f]*$/.test(digits) || digits.length !== DIGEST_LENGTH[algorithm] * 2)
    throw new Error(`${name}: takes ${DIGEST_LENGTH[algorithm] * 2} lowercase hex digits`)
  return { kind: 'digest', algorithm, digest: parseHex(digits), name: word }
}

/** Of a file that is not there reading it says so. A pipe would be waited for, and gone for the next who reads it. */
function kindOf(path: string, stat: Stats | undefined): 'file' | 'directory' {
  if (stat === undefined || stat.isFile()) return 'file'
  if (!stat.isDirectory()) throw new Error(`${path} is neither a file nor a directory`)
  return 'directory'
}

/** Of a file with a slot, what it is without. @throws the system's error when the file cannot be read */
export async function digestOf(
  subject: Subject,
  names: ReadonlySet<DigestName>,
  world: World,
): Promise<ReadonlyMap<DigestName, Uint8Array>> {
  if (subject.kind === 'digest') return new Map([[subject.algorithm, subject.digest]])
  return await digestSigned(subject.path, names, bytesBar(subject.name, world))
}

const SPELLED = { SHA2_256: 'sha256', SHA2_384: 'sha384', SHA2_512: 'sha512' } as const satisfies Record<
  DigestName,
  string
>

/** `sha256:` and hex of a file; of a digest itself. @throws the system's error when the file cannot be read */
export async function digestText(subject: Subject, world: World): Promise<string> {
  const [[name, digest] = ['SHA2_256', new Uint8Array()] as const] = await digestOf(
    subject,
    new Set(['SHA2_256']),
    world,
  )
  return `${SPELLED[name]}:${hex(digest)}`
}

/** What is smaller is done before a bar is seen. */
const BAR_BYTES = 64 * 2 ** 20

export function bytesBar(label: string, world: World): OnBytes {
  const draw = progressBar(world, visible(label), MEBIBYTES)
  return (done, total) => {
    if (total >= BAR_BYTES && done <= total) draw(done, total)
  }
}

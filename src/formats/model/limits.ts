/**
 * What a signature over a model's file leaves open: what the file says of itself, and what decides what runs though it is
 * not in its bytes (llamafile and Cosmopolitan; docs/inspect.md).
 */

import { TlogError } from '../../kernel/error.ts'
import { isApe, isAssimilated } from './ape.ts'
import { bareWeights, fetchedWeights } from './args.ts'
import { type ByteSource, within } from './byte-source.ts'
import type { Finding } from './finding.ts'
import { type GgufField, isGguf, readGguf } from './gguf.ts'
import { readLlamafile } from './llamafile.ts'
import { pieced } from './pieces.ts'
import { isSafetensors, readSafetensors } from './safetensors.ts'
import { findSlot } from './slot.ts'
import { SLOT_KEY } from './slot-header.ts'
import { isStored } from './zip-directory.ts'
import { hasArchive } from './zip-end.ts'

export interface ModelLimits {
  /** Of what the file says of itself, the keys; of weights in a llamafile with the member's name in front. At most MAX_CLAIMED. */
  readonly claimed: readonly string[]
  /** Null: it is no program. */
  readonly runTime: RunTime | null
}

export interface RunTime {
  readonly findings: readonly Finding[]
  /** Names of weights that are looked for on the disk before they are inside. */
  readonly bareWeights: readonly string[]
  /** Options that name weights to fetch, as they are written. */
  readonly fetchedWeights: readonly string[]
  /** As `Ape` has them. */
  readonly loaders: readonly string[]
}

export const MAX_CLAIMED = 256
/** Where the environment names another archive, Cosmopolitan takes that one for `/zip/`. */
export const ARCHIVE_VARIABLE = 'COSMOPOLITAN_INIT_ZIPOS'

const HEAD = 16
/** What a loader computes with, and not what a person relies on. */
const PLAIN = new Set(['general.alignment', 'general.quantization_version'])

/** Null: not a model's file. What cannot be read claims nothing; of a program that is none after all there is a finding. */
export async function readModelLimits(source: ByteSource): Promise<ModelLimits | null> {
  const head = await source.read(0, Math.min(HEAD, source.size))
  if (isGguf(head)) return { claimed: await claimsIn(async () => claimsOf(await fieldsOf(source))), runTime: null }
  if (isSafetensors(head, source.size)) return { claimed: await claimsIn(() => metadataOf(source)), runTime: null }
  if (isApe(head) || (isAssimilated(head) && (await hasArchive(source)))) return await limitsOfProgram(source)
  return null
}

async function limitsOfProgram(source: ByteSource): Promise<ModelLimits> {
  try {
    return await takenApart(source)
  } catch (error) {
    if (!(error instanceof TlogError)) throw error
    const findings = [{ code: 'FILE_MALFORMED', at: 0, what: error.message } as const]
    return { claimed: [], runTime: { findings, bareWeights: [], fetchedWeights: [], loaders: [] } }
  }
}

async function takenApart(source: ByteSource): Promise<ModelLimits> {
  const { ape, weights, args, runTime } = await readLlamafile(source)
  const claimed: string[] = []
  for (const member of weights.filter(isStored)) {
    if (claimed.length >= MAX_CLAIMED) break
    const keys = await claimsIn(async () => claimsOf((await readGguf(within(source, member.content))).fields))
    claimed.push(...keys.map((key) => `${member.name}: ${key}`))
  }
  return {
    claimed: claimed.slice(0, MAX_CLAIMED),
    runTime: {
      findings: runTime.list,
      bareWeights: bareWeights(args ?? []),
      fetchedWeights: fetchedWeights(args ?? []),
      loaders: ape?.loaders ?? [],
    },
  }
}

async function fieldsOf(source: ByteSource): Promise<readonly GgufField[]> {
  const slot = await findSlot(source)
  return (await readGguf(slot === null ? source : pieced(source, slot.stripped))).fields
}

async function metadataOf(source: ByteSource): Promise<string[]> {
  const { metadata } = await readSafetensors(source)
  return [...metadata.keys()].filter((key) => key !== SLOT_KEY).slice(0, MAX_CLAIMED)
}

async function claimsIn(read: () => Promise<string[]>): Promise<string[]> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof TlogError) return []
    throw error
  }
}

function claimsOf(fields: readonly GgufField[]): string[] {
  const keys = fields.map(({ key }) => key).filter((key) => key.startsWith('general.') && !PLAIN.has(key))
  return keys.slice(0, MAX_CLAIMED)
}

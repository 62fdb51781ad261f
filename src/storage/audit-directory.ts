/** An auditor's directory: what it remembers of each log, and the evidence that it found. One process has it at a time. */

import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { AuditMemory, KeepEvidence } from '../audit/ports.ts'
import { makeDirectory } from '../files/make-directory.ts'
import { parseNote } from '../formats/c2sp/note.ts'
import { type Evidence, formatEvidence, formatPlace } from '../formats/evidence.ts'
import { hex } from '../kernel/bytes.ts'
import { lockDataDirectory } from './lock.ts'
import { replaceFile } from './replace-file.ts'

export interface AuditFile extends AuditMemory {
  readonly path: string
}

export interface AuditDirectory {
  /** Whether nothing had been kept there before. */
  readonly created: boolean
  /** By any name: it becomes part of a file's name by its hash. */
  memory(kind: 'site' | 'log', name: string): AuditFile
  readonly keep: KeepEvidence
  close(): void
}

/** @throws TlogError STORE_LOCKED, STORE_MISSING */
export function openAuditDirectory(dir: string): AuditDirectory {
  const created = !existsSync(dir) || readdirSync(dir).length === 0
  makeDirectory(join(dir, 'evidence'))
  const lock = lockDataDirectory(dir)
  // Of a writing that was cut off: with the lock in hand, nobody is at it.
  for (const folder of [dir, join(dir, 'evidence')])
    for (const name of readdirSync(folder)) if (name.endsWith('.new')) rmSync(join(folder, name))
  return {
    created,
    memory: (kind, name) => memoryAt(join(dir, `${kind}-${sha256(name).slice(0, 32)}.json`)),
    keep: (evidence) => keep(join(dir, 'evidence'), evidence),
    close: () => lock.release(),
  }
}

function memoryAt(path: string): AuditFile {
  return {
    path,
    read: () => (existsSync(path) ? new Uint8Array(readFileSync(path)) : null),
    write: (bytes) => replaceFile(path, () => bytes),
  }
}

/** By what it is about, and not by who cosigned or when it was seen: a log that goes on lying writes no second file. */
function keep(dir: string, evidence: Evidence): string {
  const path = join(dir, `${evidence.found.kind}-${sha256(subjectOf(evidence)).slice(0, 32)}.json`)
  if (!existsSync(path)) replaceFile(path, () => formatEvidence(evidence))
  return path
}

function subjectOf({ origin, found }: Evidence): string {
  const notes = 'checkpoint' in found ? [found.checkpoint] : [found.first, found.second]
  const rest = {
    place: 'place' in found ? formatPlace(found.place) : null,
    index: 'index' in found ? found.index : null,
    signer: 'signer' in found ? found.signer.keyId : null,
  }
  return JSON.stringify({ origin, kind: found.kind, notes: notes.map((note) => hex(parseNote(note).text)), ...rest })
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

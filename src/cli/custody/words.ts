/** Words of statements among ours: what could pass for a word of ours, or for two, stands in quotes. */

import type { OpenedStatement } from './collect.ts'
import { type GraphEdge, isNamed } from './graph.ts'

/** Words with one space between; of signs, those of names and addresses; no digest. */
const PLAIN =
  /^(?!.*:[0-9a-f]{8})[\p{L}\p{N}._/@+-][\p{L}\p{M}\p{N}._/:@+#%~=&?*-]*( [\p{L}\p{N}._/@+-][\p{L}\p{M}\p{N}._/:@+#%~=&?*-]*)*$/u
const WORD = /^[\p{L}\p{N}._/:@+#%~=&?-]+$/u

export function nameOf(text: string): string {
  return text === '' || PLAIN.test(text) ? text : quoted(text)
}

/** A role, a status, an address: one word. */
export function wordOf(text: string): string {
  return text === '' || WORD.test(text) ? text : quoted(text)
}

/** What an edge is, by whose word. */
export function edgeWords({ role, relation }: GraphEdge): string {
  return [role, relation]
    .filter((word) => word !== '')
    .map(wordOf)
    .join(', ')
}

/** Behind what a statement says beside its step. */
export function whose(statement: OpenedStatement): string {
  return isNamed(statement) ? "by the signer's word" : "by a stranger's word"
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`
}

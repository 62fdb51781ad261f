/**
 * The head of a model's card, README.md as Hugging Face has it: what its author says of where the model comes from. Of YAML as
 * much as cards are written in: keys at the margin, words behind them or in a list. What is written otherwise is left out.
 */

import { parseUtf8 } from '../../kernel/bytes.ts'

export interface ModelCard {
  /** Of the Hub: owner/name. */
  readonly baseModels: readonly string[]
  /** finetune, adapter, merge, quantized; or whatever it says. */
  readonly relation: string | null
  readonly datasets: readonly string[]
}

export const MAX_CARD_BYTES = 2 ** 20
const MAX_HEAD_LINES = 2000
const MAX_ITEMS = 64

/** Null: it has no head. @throws TlogError UTF8_MALFORMED */
export function readModelCard(bytes: Uint8Array): ModelCard | null {
  const [first = '', ...lines] = parseUtf8(bytes).split(/\r?\n/, MAX_HEAD_LINES)
  const end = lines.indexOf('---')
  if (first !== '---' || end < 0) return null
  const head = lines.slice(0, end)
  const [relation = null] = valuesOf(head, 'base_model_relation')
  return { baseModels: valuesOf(head, 'base_model'), relation, datasets: valuesOf(head, 'datasets') }
}

function valuesOf(head: readonly string[], key: string): string[] {
  const at = head.findIndex((line) => line.startsWith(`${key}:`))
  if (at < 0) return []
  const inline = (head[at] as string).slice(key.length + 1).trim()
  const listed = /^\[(.*)\]$/.exec(inline)?.[1]
  if (listed !== undefined) return wordsOf(listed.split(','))
  if (inline !== '') return wordsOf([inline])
  const rest = head.slice(at + 1)
  const length = rest.findIndex((line) => !/^\s*- /.test(line))
  return wordsOf(rest.slice(0, length < 0 ? rest.length : length).map((line) => line.trim().slice(2)))
}

/** A name without quotes, spaces and what YAML would read otherwise. */
const WORD = /^(["']?)([\w./-]{1,256})\1$/

function wordsOf(texts: readonly string[]): string[] {
  return texts.slice(0, MAX_ITEMS).flatMap((text) => WORD.exec(text.replace(/\s#.*$/, '').trim())?.[2] ?? [])
}

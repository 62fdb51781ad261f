/**
 * What a file says, as a tree of labelled values. Kinds make one from bytes and know nothing of how it is shown; text.ts
 * and json.ts show any. Labels and notes are ours, everything else came from the file.
 */

import type { JsonValue } from '../../formats/json.ts'
import { TlogError } from '../../kernel/error.ts'

export interface Node {
  /** A few words in lower case; in camel case the key of the JSON form. */
  readonly label: string
  readonly content: Content
  /** What it means, where the label does not say it. */
  readonly note?: string
  /** Left out of the short form; of a list, its items. */
  readonly isDetail?: true
}

export type Content =
  /** As the file says it. */
  | { readonly kind: 'text'; readonly text: string }
  /** A word of ours, or of a form that can say nothing else. */
  | { readonly kind: 'word'; readonly word: string }
  | { readonly kind: 'number'; readonly number: number }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** Milliseconds since 1970. */
  | { readonly kind: 'time'; readonly millis: number }
  | { readonly kind: 'json'; readonly value: JsonValue }
  | { readonly kind: 'parts'; readonly parts: readonly Node[] }
  /** `items` may be fewer than `total`: a list that is too long is cut. */
  | { readonly kind: 'list'; readonly items: readonly Content[]; readonly total: number }
  /** With the parser's reason and place. */
  | { readonly kind: 'malformed'; readonly why: string }

/** Items of a list that are looked at. */
export const MAX_ITEMS = 256

export const text = (value: string): Content => ({ kind: 'text', text: value })
export const word = (value: string): Content => ({ kind: 'word', word: value })
export const number = (value: number): Content => ({ kind: 'number', number: value })
export const bytes = (value: Uint8Array): Content => ({ kind: 'bytes', bytes: value })
export const time = (millis: number): Content => ({ kind: 'time', millis })
export const jsonValue = (value: JsonValue): Content => ({ kind: 'json', value })
export const malformed = (why: string): Content => ({ kind: 'malformed', why })

/** Those that are there. */
export function parts(...nodes: readonly (Node | null)[]): Content {
  return { kind: 'parts', parts: nodes.filter((node) => node !== null) }
}

/** Each item by itself: a malformed one leaves the others as they are. */
export function list<T>(items: readonly T[], show: (item: T, at: number) => Content): Content {
  const shown = items.slice(0, MAX_ITEMS).map((item, at) => attempt(() => show(item, at)))
  return { kind: 'list', items: shown, total: items.length }
}

/** One part. What `show` cannot read is shown as malformed, and the rest goes on. */
export function part(label: string, show: Content | (() => Content), note?: string): Node {
  const content = typeof show === 'function' ? attempt(show) : show
  return { label, content, ...(note !== undefined && { note }) }
}

export function attempt(show: () => Content): Content {
  try {
    return show()
  } catch (error) {
    if (!(error instanceof TlogError)) throw error
    return malformed(error.message)
  }
}

export async function attemptAsync(show: () => Promise<Content>): Promise<Content> {
  try {
    return await show()
  } catch (error) {
    if (!(error instanceof TlogError)) throw error
    return malformed(error.message)
  }
}

/** Left out of the short form, unless something in it is malformed. */
export function detail(node: Node): Node {
  return countMalformed(node.content) > 0 ? node : { ...node, isDetail: true }
}

/** Of the parts, all but these are details. */
export function brief(content: Content, ...labels: readonly string[]): Content {
  if (content.kind !== 'parts') return content
  return parts(...content.parts.map((node) => (labels.includes(node.label) ? node : detail(node))))
}

/** Why `parse` refuses, or null where it does not: a strict parser's word on the whole, in front of its parts. */
export function faultOf(parse: () => unknown): Node | null {
  const content = attempt(() => {
    parse()
    return parts()
  })
  return content.kind === 'malformed' ? part('as a whole', content) : null
}

/** How many parts of it are malformed. */
export function countMalformed(content: Content): number {
  const sum = (contents: readonly Content[]) => contents.reduce((count, each) => count + countMalformed(each), 0)
  if (content.kind === 'malformed') return 1
  if (content.kind === 'parts') return sum(content.parts.map((node) => node.content))
  return content.kind === 'list' ? sum(content.items) : 0
}

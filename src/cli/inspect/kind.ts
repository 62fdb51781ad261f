/** What a kind of file is to this command: how it is recognised by its content, and how it becomes a tree. */

import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '../../formats/json.ts'
import { orNull } from '../../formats/located.ts'
import type { ByteSource, Pieces } from '../../formats/model/byte-source.ts'
import { parseUtf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import type { AskLog } from './logged-by.ts'
import type { Show } from './message.ts'
import { attempt, type Content } from './tree.ts'

/** Bytes of the beginning by which a file is recognised, whatever its size. */
export const HEAD_BYTES = 65_536
/** A larger file is not read whole. */
export const WHOLE_BYTES = 32 * 1024 * 1024

export interface Kind {
  /** Stable: `kind` in the JSON form. */
  readonly name: string
  /** As people say it, with its article. */
  readonly title: string
  /** Whose parts a log may know. */
  readonly isModel?: true
  /** By what it is recognised, or null: it is none. */
  recognise(sample: Sample): string | null
  show(sample: Sample): Content | Promise<Content>
}

type Read = Pick<Sample, 'head' | 'tail' | 'whole'>

/** Of parts of the file, in one pass over it; null where nobody asked for them. Once. */
export type Digests = (wanted: readonly Pieces[]) => Promise<readonly Uint8Array[] | null>

/** A file as far as it was read. */
export class Sample {
  readonly source: ByteSource
  readonly digests: Digests
  readonly askLog: AskLog
  /** The first HEAD_BYTES. */
  readonly head: Uint8Array
  /** As many of the end. */
  readonly tail: Uint8Array
  /** Null above WHOLE_BYTES. */
  readonly whole: Uint8Array | null
  #text: string | null | undefined
  #json: JsonValue | TlogError | undefined

  constructor({ source, digests, askLog }: Pick<Sample, 'source' | 'digests' | 'askLog'>, { head, tail, whole }: Read) {
    this.source = source
    this.digests = digests
    this.askLog = askLog
    this.head = head
    this.tail = tail
    this.whole = whole
  }

  get size(): number {
    return this.source.size
  }

  /** All of it, or null where it is too large or not UTF-8. */
  get text(): string | null {
    if (this.#text === undefined) {
      const { whole } = this
      this.#text = whole === null ? null : (orNull(() => parseUtf8(whole)) as string | null)
    }
    return this.#text
  }

  /** An object, or why it cannot be read as one though it begins like one; null: it does not. */
  get json(): JsonObject | TlogError | null {
    if (this.text === null || !/^[\s]*\{/.test(this.text)) return null
    this.#json ??= parseOrError(this.whole ?? new Uint8Array())
    if (this.#json instanceof TlogError) return this.#json
    return isJsonObject(this.#json) ? this.#json : null
  }
}

interface JsonKind {
  readonly name: string
  readonly title: string
  /** Of the document. */
  readonly because: (json: JsonObject) => string | null
  /** Finds it in a document that is damaged, so that the reader hears where. */
  readonly marker: RegExp
  readonly show: Show
}

export function jsonKind({ name, title, because, marker, show }: JsonKind): Kind {
  return {
    name,
    title,
    recognise({ json, text }) {
      if (json === null) return null
      if (!(json instanceof TlogError)) return because(json)
      return marker.test(text ?? '') ? 'a word in it; it is not JSON' : null
    },
    show: ({ json }) =>
      attempt(() => {
        if (json === null || json instanceof TlogError) throw json
        return show(json, '')
      }),
  }
}

/** A media type of a family, as a field of the document. */
export function byMediaType(json: JsonObject, start: string): string | null {
  const { mediaType } = json
  return typeof mediaType === 'string' && mediaType.startsWith(start) ? 'mediaType' : null
}

/** All of these fields are there, by either of protojson's spellings. */
export function byFields(json: JsonObject, ...names: readonly string[]): string | null {
  const snake = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  return names.every((name) => name in json || snake(name) in json) ? names.join(' and ') : null
}

function parseOrError(bytes: Uint8Array): JsonValue | TlogError {
  try {
    return parseJson(bytes)
  } catch (error) {
    if (error instanceof TlogError) return error
    throw error
  }
}

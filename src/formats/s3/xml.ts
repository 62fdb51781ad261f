/** The XML of an S3 API's answers: elements and text, nothing that a document type could bring. Bounded in size, depth and number. */

import { parseUtf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'

export interface Element {
  readonly name: string
  /** Its own text, references resolved, without that of its children. */
  readonly text: string
  readonly children: readonly Element[]
}

interface Open {
  readonly name: string
  text: string
  readonly children: Element[]
}

const MAX_DEPTH = 8
/** A listing of 1000 keys has about ten to a key. */
const MAX_ELEMENTS = 20_000
const NAME = '[A-Za-z_][A-Za-z0-9_.:-]*'
const TOKEN = new RegExp(`<(/?)(${NAME})((?:\\s+${NAME}\\s*=\\s*(?:"[^"<]*"|'[^'<]*'))*)\\s*(/?)>|([^<]+)`, 'y')
const PROLOG = /^\uFEFF?<\?xml [^<>?]*\?>/
const ENTITIES: ReadonlyMap<string, string> = new Map(
  Object.entries({ lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }),
)

/** The root element. @throws TlogError FIELD_INVALID, UTF8_MALFORMED */
export function parseXml(bytes: Uint8Array): Element {
  const text = parseUtf8(bytes)
  const document: Open = { name: '', text: '', children: [] }
  const open: Open[] = [document]
  let count = 0
  for (let at = PROLOG.exec(text)?.[0].length ?? 0; at < text.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at
    const token = TOKEN.exec(text)
    const parent = open.at(-1) as Open // the document itself is never closed
    if (token === null) throw malformed(`cannot be read at character ${at}`)
    const [, closes, name = '', attributes, isEmpty, words] = token
    if (words !== undefined) parent.text += resolve(words)
    else if (closes === '') {
      if (++count > MAX_ELEMENTS || open.length > MAX_DEPTH) throw malformed('too many elements, or too deep')
      const element: Open = { name, text: '', children: [] }
      parent.children.push(element)
      if (isEmpty === '') open.push(element)
    } else {
      if (open.length === 1 || parent.name !== name || attributes !== '' || isEmpty !== '')
        throw malformed(`</${name}> closes nothing`)
      open.pop()
    }
  }
  const [root, ...more] = document.children
  if (open.length > 1 || root === undefined || more.length > 0 || document.text.trim() !== '')
    throw malformed('not one whole element')
  return root
}

/** The text of its only child of this name; null when there is none. @throws TlogError FIELD_INVALID when there are several. */
export function childText(element: Element, name: string): string | null {
  const [found, ...more] = element.children.filter((child) => child.name === name)
  if (more.length > 0) throw malformed(`<${name}> stands there twice`)
  return found?.text ?? null
}

function resolve(words: string): string {
  return words.replaceAll(/&([^;]*;?)/g, (_, reference: string) => {
    const [, decimal, hexadecimal, name = ''] =
      /^(?:#([0-9]{1,7})|#x([0-9A-Fa-f]{1,6})|([a-z]+));$/.exec(reference) ?? []
    const code = decimal === undefined ? Number.parseInt(hexadecimal ?? '', 16) : Number(decimal)
    if (code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff)) return String.fromCodePoint(code)
    const found = ENTITIES.get(name)
    if (found === undefined) throw malformed('a reference that there is not')
    return found
  })
}

function malformed(why: string): TlogError {
  return new TlogError('FIELD_INVALID', `XML: ${why}`)
}

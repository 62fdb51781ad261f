/** docs/clients.md as a program: its fenced blocks by name, which is what stands behind the language. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../support.ts'

export interface Block {
  readonly language: string
  readonly name: string
  readonly text: string
}

/** What the document calls the server. */
export const DOCUMENT_URL = 'http://localhost:3000'

export const BLOCKS = blocksOf(readFileSync(join(ROOT, 'docs/clients.md'), 'utf8'))

/** The text of the only block of that name. @throws Error when there is another number of them. */
export function blockText(name: string): string {
  const [block, ...more] = BLOCKS.filter((each) => each.name === name)
  if (block === undefined || more.length > 0)
    throw new Error(`docs/clients.md has ${more.length} blocks more than one of ${name}`)
  return block.text
}

function blocksOf(markdown: string): Block[] {
  const fences = markdown.matchAll(/^```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm)
  return [...fences].map(([, language = '', name = '', text = '']) => ({ language, name, text }))
}

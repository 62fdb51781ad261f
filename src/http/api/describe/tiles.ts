/** What the document says of checkpoint and tiles, below each prefix that means a log. */

import type { Description } from '../openapi.ts'
import { NOTES, refused } from './examples.ts'

const tag = 'tiles'
const NAMES: Readonly<Record<string, string>> = { '': '', '/api/v2': 'RekorV2', '/logs/:log': 'Log' }
const MEANT: Readonly<Record<string, string>> = {
  '/logs/:log': 'Of the named log.',
}
const BY_HOST = "Of the Rekor v2 log whose origin is the request's host name, else of the first one."

export function describeCheckpoint(prefix: string): Description {
  return {
    operationId: `get${nameOf(prefix)}Checkpoint`,
    tag,
    summary: 'The newest checkpoint',
    description: `${MEANT[prefix] ?? BY_HOST} A signed note (c2sp.org/tlog-checkpoint).`,
    answers: { 200: { description: 'The note.', type: 'text/plain', schema: { type: 'string' } } },
    errors: { 404: 'There is no such log, or it has published nothing yet.' },
    examples: {
      newest: { status: 200, ...parameters(prefix, {}), answer: { value: NOTES[1] } },
    },
  }
}

export function describeTile(prefix: string): Description {
  const at = (path: string) => parameters(prefix, { path })
  return {
    operationId: `get${nameOf(prefix)}Tile`,
    tag,
    summary: 'A tile of hashes, or a bundle of entries',
    description: `${MEANT[prefix] ?? BY_HOST} As in c2sp.org/tlog-tiles, of what is published; never changes.`,
    answers: {
      200: {
        description: 'Hashes of 32 bytes, or entries with their lengths.',
        type: 'application/octet-stream',
        schema: null,
      },
    },
    errors: { 400: 'The path is not the one spelling of a tile.', 404: 'There is no such log, or no such tile yet.' },
    examples: {
      hashes: { status: 200, ...at('0/000.p/2'), answer: { summary: 'Two hashes, 64 bytes.' } },
      entries: { status: 200, ...at('entries/000.p/2'), answer: { summary: 'Two entries, each after its length.' } },
      notYet: refused(404, 'NOT_FOUND', 'the published tree has no such tile', at('0/x001/000').parameters),
      badPath: refused(400, 'TILE_PATH_MALFORMED', 'not a tile path: "tile/0/0"', at('0/0').parameters),
    },
  }
}

function nameOf(prefix: string): string {
  return NAMES[prefix] ?? prefix
}

function parameters(prefix: string, own: Readonly<Record<string, string>>) {
  return { parameters: prefix.includes(':log') ? { log: 'v2', ...own } : own }
}

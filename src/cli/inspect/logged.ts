/** What a log that is asked has about a part of a model. Who signed is as the entry says: whether to believe it, `verify` tells. */

import { hex } from '../../kernel/bytes.ts'
import { measure, type SeenEntry } from '../look/entry.ts'
import { type EntryPlace, placesOf } from '../look/fetch.ts'
import { judge } from '../look/judged.ts'
import { fitsByItself } from '../look/query.ts'
import type { AskedServer } from '../look/server.ts'
import type { AskLog } from './logged-by.ts'
import { showBody } from './show-body.ts'
import { type Content, list, type Node, number, part, parts, text, word } from './tree.ts'

/** Entries of one part that are looked at. */
const MOST = 20
/** What an entry shows of its signer. */
const SIGNER = ['public key', 'certificate', 'signatures']

/** @throws TlogError SERVICE_UNREACHABLE, SERVICE_REFUSED */
export function askLog(asked: AskedServer): AskLog {
  return async (digest) => {
    if (digest === null || digest === undefined) return null
    const shown: Content[] = []
    let isLogged = false
    for await (const place of placesOf({ kind: 'digest', digest: `sha256:${hex(digest)}` }, asked)) {
      const { content, isGood } = await look(place, hex(digest), asked)
      shown.push(content)
      isLogged ||= isGood
      if (shown.length === MOST) break
    }
    return {
      isLogged,
      node: part(
        'logged',
        list(shown, (content) => content),
        shown.length === 0 ? NONE : undefined,
      ),
    }
  }
}

const NONE = 'the server shows no entry about it, which proves nothing'

async function look(
  place: EntryPlace,
  digest: string,
  asked: AskedServer,
): Promise<{ readonly content: Content; readonly isGood: boolean }> {
  const { outcome, shown, error } = await judge(asked.logs !== null, async () => {
    const entry = await measure(await place.read(), asked.logs)
    return { entry, fits: fitsByItself(entry.body, { hash: `sha256:${digest}`, operator: 'or' }) }
  })
  const isGood = outcome === 'verified' && shown?.fits === true
  const said = outcome === 'verified' && shown?.fits === false ? SERVERS_WORD : OUTCOMES[outcome]
  const content = parts(
    part('entry', text(place.name)),
    part('outcome', word(said)),
    error === null ? null : part('why', text(`${error.code}: ${error.message}`)),
    ...(shown === null ? [] : entryNodes(shown.entry)),
  )
  return { content, isGood }
}

const SERVERS_WORD = 'in the log; that it is about this is the word of the server'
const OUTCOMES = {
  verified: 'in the log, and about this',
  unchecked: 'as the server says: nothing was named to trust (--trusted-root, --policy)',
  'not verified': 'NOT in the log as it says',
  undetermined: 'could not be determined',
} as const

function entryNodes({ index, inclusion, body }: SeenEntry): Node[] {
  const shown = showBody(body)
  const signer = shown.kind === 'parts' ? shown.parts.filter(({ label }) => SIGNER.includes(label)) : []
  return [part('log', text(inclusion.origin)), part('index', number(index)), ...signer]
}

/** What the log answers is read as it was meant: writer and reader are each other's inverse. */

import t from 'tap'
import { logEntry } from '../../../src/dialects/rekor-v1/respond.ts'
import { parseCheckpoint } from '../../../src/formats/c2sp/checkpoint.ts'
import { parseNote } from '../../../src/formats/c2sp/note.ts'
import { parseJson } from '../../../src/formats/json.ts'
import { parseLogEntryV1 } from '../../../src/formats/sigstore/read-log-entry-v1.ts'
import { parseTreeOrigin } from '../../../src/formats/sigstore/tree-id.ts'
import { unixMillis } from '../../../src/kernel/brand.ts'
import { utf8 } from '../../../src/kernel/bytes.ts'
import { leafHash } from '../../../src/kernel/hash.ts'
import { recorded } from '../../formats/sigstore/log-entry-v1.ts'

t.test('entries of the public log, with and without what was attested', async (t) => {
  for (const name of ['happy-path-v0.3', 'managed-key-happy-path', 'happy-path-intoto-in-dsse-v3'])
    for (const attestation of [null, utf8('attested')]) {
      const [entry] = recorded(name).entries
      if (entry?.proof?.checkpoint == null || entry.promise === null) throw new Error('an entry with proof and promise')
      const { body, logId, promise, proof } = entry
      const note = utf8(entry.proof.checkpoint)
      const tree = { ...parseTreeOrigin(parseCheckpoint(parseNote(note).text).origin), spki: new Uint8Array(), logId }
      const proven = {
        ...{
          leaf: body,
          hash: leafHash(body),
          index: proof.index,
          time: unixMillis(entry.integratedTime * 1000 + 999),
        },
        ...{ size: proof.size, root: proof.root, path: proof.path, note },
      }
      const entriesBefore = entry.index - proof.index
      const answer = await logEntry(proven, { tree, entriesBefore, promise: async () => promise, attestation })
      t.same(parseLogEntryV1(parseJson(utf8(JSON.stringify(answer)))), entry, name)
    }
})

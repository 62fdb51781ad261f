/** Entries of the public Rekor v1 log, as it answers, under Sigstore's own trusted root. */

import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { closeCrypto } from '../../../src/crypto/node.ts'
import { command } from '../support.ts'
import { CONFORMANCE, conformanceFlags } from '../verify/conformance-flags.ts'
import { realEntry, realRekor } from '../verify/real-rekor.ts'

t.teardown(closeCrypto)

const NAMES = ['happy-path-v0.3', 'happy-path-intoto-in-dsse-v3', 'managed-key-happy-path'] as const
const entries = NAMES.map(realEntry)
const root = conformanceFlags(NAMES[0]).flags.slice(2, 4)
const { url } = await realRekor(t, new Map(entries.map(({ id, value }) => [id, value])))
const DIGEST = `sha256:${hash('sha256', readFileSync(join(CONFORMANCE, 'a.txt')))}`

const asked = async (...argv: string[]) => {
  const { code, printed, warned } = await command([...argv, '--url', url, ...root, '--json'])
  return {
    code,
    warned,
    lines: printed
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line)),
  }
}

t.test('get', async (t) => {
  for (const { id, value } of entries) {
    const { logIndex, integratedTime } = value
    const entry = { index: logIndex, leaf: id.slice(16), promised: integratedTime * 1000 }
    t.match(await asked('get', id), { code: 0, warned: '', lines: [{ outcome: 'verified', entry }] })
  }
  const found = await asked('get', DIGEST)
  t.match(found, { code: 0, lines: entries.map(() => ({ outcome: 'verified' })) })
})

t.test('search', async (t) => {
  const { code, lines } = await asked('search', DIGEST)
  t.equal(code, 0)
  // The statement is about the file, and its entry has the statement's hash alone.
  const fits = ['leaf', 'server', 'leaf']
  t.match(lines, [...entries.map(({ id }, at) => ({ entry: id, outcome: 'verified', fits: fits[at] })), { count: 3 }])
})

t.test('loginfo', async (t) => {
  const { treeSize } = entries[0]?.value.verification.inclusionProof ?? {}
  t.match(await asked('loginfo'), {
    code: 0,
    lines: [
      {
        server: 'rekor-v1',
        logs: [{ outcome: 'verified', head: { origin: /^rekor\.sigstore\.dev - /, size: treeSize } }],
      },
    ],
  })
})

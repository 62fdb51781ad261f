/**
 * For one valid bundle of each kind: no bit of a decoded field can be flipped, no field removed, no two fields taken from
 * another valid bundle. What can be stands in not-authenticated.ts with its reason, which docs/verify.md tells. Here long
 * fields and pairs are sampled; `npm run mutations` flips every bit and swaps every pair, and with a word behind it only
 * those of bundles whose name has it.
 */

import { readFileSync } from 'node:fs'
import { argv, env } from 'node:process'
import t from 'tap'
import { configureCrypto } from '../../src/crypto/node.ts'
import { type Bundle, parseSigstoreBundle } from '../../src/formats/sigstore/bundle.ts'
import { utf8 } from '../../src/kernel/bytes.ts'
import { verifyBundle } from '../../src/verify/bundle.ts'
import { type BundleJson, KINDS, type Kind } from './kinds.ts'
import { flips, leaves, removals, replaced } from './mutations.ts'
import { type Change, reasonOf } from './not-authenticated.ts'
import { remembered } from './remembered.ts'
import { codeOf } from './support.ts'

const isFull = env.COLOPHON_FULL_MUTATIONS === '1'
t.setTimeout(isFull ? 4 * 3_600_000 : 120_000)
/** At most so many changes of a field; pairs of fields at most of a bundle. */
const [FLIPS, PAIRS] = isFull ? [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY] : [10, 50]

/** What the parser adds and no bundle says. */
const MADE = ['version', 'material.kind', 'content.kind']
const told = new Set<string>()
const totals = { flips: 0, removals: 0, pairs: 0 }

const parse = (json: object) => parseSigstoreBundle(utf8(JSON.stringify(json)))

const [, , word = ''] = argv
const chosen = KINDS.filter(({ name }) => name.includes(word))

configureCrypto({ workers: 0 }) // one check at a time: a thread would be waited for

for (const { trust, ...rest } of chosen)
  t.test(rest.name, async (t) => {
    const kind = { ...rest, trust: { ...trust, abilities: remembered(trust.abilities, trust.root) } }
    const { times } = await verifyBundle(parse(kind.json), kind.artifact, kind.trust)
    const isStamped = times.some(({ source }) => source === 'timestamp authority')
    t.same(await survivors(kind, isStamped), [], 'nothing survives that has no reason')
  })

t.test('every reason is told in docs/verify.md, and it tells no other', async (t) => {
  const docs = readFileSync(new URL('../../docs/verify.md', import.meta.url), 'utf8')
  const [, section = ''] = docs.split('## What is not authenticated')
  const [list = ''] = section.split('\n## ')
  const listed = [...list.matchAll(/^- \*\*(.+?)\*\*/gm)].map(([, reason = '']) => reason)
  t.same(
    [...told].filter((reason) => !listed.includes(reason)),
    [],
  )
  if (chosen.length === KINDS.length) t.same(listed.sort(), [...told].sort())
  t.comment(
    `${chosen.length} bundles: ${totals.flips} flipped bits, ${totals.removals} removals, ${totals.pairs} pairs`,
  )
})

/** Changes under which the bundle still verifies and for which there is no reason; reasons found are noted. */
async function survivors(kind: Kind, isStamped: boolean): Promise<string[]> {
  const found: string[] = []
  const look = async (change: Change, read: () => Bundle) => {
    if ((await codeOf(() => verifyBundle(read(), kind.artifact, kind.trust))) !== 'ok') return
    const sides = { before: parse(kind.json), after: read(), policy: kind.trust.policy, isStamped }
    const reason = reasonOf(change, sides)
    if (reason === null) found.push(`${change.how} ${change.fields.join(', ')} ${change.bit}`)
    else told.add(reason)
  }
  await flipAll(kind, look)
  await removeAll(kind, look)
  if (kind.other !== null) await swapPairs(kind, kind.other, look)
  return found
}

type Look = (change: Change, read: () => Bundle) => Promise<void>

async function flipAll({ json }: Kind, look: Look): Promise<void> {
  for (const { field, bit, value } of flips(parse(json), { made: MADE, most: FLIPS })) {
    totals.flips += 1
    await look({ how: 'flipped', fields: [field], bit }, () => value)
  }
  const { mediaType, ...rest } = json
  for (const { field, bit, value } of flips({ mediaType }, { made: [], most: Number.POSITIVE_INFINITY })) {
    totals.flips += 1
    await look({ how: 'flipped', fields: [field], bit }, () => parse({ ...rest, ...value }))
  }
}

async function removeAll({ json }: Kind, look: Look): Promise<void> {
  for (const { field, json: shorter } of removals(json)) {
    totals.removals += 1
    await look({ how: 'removed', fields: [field], bit: 0 }, () => parse(shorter as BundleJson))
  }
}

/** A pair of a field with itself is that field alone. */
async function swapPairs({ json }: Kind, other: BundleJson, look: Look): Promise<void> {
  const bundle = parse(json)
  const theirs = new Map([...leaves(parse(other))].map(([path, leaf]) => [path.join('.'), leaf]))
  const fields = [...leaves(bundle)].filter(([path, leaf]) => {
    const field = path.join('.')
    return !MADE.includes(field) && theirs.has(field) && JSON.stringify(theirs.get(field)) !== JSON.stringify(leaf)
  })
  const pairs = fields.flatMap(([a], i) => fields.slice(i).map(([b]) => [a, b] as const))
  const step = Math.max(1, Math.ceil(pairs.length / PAIRS))
  for (const pair of pairs.filter((_, i) => i % step === 0)) {
    totals.pairs += 1
    const swapped = pair.reduce((value, path) => replaced(value, path, theirs.get(path.join('.'))), bundle)
    await look({ how: 'swapped', fields: pair.map((path) => path.join('.')), bit: 0 }, () => swapped)
  }
}

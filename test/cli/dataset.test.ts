import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { command, scratch } from './support.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

function corpus(t: { teardown(end: () => unknown): void }) {
  const folder = scratch(t)
  const at = (name: string) => join(folder, name)
  mkdirSync(at('corpus/docs'), { recursive: true })
  for (const i of [0, 1, 2]) writeFileSync(at(`corpus/docs/${i}.txt`), `document ${i}\n`)
  return at
}

t.test('a directory becomes a manifest, inside it too, and its digests', async (t) => {
  const at = corpus(t)
  const done = await command(['dataset', 'snapshot', at('corpus'), '--manifest', at('corpus/manifest.jsonl')])
  t.equal(done.code, 0, done.warned)
  t.match(done.printed, /^manifest .*\nsha256 {4}1e44c4d3033b0f6b/)
  t.match(done.printed, 'documents 3, of 33 bytes')
  t.match(
    done.printed,
    /by path {3}ad9662770e0603802f00b9988214b58ccfc9ad32ab734439a444514d2166b03d \(rfc6962_sha256\)/,
  )
  const again = await command(['dataset', 'snapshot', at('corpus/manifest.jsonl'), '--json'])
  t.match(JSON.parse(again.printed), { documents: 3, bytes: 33, salted: false, dirHash: /^0128bd8d/, ignored: [] })
})

t.test('in it, or not: shown, and seen by who knows a root', async (t) => {
  const at = corpus(t)
  const json = async (...words: string[]) => JSON.parse((await command(['dataset', ...words, '--json'])).printed)
  const manifest = at('manifest')
  const roots = await json('snapshot', at('corpus'), '--manifest', manifest, '--ignore', 'docs/2.txt')
  t.match(roots, { documents: 2, ignored: ['docs/2.txt'] })
  t.match(await json('prove', manifest, at('corpus/docs/1.txt'), '--out', at('in')), { shows: 'included', index: 1 })
  t.match(await json('prove', manifest, at('corpus/docs/2.txt'), '--out', at('out')), { shows: 'absent' })
  const byPath = ['--root', `rfc6962_sha256:${roots.rfc6962_sha256}`, '--size', '2']
  const byDigest = ['--root', `rfc6962_sha256_sorted:${roots.rfc6962_sha256_sorted}`, '--size', '2']
  const verify = (proof: string, document: string, root: string[]) =>
    command(['dataset', 'verify', at(proof), document, ...root])
  t.match(await verify('in', at('corpus/docs/1.txt'), byPath), {
    code: 0,
    printed: /^VERIFIED .*is among the 2 documents, as docs\/1\.txt \(number 1\)\n.*for the root that you gave/,
  })
  t.match(await verify('out', `sha256:${sha256('document 2\n')}`, byDigest), {
    code: 0,
    printed: /is NOT among the 2 documents/,
  })
  t.match(await verify('in', at('corpus/docs/0.txt'), byPath), { code: 1, printed: /ARTIFACT_MISMATCH/ })
  t.match(await verify('in', at('corpus/docs/1.txt'), byDigest), { code: 3, warned: /CHECK_UNAVAILABLE/ })
  const other = ['--root', `rfc6962_sha256:${sha256('x')}`, '--size', '2']
  t.match(await verify('in', at('corpus/docs/1.txt'), other), { code: 1, printed: /NOT VERIFIED {2}PROOF_INVALID/ })
  const printed = await command(['dataset', 'prove', manifest, at('corpus/docs/1.txt')])
  t.equal(printed.printed, readFileSync(at('in'), 'utf8'), 'without a file it is printed')
})

t.test('salted: a manifest of secrets, for its owner alone', async (t) => {
  const at = corpus(t)
  const words = ['dataset', 'snapshot', at('corpus'), '--salted', '--manifest']
  const first = await command([...words, at('a')])
  t.match(first, { code: 0, printed: /salted .*keep it/ }, first.warned)
  t.notMatch(first.printed, /dirHash/)
  if (process.platform !== 'win32') t.equal(statSync(at('a')).mode & 0o077, 0)
  await command([...words, at('b')])
  const root = async (manifest: string) =>
    JSON.parse((await command(['dataset', 'snapshot', at(manifest), '--json'])).printed).rfc6962_sha256
  t.not(await root('a'), await root('b'), 'the same documents, and nobody can tell')
  await command(['dataset', 'prove', at('a'), at('corpus/docs/1.txt'), '--out', at('proof')])
  const known = ['--root', `rfc6962_sha256:${await root('a')}`, '--size', '3']
  t.match(await command(['dataset', 'verify', at('proof'), at('corpus/docs/1.txt'), ...known]), { code: 0 })
})

t.test('wrong use', async (t) => {
  const at = corpus(t)
  writeFileSync(at('file'), 'x\n')
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [[], 2, /snapshot, prove or verify/],
    [['snapshot'], 2, /one DIR or MANIFEST/],
    [['snapshot', at('none')], 2, /there is no/],
    [['snapshot', at('corpus')], 2, /--manifest: missing/],
    [['snapshot', at('file'), '--salted'], 2, /--salted: is for a DIR/],
    [['snapshot', at('file')], 3, /FIELD_INVALID: .*line 1/],
    [['snapshot', at('corpus'), '--manifest', at('file')], 2, /is there already/],
    [['snapshot', at('corpus'), '--manifest', at('m'), '--ignore', 'no'], 2, /there is no "no"/],
    [['prove', at('file')], 2, /FILE or sha256:HEX is missing/],
    [['prove', at('file'), 'sha256:ab'], 2, /64 lowercase hex/],
    [['prove', at('file'), at('none')], 2, /is no file/],
    [['verify', at('file'), at('file'), '--root', 'sha256:ab'], 2, /--root: [\s\S]*--size/],
    [['verify', at('file'), at('file')], 2, /--bundle: or --root[\s\S]*say who must have signed[\s\S]*--trusted-root/],
    [['verify', at('file'), at('file'), '--root', 'x', '--size', '1', '--key', 'k'], 2, /--key: not together/],
  ]
  for (const [words, code, warned] of cases)
    t.match(await command(['dataset', ...words]), { code, warned }, words.join(' '))
})

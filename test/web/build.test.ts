import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { BUDGETS, buildWeb } from '../../scripts/build-web.ts'

const folder = t.testdir()
const { sizes, html } = await buildWeb(join(folder, 'web'))

t.test('keys, notes, proofs and streaming SHA-256 take at most 25 kB of gzip', async (t) => {
  t.ok(
    sizes['proofs.js'] <= BUDGETS['proofs.js'] && BUDGETS['proofs.js'] <= 25_000,
    `proofs.js with all that it imports at once: ${sizes['proofs.js']} bytes`,
  )
  t.ok(sizes['proofs.js'] > 10_000, 'and its chunks are counted')
  t.ok(sizes['verify.js'] <= BUDGETS['verify.js'], `verify.js: ${sizes['verify.js']} bytes`)
})

t.test('the modules work as they are', async (t) => {
  const proofs = await import(join(folder, 'web', 'proofs.js'))
  const verify = await import(join(folder, 'web', 'verify.js'))
  for (const name of ['digestBlob', 'openCheckpoint', 'parsePolicy', 'parseSpki', 'verifyDigest', 'verifyTlogProof'])
    t.type(proofs[name], 'function', name)
  for (const name of ['digestBlob', 'openTileReader', 'parseSigstoreBundle', 'verifyBundle'])
    t.type(verify[name], 'function', name)
  t.equal(proofs.TlogError, verify.TlogError, 'they share what they have in common')
  const digests = await proofs.digestBlob(new Blob(['abc']), new Set(['SHA2_256']))
  t.match(Buffer.from(digests.get('SHA2_256')).toString('hex'), /^ba7816bf8f01cfea/)
})

t.test('the page allows exactly what is in it', async (t) => {
  const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
  const [, csp = ''] = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(html) ?? []
  const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(html) ?? []
  const scripts = [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, text = '']) => text)
  t.equal(scripts.length, 1)
  t.same(csp.split('; '), [
    "default-src 'none'",
    `script-src ${hashOf(scripts[0] ?? '')} 'wasm-unsafe-eval'`,
    `style-src ${hashOf(style)}`,
    'worker-src blob:',
    "base-uri 'none'",
    "form-action 'none'",
  ])
  t.notMatch(html, /\s(?:src|href|style|on\w+)=/i, 'nothing inline, nothing from elsewhere')
  for (const name of ['noble-curves', 'noble-ed25519', 'noble-post-quantum', 'hash-wasm'])
    t.match(html, `${name} - MIT License`, 'the notice goes along')
  t.notMatch(html, /innerHTML|insertAdjacentHTML|document\.write|eval\(|new Function/, 'no text becomes markup or code')
})

t.test('two builds are the same bytes', async (t) => {
  await buildWeb(join(folder, 'again'))
  for (const name of ['verify.html', 'verify.js', 'proofs.js'])
    t.equal(readFileSync(join(folder, 'again', name), 'utf8'), readFileSync(join(folder, 'web', name), 'utf8'), name)
})

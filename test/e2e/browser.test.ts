/** The page that verifies, opened from the disk in Chromium: verdicts, a file larger than it may hold, and no request. */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { buildWeb } from '../../scripts/build-web.ts'
import { sourceOf } from '../../src/formats/model/byte-source.ts'
import { pieced } from '../../src/formats/model/pieces.ts'
import { addSlot } from '../../src/formats/model/slot.ts'
import { formatSlotLines } from '../../src/formats/model/slot-lines.ts'
import { formatPem } from '../../src/formats/pki/pem.ts'
import { formatTrustedRoot } from '../../src/formats/sigstore/trusted-root.ts'
import { utf8 } from '../../src/kernel/bytes.ts'
import { POLICY, SIGNER, signedOver } from '../cli/verify/desk.ts'
import { bytesOf, TOY_GGUF, toyLlamafile } from '../formats/model/make-llamafile.ts'
import { ROOT as ROOT_OF_TRUST } from '../verify/made.ts'
import { Page } from './browser/devtools.ts'
import { type Evidence, makeEvidence } from './browser/evidence.ts'
import { ROOT, scratch } from './support.ts'

t.setTimeout(10 * 60_000)

const LARGE = 1_000_000_000
const MAX_MEMORY = 150_000_000
/** Milliseconds between two frames, mostly, and at worst on a machine that is busy; a page that hashed by itself would stop for all the time. */
const USUAL_GAP = 50
const MAX_GAP = 3000
/** Where pictures go, if anywhere. */
const PICTURES = process.env.COLOPHON_E2E_PICTURES

const WIDE = { width: 1100, height: 900 }
const NARROW = { width: 390, height: 844 }
const DONE =
  "document.querySelector('.verdict, #status:not(:empty)') !== null && document.querySelector('#work').hidden"

const folder = await scratch(t)
const html = join(folder, 'web', 'verify.html')
await buildWeb(join(folder, 'web'))
const given: Evidence = await makeEvidence(join(folder, 'large'), LARGE)
const small: Evidence = await makeEvidence(join(folder, 'small'), 3_000_000)

const text = (selector: string) => `(document.querySelector(${JSON.stringify(selector)})?.innerText ?? '')`

/** A page with these files dropped on it, a policy last, verified. */
async function verified(...files: readonly string[]): Promise<Page> {
  const page = await Page.open(pathToFileURL(html).href)
  t.teardown(() => page.close())
  await page.drop('#drop', ...files)
  await page.until("document.querySelector('#policy').value !== ''")
  await verify(page)
  return page
}

async function verify(page: Page): Promise<void> {
  await page.evaluate("document.querySelector('#verify').click()")
  await page.until(DONE, 120_000)
}

async function picture(page: Page, name: string): Promise<void> {
  if (PICTURES === undefined) return
  for (const [look, size, scheme] of [
    ['light', WIDE, 'light'],
    ['dark', WIDE, 'dark'],
    ['narrow', NARROW, 'light'],
  ] as const) {
    await page.look(size, scheme)
    await sleep(300) // until nothing fades any more
    writeFileSync(join(PICTURES, `${name}-${look}.png`), await page.screenshot())
  }
}

/** The document itself, and workers out of it. */
const foreign = (page: Page) =>
  page.requests.filter((url) => url !== pathToFileURL(html).href && !/^blob:(?:null|file:\/\/)\//.test(url))

t.test('a file of 1 GB, with a quorum of two witnesses, one of them ML-DSA-44', async (t) => {
  const page = await Page.open(pathToFileURL(html).href)
  t.teardown(() => page.close())
  await picture(page, 'empty')
  await page.drop('#drop', given.file, given.bundle, given.key, given.root, given.policy)
  await page.until(`document.querySelector('#policy').value !== ''`)
  await page.evaluate(`window.gaps = []; (() => { let last = performance.now()
    const frame = (now) => { gaps.push(now - last); last = now; requestAnimationFrame(frame) }
    requestAnimationFrame(frame) })()`)
  const idle = page.rendererMemory()
  const start = performance.now()
  await page.evaluate("document.querySelector('#verify').click()")
  let peak = 0
  const done = page.until(DONE, 180_000).then(() => true)
  while (!(await Promise.race([done, sleep(50)]))) peak = Math.max(peak, page.rendererMemory())
  const ms = performance.now() - start
  t.equal(await page.evaluate(text('.verdict h2')), 'Verified')
  t.match(await page.evaluate(text('.verdict')), /Witness\s+first, .*\s+Witness\s+second, /)
  const gaps: number[] = await page.evaluate('gaps')
  const worst = Math.max(...gaps)
  const usual = gaps.toSorted((a, b) => a - b)[gaps.length >> 1] ?? 0
  t.ok(
    peak < MAX_MEMORY,
    `renderers take ${Math.round(peak / 1e6)} MB at most (private; ${Math.round(idle / 1e6)} MB before)`,
  )
  t.ok(usual < USUAL_GAP, `a frame each ${Math.round(usual)} ms, mostly`)
  t.ok(worst < MAX_GAP, `the longest time without a frame is ${Math.round(worst)} ms`)
  t.equal(await page.evaluate('document.activeElement.tagName'), 'H2', 'the verdict has the focus')
  t.same(foreign(page), [], 'nothing is asked of the network')
  t.ok(
    page.requests.some((url) => url.startsWith('blob:')),
    'and what is asked would be seen',
  )
  t.same(page.errors, [])
  const rate = Math.round(LARGE / 1000 / ms)
  t.comment(
    `${Math.round(ms)} ms for 1 GB, ${rate} MB/s; ${gaps.length} frames, longest gap ${Math.round(worst)} ms; ${Math.round(peak / 1e6)} MB; ${page.rendererCpu().toFixed(1)} s of processor`,
  )
  await picture(page, 'verified')
})

t.test('a file with one byte changed', async (t) => {
  const page = await verified(small.tampered, small.bundle, small.key, small.root, small.policy)
  t.equal(await page.evaluate(text('.verdict h2')), 'Not verified')
  t.match(await page.evaluate(text('.verdict')), /ARTIFACT_MISMATCH/)
  t.equal(await page.evaluate("document.querySelector('.verdict').className"), 'verdict no')
  t.same(foreign(page), [])
  await picture(page, 'refused')
})

/** The page's verdict on a model that lies beside its bundle. */
async function modelJudged(name: string, file: Uint8Array, bundle: Uint8Array) {
  const written = Object.entries({
    [name]: file,
    [`${name}.sigstore.json`]: bundle,
    'signer.pub': formatPem(SIGNER.spki, 'PUBLIC KEY'),
    'trusted_root.json': formatTrustedRoot(ROOT_OF_TRUST),
    'witness.policy': POLICY,
  }).map(([each, content]) => {
    writeFileSync(join(folder, each), content)
    return join(folder, each)
  })
  const page = await verified(...written)
  t.equal(await page.evaluate(text('.verdict h2')), 'Verified')
  t.same(page.errors, [])
  return page
}

t.test('a model that carries a slot is judged without it', async (t) => {
  const bundle = utf8(JSON.stringify(await signedOver(TOY_GGUF)))
  const toy = sourceOf(TOY_GGUF)
  const slotted = await bytesOf(pieced(toy, (await addSlot(toy, formatSlotLines(bundle, null))).pieces))
  const page = await modelJudged('toy.gguf', slotted, bundle)
  t.match(await page.evaluate(text('.verdict')), /Slot\s+[0-9,]+ bytes in the file are no part of what is judged/)
  t.match(
    await page.evaluate(text('.verdict')),
    /Only claimed, by the file itself: general\.architecture, general\.name/,
  )
})

t.test('of a llamafile it is said what decides at run time', async (t) => {
  const file = await toyLlamafile({ args: '-m\ntoy-F16.gguf\n--host\n$HOST\n' })
  const page = await modelJudged('toy.llamafile', file, utf8(JSON.stringify(await signedOver(file))))
  const said = await page.evaluate(text('.verdict'))
  for (const what of [
    /-m toy-F16\.gguf: a file of that name beside it/,
    /--host \$HOST: others may/,
    /from the environment/,
  ])
    t.match(said, what)
  t.match(said, /Only claimed, by the file itself: toy-F16\.gguf: general\.architecture/)
  await picture(page, 'llamafile')
})

t.test('a certificate is never a yes', async (t) => {
  const folder = join(ROOT, 'test/vectors/sigstore-conformance')
  const page = await Page.open(pathToFileURL(html).href)
  t.teardown(() => page.close())
  await page.setFiles('#file-input', join(folder, 'bundle-verify/a.txt'))
  await page.setFiles('#bundle-input', join(folder, 'bundle-verify/happy-path-v0.3/bundle.sigstore.json'))
  await page.setFiles('#root-input', join(folder, 'trusted_root.public-good.json'))
  const signer = {
    identity:
      'https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main',
    issuer: 'https://token.actions.githubusercontent.com',
  }
  await page.evaluate("document.querySelector('#by-identity').click()")
  for (const [id, value] of Object.entries(signer))
    await page.evaluate(`document.querySelector('#${id}').value = ${JSON.stringify(value)}`)
  await page.until("document.querySelector('#root').value !== ''")
  await verify(page)
  t.equal(await page.evaluate(text('.verdict h2')), 'Undetermined')
  t.equal(await page.evaluate("document.querySelector('.verdict').className"), 'verdict open')
  const said = await page.evaluate(text('.gaps'))
  for (const what of [/authority/, /certificate log/, /valid when/]) t.match(said, what)
  t.same(foreign(page), [])
  t.same(page.errors, [])
  await picture(page, 'certificate')
})

t.test('a proof', async (t) => {
  const page = await verified(small.entry, small.proof, small.logPolicy)
  t.equal(await page.evaluate(text('.verdict h2')), 'Verified')
  t.match(await page.evaluate(text('.verdict')), /index 1 in a tree of 3/)
  await page.look(NARROW, 'dark')
  t.equal(await page.evaluate('document.documentElement.scrollWidth'), NARROW.width, 'it fits on a phone')
  const colors = await page.evaluate('getComputedStyle(document.body).backgroundColor')
  await page.look(NARROW, 'light')
  t.not(await page.evaluate('getComputedStyle(document.body).backgroundColor'), colors, 'and has a dark side')
  await picture(page, 'proof')
})

t.test('cancelled, then by keyboard alone', async (t) => {
  const page = await Page.open(pathToFileURL(html).href)
  t.teardown(() => page.close())
  await page.drop('#drop', given.file, given.bundle, given.key, given.root)
  await page.until(`document.querySelector('#root').value !== '' && document.querySelector('#key').value !== ''`)
  await page.evaluate("document.querySelector('#verify').click()")
  await page.until(`/B of 1\\.0 GB, .+B\\/s, \\d+ (?:s|min) left/.test(${text('#rate')})`)
  await picture(page, 'hashing')
  await page.evaluate("document.querySelector('#cancel').focus()")
  await page.press('Enter')
  await page.until(`${text('#status')} === 'Cancelled. Nothing was decided.'`)
  t.equal(await page.evaluate("document.querySelector('.verdict') === null"), true)
  await page.setFiles('#file-input', small.entry)
  await page.evaluate("document.querySelector('#policy').focus()")
  await page.press('Tab')
  t.equal(await page.evaluate('document.activeElement.id'), 'verify')
  await page.press('Enter')
  await page.until(DONE)
  t.match(await page.evaluate(text('.verdict')), /ARTIFACT_MISMATCH/)
})

t.test('markup in names and messages is text', async (t) => {
  const page = await Page.open(pathToFileURL(html).href)
  t.teardown(() => page.close())
  const evil = join(folder, '<img src=x onerror=alert(1)>')
  writeFileSync(evil, 'x')
  const bundle = readFileSync(small.bundle, 'utf8').replace('"hashedrekord"', '"<img src=x onerror=alert(1)>"')
  writeFileSync(`${evil}.sigstore.json`, bundle)
  await page.drop('#drop', evil, `${evil}.sigstore.json`, small.key, small.root)
  await page.until(`document.querySelector('#root').value !== '' && document.querySelector('#key').value !== ''`)
  await verify(page)
  t.equal(await page.evaluate("document.querySelectorAll('img').length"), 0)
  t.match(await page.evaluate(text('.verdict')), /Not verified/)
  t.same(page.errors, [], 'not even an attempt that the policy had to stop')
})

t.test('what is missing is said', async (t) => {
  const page = await Page.open(pathToFileURL(html).href)
  t.teardown(() => page.close())
  const asked = async () => {
    await verify(page)
    return page.evaluate(text('#status'))
  }
  t.match(await asked(), /Choose the file/)
  await page.setFiles('#file-input', small.entry)
  t.match(await asked(), /bundle or the proof/)
  await page.setFiles('#bundle-input', small.bundle)
  t.match(await asked(), /trusted root/)
  await page.setFiles('#root-input', small.root)
  await page.until("document.querySelector('#root').value !== ''")
  t.match(await asked(), /who must have signed/)
  await page.evaluate("document.querySelector('#key').value = 'no key'")
  await verify(page)
  t.match(await page.evaluate(text('.verdict')), /DER_MALFORMED/)
})

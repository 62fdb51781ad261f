/**
 * OpenSSF Model Signing's own tool and we, both ways, in no log: with keys of each curve and with certificates, files by its
 * command, other hashes and shards by its API; and neither takes a model that changed.
 */

import { createPublicKey } from 'node:crypto'
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { formatPem } from '../../src/formats/pki/pem.ts'
import { AUTHORITY, CODE, certificateOf, email, ISSUES, type Made, SIGNS } from '../verify-node/make-certificate.ts'
import { client, type Finished, MAIN, PROGRAM_ENV, ROOT, run, scratch } from './support.ts'

t.setTimeout(20 * 60_000)

const python = await client('model-signing')
const folder = await scratch(t)
const at = (name: string) => join(folder, name)
await mkdir(at('model/weights'), { recursive: true })
const BIG = Uint8Array.from({ length: 100_003 }, (_, i) => (i * 31) % 251)
for (const [name, content] of [
  ['config.json', '{}'],
  ['weights/big', BIG],
  ['weights/a-b', 'x'],
  ['weights/a/b', 'y'],
  ['.gitignore', 'z'],
] as const) {
  await mkdir(join(at('model'), name, '..'), { recursive: true })
  await writeFile(join(at('model'), name), content)
}
for (const script of ['sign.py', 'verify.py'])
  await copyFile(new URL(`model-signing/${script}`, import.meta.url), at(script))

const root = certificateOf({ subject: 'root', extensions: [AUTHORITY, ISSUES] })
const between = certificateOf({ subject: 'between', issuer: root, extensions: [AUTHORITY, ISSUES] })

async function useKey(curve: string): Promise<void> {
  const extensions = [SIGNS, CODE, email('p@example.com')]
  const signer = certificateOf({ subject: 'publisher', issuer: between, extensions, curve })
  const pem = ({ der }: Made) => formatPem(der, 'CERTIFICATE')
  const files = { 'root.crt': pem(root), 'between.crt': pem(between), 'signer.crt': pem(signer) }
  for (const [name, text] of Object.entries(files)) await writeFile(at(name), text)
  await writeFile(at('key.pem'), signer.key.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  await writeFile(at('key.pub'), createPublicKey(signer.key).export({ type: 'spki', format: 'pem' }))
}

const ours = (...words: readonly string[]) =>
  run(process.execPath, [join(ROOT, MAIN), ...words], { cwd: folder, env: PROGRAM_ENV })
const theirs = (...words: readonly string[]) => run(python, words, { cwd: folder })
const command = (...words: readonly string[]) => theirs('-m', 'model_signing', ...words)

/** Our verdict is not VERIFIED: there is no log. */
const SIGNED = /^SIGNED, AND IN NO LOG: model\n/
const byKey = (bundle: string) => ours('verify', 'model', '--unlogged', '--key', 'key.pub', '--bundle', bundle)
const byCertificate = (bundle: string, name = 'p@example.com') =>
  ours(
    ...['verify', 'model', '--unlogged', '--bundle', bundle],
    ...['--certificate-root', 'root.crt', '--certificate-identity', name],
  )

/** It holds; and does not for a changed file, and one more. */
async function judge(t: Test, name: string, verify: () => Promise<Finished>, expected = /^/): Promise<void> {
  const good = await verify()
  t.match({ code: good.code, text: good.stdout + good.stderr }, { code: 0, text: expected }, name)
  await writeFile(at('model/weights/big'), BIG.with(-1, 252))
  t.not((await verify()).code, 0, `${name}: a changed file`)
  await writeFile(at('model/weights/big'), BIG)
  await writeFile(at('model/more'), 'x')
  t.not((await verify()).code, 0, `${name}: one more`)
  await rm(at('model/more'))
}

for (const curve of ['P-256', 'P-384', 'P-521'])
  t.test(`with keys of ${curve}`, async (t) => {
    await useKey(curve)
    const chain = ['--certificate', 'signer.crt', '--certificate-chain', 'between.crt']
    t.match(await ours('sign', 'model', '--unlogged', '--key', 'key.pem', '--bundle', 'o.key'), { code: 0 })
    t.match(await ours('sign', 'model', '--unlogged', '--key', 'key.pem', '--bundle', 'o.crt', ...chain), { code: 0 })
    await judge(t, 'our key, their command', () =>
      command('verify', 'key', 'model', '--signature', 'o.key', '--public_key', 'key.pub'),
    )
    await judge(t, 'our key, their API', () => theirs('verify.py', 'o.key'))
    await judge(t, 'our certificate, their command', () =>
      command('verify', 'certificate', 'model', '--signature', 'o.crt', '--certificate_chain', 'root.crt'),
    )
    await judge(t, 'ours by ourselves', () => byKey('o.key'), SIGNED)
    await judge(t, 'ours by ourselves, by certificate', () => byCertificate('o.crt'), SIGNED)

    t.match(await command('sign', 'key', 'model', '--private_key', 'key.pem', '--signature', 't.key'), { code: 0 })
    const certificate = ['--signing_certificate', 'signer.crt', '--certificate_chain', 'between.crt']
    const signed = command(
      ...['sign', 'certificate', 'model', '--private_key', 'key.pem', ...certificate, '--signature', 't.crt'],
    )
    t.match(await signed, { code: 0 })
    await judge(t, 'their key', () => byKey('t.key'), SIGNED)
    await judge(t, 'their certificate', () => byCertificate('t.crt'), SIGNED)
    t.match(await byCertificate('t.crt', 'another'), { code: 1, stdout: /SIGNER_MISMATCH/ })
    for (const name of ['o.key', 'o.crt', 't.key', 't.crt']) await rm(at(name))
  })

t.test('other hashes, and shards, by its API', async (t) => {
  await useKey('P-256')
  for (const how of [
    ['files', 'blake2'],
    ['files', 'blake3'],
    ['shards', 'sha256', '1000'],
    ['shards', 'sha256', '100003'],
    ['shards', 'blake2', '65536'],
    ['shards', 'blake3', '99999'],
  ] as const) {
    const name = how.join(' ')
    const done = await theirs('sign.py', 't.sig', ...how)
    t.match(done, { code: 0 }, `${name}\n${done.stderr}`)
    await judge(t, name, () => byKey('t.sig'), SIGNED)
    await rm(at('t.sig'))
  }
})

t.test('a model that is one file', async (t) => {
  await useKey('P-256')
  const path = 'model/weights/big'
  t.match(await command('sign', 'key', path, '--private_key', 'key.pem', '--signature', 't.sig'), { code: 0 })
  const verify = () => ours('verify', path, '--unlogged', '--key', 'key.pub', '--bundle', 't.sig')
  t.match(await verify(), { code: 0, stdout: /^SIGNED, AND IN NO LOG: model\/weights\/big\n/ })
  await writeFile(at(path), BIG.with(0, 252))
  t.match(await verify(), { code: 1, stdout: /mismatched "\."/ })
})

import { createHash } from 'node:crypto'
import t from 'tap'
import type { DigestName } from '../../../src/crypto/algorithms.ts'
import { createStreamHash } from '../../../src/web/browser/stream-hash.ts'
import { createWasmSha256 } from '../../../src/web/browser/wasm-sha256.ts'

/** Around the block of 64 bytes, and around the 16 KiB that the module takes at a time. */
const SIZES = [0, 1, 55, 56, 63, 64, 65, 127, 128, 16_383, 16_384, 16_385, 100_000]
const bytes = (size: number) => Uint8Array.from({ length: size }, (_, i) => (i * 31 + size) % 256)
const hex = (digest: Uint8Array) => Buffer.from(digest).toString('hex')

t.test('in WebAssembly, whatever the pieces', async (t) => {
  for (const size of SIZES) {
    const whole = bytes(size)
    const want = createHash('sha256').update(whole).digest('hex')
    for (const piece of [size, 1000, 64, 63]) {
      const hash = await createWasmSha256()
      for (let at = 0; at < size; at += piece) hash.update(whole.subarray(at, at + piece))
      t.equal(hex(hash.digest()), want, `${size} bytes by ${piece}`)
    }
  }
})

t.test('two at a time do not disturb each other', async (t) => {
  const [a, b] = [await createWasmSha256(), await createWasmSha256()]
  a.update(bytes(70))
  b.update(bytes(80))
  a.update(bytes(70))
  t.equal(hex(b.digest()), createHash('sha256').update(bytes(80)).digest('hex'))
  t.equal(hex(a.digest()), createHash('sha256').update(bytes(70)).update(bytes(70)).digest('hex'))
})

t.test('a page that forbids it gets the same digests', async (t) => {
  const { WebAssembly: wasm } = globalThis as unknown as { WebAssembly: Record<string, unknown> }
  const { compile, instantiate } = wasm
  t.teardown(() => Object.assign(wasm, { compile, instantiate }))
  const forbidden = () => Promise.reject(new Error("violates 'script-src'"))
  Object.assign(wasm, { compile: forbidden, instantiate: forbidden })
  await t.rejects(createWasmSha256())
  for (const name of ['SHA2_256', 'SHA2_384', 'SHA2_512'] satisfies DigestName[]) {
    const hash = await createStreamHash(name)
    hash.update(bytes(1000))
    t.equal(hex(hash.digest()), createHash(name.replace('SHA2_', 'sha')).update(bytes(1000)).digest('hex'), name)
  }
})

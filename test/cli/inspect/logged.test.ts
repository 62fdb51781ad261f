/** A llamafile whose parts a log knows, by what it shows, verified and not. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { closeCrypto } from '../../../src/crypto/node.ts'
import { append, TOY_GGUF, toyLlamafile, toyRuntime } from '../../formats/model/make-llamafile.ts'
import { ecKey, hashedRekordBody } from '../../http/requests.ts'
import { ask, postEntry, startServer } from '../../http/support.ts'
import { command, scratch } from '../support.ts'

t.teardown(closeCrypto)

const folder = scratch(t)
const write = (name: string, content: Uint8Array | string) => {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}
const server = await startServer(t, ['--hostname', 'log.example'])
const other = await startServer(t, ['--hostname', 'other.example'])
const signer = ecKey()
for (const part of [await toyRuntime(), TOY_GGUF]) await postEntry(server, hashedRekordBody(signer, part))
await postEntry(other, hashedRekordBody(signer, TOY_GGUF))
const root = write('root.json', (await ask(server, '/trust/trusted_root.json')).text)
const toy = write('toy.llamafile', await append(await toyLlamafile(), { '.args': '-c 1' }))
const gguf = write('toy.gguf', TOY_GGUF)

async function inspected(path: string, ...flags: readonly string[]) {
  const { code, printed, warned } = await command(['inspect', path, '--json', ...flags])
  return { code, warned, content: printed === '' ? null : JSON.parse(printed).content }
}

t.test('runtime and weights are known, whoever fused them', async (t) => {
  const { code, content } = await inspected(toy, '--log', server.url, '--trusted-root', root)
  t.equal(code, 0)
  t.same(content.madeOf, ['the runtime: logged', 'toy-F16.gguf: logged', '2 arguments', '0 unexplained bytes'])
  t.match(content.layers[0].logged, [
    {
      entry: '/logs/v2/entries/0',
      outcome: 'in the log, and about this',
      log: 'log.example',
      publicKey: { algorithm: 'ECDSA P-256' },
    },
  ])
  t.same(content.layers[1].logged, [])
  t.match(content.members[1].logged, [{ entry: '/logs/v2/entries/1' }])
})

t.test('a model by itself', async (t) => {
  t.match((await inspected(gguf, '--log', server.url, '--trusted-root', root)).content.logged, [{ index: 1 }])
})

t.test('nobody to trust, or another log', async (t) => {
  const unchecked = await inspected(toy, '--log', server.url)
  t.match(unchecked.content.layers[0].logged, [{ outcome: /^as the server says/ }])
  t.equal(unchecked.content.madeOf[0], 'the runtime: not shown to be logged')
  const strange = await inspected(gguf, '--log', other.url, '--trusted-root', root)
  t.match(strange.content.logged, [{ outcome: 'NOT in the log as it says', why: /./ }])
})

t.test('wrong use, and nobody there', async (t) => {
  for (const [argv, code, warned] of [
    [[root, '--log', server.url], 2, /a log is asked about models/],
    [[gguf, '--log', 'nowhere'], 2, /--url/],
    [[gguf, '--log', 'http://127.0.0.1:1'], 3, /SERVICE_UNREACHABLE/],
    [[write('unknown', new Uint8Array(100)), '--log', server.url], 3, /of no known kind/],
  ] as const)
    t.match(
      await inspected(...(argv as readonly [string, ...string[]])),
      { code, warned, content: null },
      argv.join(' '),
    )
})

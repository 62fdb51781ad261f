/**
 * docs/custody.md, every command of it, one after the other; and what other people's readers make of the statements: cosign by their
 * types, sigstore-js, in-toto's and SLSA's libraries.
 */

import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t from 'tap'
import { NAMES, toyChain } from '../formats/custody/toy.ts'
import { TOY_GGUF, toyLlamafile } from '../formats/model/make-llamafile.ts'
import { localUrl } from './sigstore/publisher.ts'
import { client, type Finished, MAIN, PROGRAM_ENV, ROOT, run, scratch, startServer } from './support.ts'

t.setTimeout(20 * 60_000)

const [cosign, packages, slsa] = [await client('cosign'), await client('sigstore-js'), await client('slsa-readers')]
const BLOCKS = new Map(
  [...(await readFile(join(ROOT, 'docs/custody.md'), 'utf8')).matchAll(/^```sh (\S+)\n([\s\S]*?)^```$/gm)].map(
    ([, name = '', text = '']) => [name, text],
  ),
)
const folder = await scratch(t)
const at = (name: string) => join(folder, name)
const server = await startServer(join(folder, 'data'))
t.teardown(() => server.kill())

for (const [name, content] of [
  ...[0, 1, 2].map((i) => [`corpus/docs/${i}.txt`, `document ${i}\n`] as const),
  ...['base', 'chat'].map((model) => [`${model}/model.safetensors`, `weights of ${model}`] as const),
  ['toy-F16.gguf', TOY_GGUF],
  ['toy.llamafile', await toyLlamafile()],
] as const) {
  await mkdir(dirname(at(name)), { recursive: true })
  await writeFile(at(name), content)
}
await symlink(join(packages, 'node_modules'), at('node_modules'))

/** As it is typed. */
function sh(text: string): Promise<Finished> {
  const ours = `colophon() { ${JSON.stringify(process.execPath)} ${JSON.stringify(join(ROOT, MAIN))} "$@"; }`
  const script = `set -euo pipefail\n${ours}\n${text.replaceAll('http://localhost:3000', localUrl(server))}`
  const path = `${dirname(cosign)}:${dirname(process.execPath)}:${process.env.PATH}`
  return run('bash', ['-c', script], { cwd: folder, env: { ...PROGRAM_ENV, PATH: path } })
}

const SEEN: Readonly<Record<string, RegExp>> = {
  setup: /^$/,
  dataset: /^source +git\+https[\s\S]*^source +all there was[\s\S]*^logged .*entry 0 /m,
  finetune: /^dataset +corpus, linked to its statement$[\s\S]*^logged .*entry 1 /m,
  quantize: /^weights +chat, linked to its statement$[\s\S]*^calibration +none/m,
  fuse: /^told +members [\s\S]*^weights +toy-F16\.gguf, linked to its statement$/m,
  verify: /^VERIFIED/m,
  prove: /^VERIFIED .*is among the 3 documents, as docs\/1\.txt[\s\S]*^VERIFIED .*is NOT among the 3 documents/m,
  advisory: /^affects +docs\/1\.txt$[\s\S]*^status +poisoned$/m,
  corroboration: /^properties .*LINEAGE_FUSE_REPRODUCED/m,
}

t.test('what docs/custody.md says to type, from the dataset to the verified llamafile', async (t) => {
  t.same([...BLOCKS.keys()], Object.keys(SEEN))
  for (const [name, text] of BLOCKS) {
    const done = await sh(text)
    t.match(done, { code: 0, stdout: SEEN[name] }, `${name}\n${done.stdout}${done.stderr}`)
  }
})

const PROVENANCE = 'https://slsa.dev/provenance/v1'
const STATED: readonly (readonly [file: string, bundle: string, type: string])[] = [
  ['corpus.jsonl', 'corpus.dataset-snapshot', PROVENANCE],
  ['chat/model.safetensors', 'chat.finetune', PROVENANCE],
  ['toy-F16.gguf', 'toy-F16.gguf.quantize', PROVENANCE],
  ['toy.llamafile', 'toy.llamafile.fuse-llamafile', PROVENANCE],
  ['corpus.jsonl', 'corpus.advisory', 'https://colophon.example/advisory/v1'],
  ['toy.llamafile', 'toy.llamafile.corroboration', 'https://in-toto.io/attestation/svr/v0.2'],
]

t.test('cosign takes them by their types, and no other', async (t) => {
  for (const [file, bundle, type] of STATED) {
    const verify = (as: string, about: string) =>
      sh(
        `cosign verify-blob-attestation --key key.pub --trusted-root trusted_root.json --type ${as} --bundle ${bundle}.sigstore.json ${about}`,
      )
    const good = await verify(type, file)
    t.equal(good.code, 0, `${bundle}: ${good.stderr}`)
    t.not((await verify('https://example.com/other/v1', file)).code, 0, `${bundle} by another type`)
    t.not((await verify(type, 'key.pub')).code, 0, `${bundle} about another file`)
  }
})

const VERIFY_JS = `
import { createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { bundleFromJSON } from '@sigstore/bundle'
import { TrustedRoot } from '@sigstore/protobuf-specs'
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify'
const json = (path) => JSON.parse(readFileSync(path, 'utf8'))
const key = () => ({ publicKey: createPublicKey(readFileSync('key.pub')), validFor: () => true })
const verifier = new Verifier(toTrustMaterial(TrustedRoot.fromJSON(json('trusted_root.json')), key), { timestampThreshold: 0 })
const bundle = bundleFromJSON(json(process.argv[2]))
verifier.verify(toSignedEntity(bundle))
console.log(JSON.parse(bundle.content.dsseEnvelope.payload).predicateType)
`

t.test('sigstore-js takes them', async (t) => {
  await writeFile(at('verify-statement.mjs'), VERIFY_JS)
  for (const [, bundle, type] of STATED)
    t.match(await sh(`node verify-statement.mjs ${bundle}.sigstore.json`), { code: 0, stdout: `${type}\n` }, bundle)
  const text = await readFile(at('chat.finetune.sigstore.json'), 'utf8')
  const { dsseEnvelope } = JSON.parse(text)
  const payload = Buffer.from(dsseEnvelope.payload, 'base64').toString().replace('"epochs":1', '"epochs":2')
  const changed = text.replace(dsseEnvelope.payload, Buffer.from(payload).toString('base64'))
  t.not(changed, text)
  await writeFile(at('changed.json'), changed)
  t.not((await sh('node verify-statement.mjs changed.json')).code, 0, 'and no other')
})

/** in-toto's own check wants one parameter at least (`--parameter`); SLSA's specification and slsa-verifier do not. */
const NO_PARAMETER = 'provenance.buildDefinition error: buildDefinition.externalParameters required'

t.test(
  "in-toto's and SLSA's readers take them; in fields of their own slsa-verifier's refuses two that it does not know",
  async (t) => {
    const chain = toyChain()
    for (const name of NAMES) {
      await writeFile(at(`${name}.json`), chain[name])
      const read = async (path: string) => JSON.parse((await run(slsa, [at(path)])).stdout)
      const told = await read(`${name}.json`)
      t.match(told, { statement: '', 'in-toto': '' }, name)
      if (name === 'svr' || name === 'oms') continue
      t.equal(told.provenance, '', name)
      t.equal(told.slsaVerifier, 'json: unknown field "lineage_completeness"', name)
      const statement = JSON.parse(Buffer.from(chain[name]).toString())
      delete statement.predicate.buildDefinition.lineage_completeness
      for (const subject of statement.subject) delete subject.annotations
      await writeFile(at('without.json'), JSON.stringify(statement))
      t.equal(
        (await read('without.json')).slsaVerifier,
        '',
        `${name}, without completeness and what is noted of subjects`,
      )
    }
    for (const [, bundle, type] of STATED.filter(([, , type]) => type === PROVENANCE)) {
      const { dsseEnvelope } = JSON.parse(await readFile(at(`${bundle}.sigstore.json`), 'utf8'))
      await writeFile(at('as-attested.json'), Buffer.from(dsseEnvelope.payload, 'base64'))
      const { stdout } = await run(slsa, [at('as-attested.json')])
      const { externalParameters } = JSON.parse(Buffer.from(dsseEnvelope.payload, 'base64').toString()).predicate
        .buildDefinition
      const provenance = Object.keys(externalParameters).length > 0 ? '' : NO_PARAMETER
      const taken = { statement: '', provenance, 'in-toto': '', slsaVerifier: '' }
      t.same(JSON.parse(stdout), taken, `${bundle}, as ${type} is attested without a flag`)
    }
  },
)

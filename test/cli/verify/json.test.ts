/** The object of --json is the one that docs/verify.md describes: every field with its type, and no other. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { sourceOf } from '../../../src/formats/model/byte-source.ts'
import { pieced } from '../../../src/formats/model/pieces.ts'
import { addSlot } from '../../../src/formats/model/slot.ts'
import { formatSlotLines } from '../../../src/formats/model/slot-lines.ts'
import { formatPem } from '../../../src/formats/pki/pem.ts'
import { utf8 } from '../../../src/kernel/bytes.ts'
import { bytesOf, TOY_GGUF, toyLlamafile } from '../../formats/model/make-llamafile.ts'
import { ecKey, hashedRekordBody } from '../../http/requests.ts'
import { ask, postEntry, startServer } from '../../http/support.ts'
import { FILE } from '../../verify/made.ts'
import { command } from '../support.ts'
import { conformanceFlags } from './conformance-flags.ts'
import { entryOf, openDesk, proofFile, signedFile, signedOver } from './desk.ts'

const DOCUMENT = readFileSync(new URL('../../../docs/verify.md', import.meta.url), 'utf8')
const SECTION = DOCUMENT.split(/^#+ /m).find((section) => section.startsWith('As an object\n')) ?? ''
/** By path, the types that are documented. */
const DOCUMENTED = new Map(
  [...SECTION.matchAll(/^\| `([^`]+)` \| ([a-z, ]+) \|/gm)].map(([, path = '', types = '']) => [
    path,
    types.split(', '),
  ]),
)

/** The types seen at each path: `entries[].index` and so on. */
function collect(value: unknown, path: string, seen: Map<string, Set<string>>): void {
  if (path !== '' && !path.endsWith('[]')) seen.set(path, (seen.get(path) ?? new Set()).add(typeName(value)))
  if (Array.isArray(value)) for (const one of value) collect(one, `${path}[]`, seen)
  else if (typeof value === 'object' && value !== null)
    for (const [key, one] of Object.entries(value)) collect(one, path === '' ? key : `${path}.${key}`, seen)
}

function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value))
    return value.every((one) => typeof one === 'string') && value.length > 0 ? 'strings' : 'list'
  return typeof value
}

const desk = openDesk(t)
const bundle = await signedFile()
desk.write('file.sigstore.json', JSON.stringify(bundle))
desk.write('file.tlog-proof', proofFile(bundle))
desk.write('entry', entryOf(bundle))
const trust = ['--trusted-root', desk.at('root.json'), '--key', desk.at('key.pub'), '--policy', desk.at('policy')]
const file = desk.at('file')
const real = ['happy-path-v0.1', 'happy-path-v0.3', 'rekor2-dsse-happy-path', 'set-invalid-signature_fail'].map(
  (name) => {
    const { artifact, flags } = conformanceFlags(name)
    return [artifact, ...flags]
  },
)

const server = await startServer(t, ['--hostname', 'log.example'])
const signer = ecKey()
await postEntry(server, hashedRekordBody(signer, FILE))
const asking = [
  ...['--trusted-root', desk.write('server.json', (await ask(server, '/trust/trusted_root.json')).text)],
  ...['--key', desk.write('signer.pub', formatPem(signer.spki, 'PUBLIC KEY'))],
  ...['--log', server.url],
]

const lines = formatSlotLines(utf8(JSON.stringify(bundle)), null)
const toy = sourceOf(TOY_GGUF)
const model = desk.write('model.gguf', await bytesOf(pieced(toy, (await addSlot(toy, lines)).pieces)))

const program = await toyLlamafile()
const started = desk.write('model.llamafile', program)
desk.write('model.llamafile.sigstore.json', JSON.stringify(await signedOver(program)))

const OMS = fileURLToPath(new URL('../../vectors/oms/', import.meta.url))
const publicKey = readFileSync(join(OMS, 'keys/signing-key-pub.pem'), 'utf8')
const omsKey = desk.write('oms.pub', publicKey.slice(publicKey.indexOf('-----BEGIN')))
const omsRoot = ['--certificate-identity', 'intermediate-ca', '--certificate-root', join(OMS, 'keys/ca-cert.pem')]
const unlogged = [
  [join(OMS, 'v1.1.0-elliptic-key'), '--unlogged', '--key', omsKey],
  [join(OMS, 'v1.1.0-certificate'), '--unlogged', ...omsRoot],
]

const RUNS: readonly (readonly string[])[] = [
  [file, ...trust],
  [file, '--proof', desk.at('file.tlog-proof'), '--entry', desk.at('entry'), ...trust],
  [desk.at('root.json'), ...trust],
  [file, ...asking],
  [model, ...trust],
  [started, '--run-dir', desk.folder, ...trust],
  ...unlogged,
  ...real,
]

t.test('every field is documented, and every documented one is there', async (t) => {
  const seen = new Map<string, Set<string>>()
  for (const argv of RUNS) {
    const { printed } = await command(['verify', '--json', ...argv])
    t.equal(printed.indexOf('\n'), printed.length - 1, 'one line')
    collect(JSON.parse(printed), '', seen)
  }
  for (const [path, types] of seen)
    for (const type of types) {
      const documented = DOCUMENTED.get(path)
      t.ok(documented?.includes(type) || (type === 'list' && documented?.includes('strings')), `${path}: ${type}`)
    }
  t.same(
    [...DOCUMENTED.keys()].filter((path) => !seen.has(path) && !ELSEWHERE.test(path)),
    [],
    'nothing more is promised',
  )
})

/** What directory.test.ts and log.test.ts compare. */
const ELSEWHERE = /^(directory\.|lookup\.refused\[\]|runTime\.shadows\.archive)/

/** docs/clients.md keeps to what is tested: each block runs in a test, is a part of a harness, or names versions that do. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { BLOCKS, blockText } from './sigstore/clients-document.ts'
import { must, openDesk } from './sigstore/publisher.ts'
import { client, run, scratch, startServer } from './support.ts'

t.setTimeout(10 * 60_000)

const HERE = import.meta.dirname
const read = (path: string) => readFileSync(join(HERE, path), 'utf8')

interface Client {
  readonly name: string
  readonly module: string
  readonly version: string
  readonly package: string
}

const clients = JSON.parse(read('clients.json')) as readonly Client[]

function version(name: string): Client {
  const found = clients.find((each) => each.name === name)
  if (found === undefined) throw new Error(`no client ${name} in clients.json`)
  return found
}

t.test('the versions to install are those that the tests have', async (t) => {
  const cosign = version('cosign')
  t.equal(blockText('install-cosign'), `go install ${cosign.package}@${cosign.version}\n`)
  for (const name of ['sigstore-go', 'rekor-tiles'])
    t.equal(blockText(`install-${name}`), `go get ${version(name).module}@${version(name).version}\n`)
  t.equal(blockText('install-sigstore-python'), `pip install sigstore==${version('sigstore-python').version}\n`)
  const { dependencies } = JSON.parse(read('npm/sigstore-js/package.json')) as { dependencies: Record<string, string> }
  const packages = Object.entries(dependencies).filter(([name]) => name !== '@sigstore/mock')
  t.equal(blockText('install-sigstore-js'), `npm install ${packages.map((each) => each.join('@')).join(' ')}\n`)
})

t.test('what is quoted in Go stands in the harness', async (t) => {
  const quoted = BLOCKS.filter(({ language }) => language === 'go')
  t.ok(quoted.length > 0)
  for (const { name, text } of quoted)
    t.ok(unindented(read(`go/${name}`)).includes(unindented(text)), `${name}: ${text}`)
})

t.test('every other block has a name that a test runs', async (t) => {
  const tests = readdirSync(HERE).filter((name) => name.endsWith('.test.ts'))
  const sources = tests.map(read).join('') + read('sigstore/publisher.ts')
  for (const { language, name } of BLOCKS.filter((each) => each.language !== 'go' && !each.name.startsWith('install-')))
    t.ok(sources.includes(`'${name}'`), `${language} ${name}`)
})

t.test('the key and the origin that rekor-tiles takes', async (t) => {
  const server = await startServer(join(await scratch(t), 'data'))
  t.teardown(() => server.kill())
  const desk = await openDesk(t, { server, file: Buffer.from('a file') })
  const { stdout } = await must(desk, 'rekor-tiles-key')
  const flags = ['-url', server.url, '-key', desk.at('log.pem'), '-n', '1']
  const program = await client('rekor-tiles')
  t.match(await run(program, [...flags, '-origin', stdout.trim()]), { code: 0, stdout: /^1 entries added, verified/ })
  t.match(await run(program, [...flags, '-origin', 'other.example']), { code: 1 })
})

function unindented(text: string): string {
  return text.replaceAll(/^\s+/gm, '')
}

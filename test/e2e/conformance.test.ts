/** The Sigstore conformance suite's round trip, against our server with other people's authorities: sign, then verify. */

import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { IDENTITY, identityToken, startMockAuthorities, startTimestampServer } from './sigstore/authorities.ts'
import { PROGRAM_ENV, ROOT, run, scratch, startServer } from './support.ts'

t.setTimeout(10 * 60_000)

const folder = await scratch(t)
const { ca } = await startMockAuthorities(t)
const tsa = await startTimestampServer(t)
const server = await startServer(join(folder, 'data'), ...ca, ...tsa)
t.teardown(() => server.kill())

const trust = (name: string) => join(folder, 'data/trust', name)
const digest = createHash('sha256').update('what is signed').digest('hex')
const STATEMENT = {
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name: 'a.txt', digest: { sha256: digest } }],
  predicateType: 'https://slsa.dev/provenance/v1',
  predicate: {},
}

/** As the suite does: from a folder of its own, with paths that are relative to it. */
async function client(...argv: readonly string[]) {
  const words = ['--prefix', ROOT, 'run', '--silent', 'conformance', '--', ...argv]
  return await run('npm', words, { cwd: folder, env: PROGRAM_ENV })
}

t.before(async () => {
  await writeFile(join(folder, 'a.txt'), 'what is signed')
  await writeFile(join(folder, 'b.txt'), 'what is not')
  await writeFile(join(folder, 'statement.json'), JSON.stringify(STATEMENT))
})

for (const [name, flags, file] of [
  ['a file', [], 'a.txt'],
  ['a statement', ['--in-toto'], 'statement.json'],
] as const)
  t.test(name, async (t) => {
    const bundle = `${file}.bundle`
    const services = ['--trusted-root', trust('trusted_root.json'), '--signing-config', trust('signing_config.json')]
    const token = ['--identity-token', identityToken()]
    const signed = await client('sign-bundle', ...flags, ...token, '--bundle', bundle, ...services, file)
    t.equal(signed.code, 0, signed.stderr)
    t.match(
      await readFile(join(folder, bundle), 'utf8'),
      /^\{"mediaType":"application\/vnd\.dev\.sigstore\.bundle\.v0\.3\+json"/,
    )
    const verified = async (identity: string, subject: string) => {
      const signer = ['--certificate-identity', identity, '--certificate-oidc-issuer', IDENTITY.issuer]
      const root = ['--trusted-root', trust('trusted_root.json')]
      return (await client('verify-bundle', '--bundle', bundle, ...signer, ...root, subject)).code
    }
    t.equal(await verified(IDENTITY.subject, 'a.txt'), 0)
    t.equal(await verified(IDENTITY.subject, `sha256:${digest}`), 0)
    t.equal(await verified(IDENTITY.subject, 'b.txt'), 1)
    t.equal(await verified('https://imposter.example/release', 'a.txt'), 1)
  })

/** What `verify` finds by itself, what it refuses, how it ends. */

import { hash } from 'node:crypto'
import { copyFileSync, mkdirSync, rmSync, truncateSync } from 'node:fs'
import t from 'tap'
import { run } from '../../../src/cli/run.ts'
import { formatPem } from '../../../src/formats/pki/pem.ts'
import { formatTrustedRoot } from '../../../src/formats/sigstore/trusted-root.ts'
import { utf8 } from '../../../src/kernel/bytes.ts'
import { FILE, p384Signer, ROOT } from '../../verify/made.ts'
import { command, testWorld } from '../support.ts'
import { entryOf, openDesk, POLICY, proofFile, STRANGER, signedFile, statedFile, TWO_WITNESSES } from './desk.ts'

const desk = openDesk(t)
const { at, write } = desk
const file = at('file')
const bundle = await signedFile()
const other = await signedFile(STRANGER)
const root = ['--trusted-root', at('root.json')]
const key = ['--key', at('key.pub')]
const stranger = ['--key', at('stranger.pub')]
const policy = ['--policy', at('policy')]
write('bundle', JSON.stringify(bundle))
write('statement', JSON.stringify(await statedFile()))
write('proof', proofFile(bundle))
write('other proof', proofFile(other))
write('entry', entryOf(bundle))
write('other entry', entryOf(other))
write('changed', 'another file')
write('two', TWO_WITNESSES)
write('no logs', POLICY.replace(/^log .*\n/, ''))
write('empty root', formatTrustedRoot({ ...ROOT, tlogs: [] }))
const SHA256 = `sha256:${hash('sha256', FILE)}`
const SHA384 = `sha384:${hash('sha384', FILE)}`

const byBundle = ['--bundle', at('bundle')]
const byProof = ['--proof', at('proof'), '--entry', at('entry')]

type Case = readonly [argv: readonly string[], code: number, said: string | RegExp]

const OUTCOMES: readonly Case[] = [
  [[file, ...byBundle, ...root, ...key], 0, /^VERIFIED: /],
  [[SHA256, ...byBundle, ...root, ...key], 0, /^VERIFIED: sha256:/],
  [[SHA256, ...byProof, ...policy, ...key], 0, /^VERIFIED: sha256:/],
  [[file, ...byBundle, '--proof', at('proof'), ...root, ...key, ...policy], 0, /\n {2}proof /],
  [[at('changed'), ...byBundle, ...root, ...key], 1, 'ARTIFACT_MISMATCH'],
  [[`sha256:${'0'.repeat(64)}`, ...byBundle, ...root, ...key], 1, 'ARTIFACT_MISMATCH'],
  [[at('changed'), '--bundle', at('statement'), ...root, ...key], 1, 'ARTIFACT_MISMATCH'],
  [[file, ...byBundle, ...root, ...stranger], 1, 'SIGNATURE_INVALID'],
  [[file, ...byBundle, ...root, ...identity('a', 'b')], 1, 'SIGNER_MISMATCH'],
  [[file, ...byBundle, '--trusted-root', at('empty root'), ...key], 1, 'LOG_NOT_TRUSTED'],
  [[file, ...byBundle, ...root, ...key, '--policy', at('two')], 1, 'QUORUM_MISSED'],
  [[file, '--bundle', file, ...root, ...key], 1, 'JSON_MALFORMED'],
  [[file, ...byBundle, '--proof', at('other proof'), ...root, ...key, ...policy], 1, 'ENTRY_MISMATCH'],
  [[file, ...byBundle, '--proof', file, ...root, ...key, ...policy], 1, 'PROOF_MALFORMED'],
  [
    [file, '--bundle', at('statement'), '--proof', at('proof'), ...root, ...key, '--policy', at('no logs')],
    1,
    'QUORUM_MISSED',
  ],
  [[at('changed'), ...byProof, ...key, ...policy], 1, 'ARTIFACT_MISMATCH'],
  [[file, ...byProof, ...stranger, ...policy], 1, 'SIGNER_MISMATCH'],
  [[file, '--proof', at('proof'), '--entry', at('other entry'), ...stranger, ...policy], 1, 'PROOF_INVALID'],
  [[file, '--proof', at('other proof'), '--entry', at('entry'), ...key, ...policy], 1, 'PROOF_INVALID'],
  [[file, '--proof', at('proof'), '--entry', file, ...key, ...policy], 1, 'ENTRY_MALFORMED'],
  [[file, ...byProof, ...key, '--policy', at('two')], 1, 'QUORUM_MISSED'],
  [[file, ...byProof, ...key, '--policy', at('no logs')], 1, 'LOG_NOT_TRUSTED'],
  [[SHA384, ...byBundle, ...root, ...key], 3, 'CHECK_UNAVAILABLE'],
  [[at('absent'), ...byBundle, ...root, ...key], 3, 'ENOENT'],
  [[at('absent'), ...root, ...key], 3, 'ENOENT'],
  [[file, '--bundle', at('absent'), ...root, ...key], 3, 'ENOENT'],
  [[file, '--bundle', desk.folder, ...root, ...key], 3, 'EISDIR'],
  [[file, '--proof', at('absent'), '--entry', at('entry'), ...key, ...policy], 3, 'ENOENT'],
  [[file, ...root, ...key], 3, 'NOT_FOUND'],
]

function identity(name: string, issuer: string): string[] {
  return ['--certificate-identity', name, '--certificate-oidc-issuer', issuer]
}

t.test('outcomes, the same in words and as an object', async (t) => {
  for (const [argv, code, said] of OUTCOMES) {
    const name = argv.join(' ').replaceAll(`${desk.folder}/`, '')
    const text = await command(['verify', ...argv])
    t.match(text, { code, warned: '', printed: typeof said === 'string' ? new RegExp(`\n {2}${said}: `) : said }, name)
    const object = await command(['verify', '--json', ...argv])
    t.match(object, { code, warned: '' })
    const { outcome, verdict, error } = JSON.parse(object.printed)
    t.equal(outcome, { 0: 'verified', 1: 'not verified', 3: 'undetermined' }[code], name)
    t.equal(verdict === null, code !== 0, 'a verdict when it is verified, and only then')
    t.equal(error?.code, typeof said === 'string' ? said : undefined)
  }
})

const MISUSED: readonly (readonly [argv: readonly string[], warned: RegExp])[] = [
  [[], /: verify takes one FILE, DIR or DIGEST\n/],
  [[file, file], /: verify takes one FILE, DIR or DIGEST\n/],
  [['/dev/null', ...byBundle, ...root, ...key], /\/dev\/null is neither a file nor a directory/],
  [[file, ...byBundle, ...root], /: say who must have signed: .*\n.*claims, and nothing of it has been verified:\n/],
  [
    [file, ...byBundle, ...root, ...key, ...identity('a', 'b')],
    /--key: not together with the identity of a certificate/,
  ],
  [
    [file, ...byBundle, ...root, '--certificate-identity', 'a'],
    /--certificate-identity: needs --certificate-oidc-issuer/,
  ],
  [
    [file, ...byBundle, ...root, '--certificate-oidc-issuer', 'a'],
    /--certificate-oidc-issuer: needs --certificate-identity/,
  ],
  [[file, ...byBundle, ...key], /--trusted-root: missing/],
  [[file, ...byBundle, ...key, '--trusted-root', file], /--trusted-root: .*file: /],
  [[file, ...byBundle, ...key, '--trusted-root', at('absent')], /--trusted-root: .*absent cannot be read: ENOENT/],
  [[file, ...byBundle, ...root, '--key', at('absent')], /--key: .*absent cannot be read: ENOENT/],
  [[file, ...byBundle, ...root, '--key', file], /--key: .*not PEM with the label PUBLIC KEY/],
  [[file, ...byBundle, ...root, ...key, '--policy', file], /--policy: .*file: /],
  [
    [file, ...byBundle, '--proof', at('proof'), ...root, ...key],
    /--policy: missing: it names the log of the proof file/,
  ],
  [[file, ...byBundle, ...root, ...key, '--entry', at('entry')], /--entry: not together with a bundle/],
  [[file, '--proof', at('proof'), ...key, ...policy], /--entry: missing: .*proof shows that an entry is in a log/],
  [[file, ...byProof, ...policy, ...identity('a', 'b')], /--proof: takes --key: a proof file has no time/],
  [[file, ...byProof, ...key], /--policy: missing/],
  [[SHA256, ...root, ...key], /: a digest has no file beside it: give --bundle/],
  [['sha256:00', ...byBundle, ...root, ...key], /: sha256: takes 64 lowercase hex digits\n/],
  [
    [SHA256.toUpperCase().replace('SHA', 'sha'), ...byBundle, ...root, ...key],
    /: sha256: takes 64 lowercase hex digits\n/,
  ],
  [[file, ...byBundle, ...root, ...key, '--skip-tlog'], /--skip-tlog: there is no such flag/],
  [[file, ...byBundle, ...byBundle, ...root, ...key], /--bundle: given more than once/],
  [
    [desk.folder, '--proof', at('proof'), ...key, ...policy],
    /--bundle: missing: a proof file alone says nothing of a directory/,
  ],
  [['--key', at('absent'), '--policy', at('absent')], /verify takes one.*\n--key: .*\n--policy: /],
]

t.test('misuse', async (t) => {
  for (const [argv, warned] of MISUSED) {
    const name = argv.join(' ').replaceAll(`${desk.folder}/`, '')
    const outcome = await command(['verify', ...argv])
    t.match(outcome, { code: 2, printed: '', warned }, name)
    t.match(outcome.warned, /^CONFIG_INVALID: [\s\S]*\n\ncolophon verify /)
  }
})

t.test('a file that is called as a digest', async (t) => {
  const name = `sha256:${'0'.repeat(64)}`
  write(name, FILE)
  const before = process.cwd()
  process.chdir(desk.folder)
  t.teardown(() => process.chdir(before))
  const by = [...byBundle, ...root, ...key]
  t.match(await command(['verify', name, ...by]), { code: 2, warned: /is a digest, and a file is called so/ })
  t.match(await command(['verify', `./${name}`, ...by]), { code: 0 })
})

t.test('names act on no terminal', async (t) => {
  const name = at('f\u009b31m\u202e')
  for (const argv of [['verify', name, ...root, ...key, '--json'], ['verify', name, ...root, '--key', name], [name]]) {
    const { printed, warned } = await command(argv)
    t.notMatch(printed + warned, /[\u009b\u202e]/)
  }
})

t.test('what lies beside the file', async (t) => {
  mkdirSync(at('beside'))
  const here = (name: string) => at(`beside/${name}`)
  copyFileSync(file, here('model'))
  const verify = (...flags: string[]) => command(['verify', '--json', here('model'), ...root, ...key, ...flags])
  const evidence = async (...flags: string[]) => JSON.parse((await verify(...flags)).printed).evidence
  const looked = [here('model.sigstore.json'), here('model.tlog-proof')]
  t.same(await evidence(), { kind: 'none', looked })
  copyFileSync(at('proof'), here('model.tlog-proof'))
  t.match(await verify(...policy), { code: 2, warned: '--entry: missing' })
  t.same(await evidence(...policy, '--entry', at('entry')), { kind: 'proof', proof: looked[1], entry: at('entry') })
  copyFileSync(at('bundle'), here('model.sigstore.json'))
  t.match(await verify(), { code: 2, warned: '--policy: missing' }, 'a proof file that is there must hold')
  t.same(await evidence(...policy), { kind: 'bundle', bundle: looked[0], proof: looked[1] })
  copyFileSync(at('other proof'), here('model.tlog-proof'))
  t.match(await verify(...policy), { code: 1, printed: '"ENTRY_MISMATCH"' }, 'about the same entry')
  t.same(await evidence('--bundle', at('bundle')), { kind: 'bundle', bundle: at('bundle'), proof: null }, 'named alone')
  rmSync(here('model.tlog-proof'))
  t.same(await evidence(), { kind: 'bundle', bundle: looked[0], proof: null })
})

t.test('trust from the environment', async (t) => {
  const env = { COLOPHON_TRUSTED_ROOT: at('root.json'), COLOPHON_POLICY: at('two') }
  const argv = ['verify', file, ...byBundle, ...key]
  t.match(await command(argv, env), { code: 1, printed: 'QUORUM_MISSED' })
  t.match(await command([...argv, ...policy], env), { code: 0 }, 'a flag goes before')
  t.match(await command(argv, { ...env, COLOPHON_POLICY: file }), { code: 2, warned: 'COLOPHON_POLICY: ' })
  t.match(await command(argv, { COLOPHON_TRUSTED_ROOT: at('root.json'), COLOPHON_POLICIES: at('two') }), {
    code: 2,
    warned: 'COLOPHON_POLICIES: there is no such setting',
  })
  t.match(await command(argv, { ...env, COLOPHON_POLICY: at('policy'), COLOPHON_DATA: '/data' }), { code: 0 })
})

t.test('a key that takes another digest', async (t) => {
  const signer = p384Signer()
  write('p384', JSON.stringify(await signedFile(signer)))
  write('p384.pub', formatPem(signer.spki, 'PUBLIC KEY'))
  const flags = ['--bundle', at('p384'), ...root, '--key', at('p384.pub')]
  t.match(await command(['verify', file, ...flags]), { code: 0, printed: '\n  sha384   ' })
  t.match(await command(['verify', SHA384, ...flags]), { code: 0 })
  t.match(await command(['verify', SHA256, ...flags]), { code: 3, printed: 'CHECK_UNAVAILABLE' })
})

t.test('a bundle whose file is a pipe, or far too long', async (t) => {
  truncateSync(write('long', ''), 40 * 2 ** 20)
  t.match(await command(['verify', file, '--bundle', at('long'), ...root, ...key]), {
    code: 1,
    printed: `FIELD_INVALID: ${at('long')}: a bundle of 33554433 bytes`,
  })
})

t.test('a huge file shows how far it is, and how fast', async (t) => {
  truncateSync(write('huge', utf8('x')), 300 * 2 ** 20)
  const lines: string[] = []
  const world = { ...testWorld(), progress: (line: string) => void lines.push(line) }
  t.equal(await run(['verify', at('huge'), '--bundle', at('statement'), ...root, ...key], world), 1)
  t.ok(lines.length >= 2)
  for (const line of lines) t.match(line, /^\S+huge \[#*\.*\] \d+ % \d+\/300 MiB \(\d+ MiB\/s\)\n?$/)
  t.match(lines.at(-1), / 100 % 300\/300 MiB /)
  t.match(lines.at(-1), /\n$/)
  lines.length = 0
  t.equal(await run(['verify', file, ...byBundle, ...root, ...key], world), 0)
  t.same(lines, [], 'a small one does not')
})

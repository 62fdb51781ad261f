/** What a person reads, to the letter; keys and digests that differ from run to run are replaced. */

import { writeFileSync } from 'node:fs'
import t from 'tap'
import { utf8 } from '../../../src/kernel/bytes.ts'
import { BEACON } from '../../verify/conformance.ts'
import { FILE, HOST, messageBundle, V2_KEY } from '../../verify/made.ts'
import { command } from '../support.ts'
import { CONFORMANCE, conformanceFlags } from './conformance-flags.ts'
import { entryOf, openDesk, proofFile, SIGNER, signedFile, statedFile } from './desk.ts'

const WITNESSES =
  '  - That the log shows everybody the same: no witnesses were asked for, so one that shows different people different histories is not noticed.\n'
const ALWAYS = '  - Whether the file is good, whether the key of the signer was stolen, and what happened since.\n'
const OWNER = '  - Whose key it is: that is for you to know.\n'
const CLAIMS = '  - What the statement says: it is the word of its signer, true or not.\n'
const TIME = '  - When it was signed: nobody who is trusted says so.\n'
const STRANGERS = '  - Timestamps that the bundle has: they are of authorities that the trusted root does not name.\n'
const SHA256 = 'a0cfc71271d6e278e57cd332ff957c3f7043fdda354c4cbb190a30d56efa01bf'

const REAL: Readonly<Record<string, string>> = {
  'managed-key-happy-path': `VERIFIED: a.txt
  sha256   ${SHA256}
  signed   the file itself
  by       the key that you named (PKIX_ECDSA_P256_SHA_256)
           fingerprint 4cb32c4837c6dda8cfb1681efb3fef5f94ffce5b979e6bdb9139302c857af139
  log      entry 771488337 of "https://rekor.sigstore.dev" (hashedrekord 0.0.1)
           at 649584075 in the tree of 649584076 that "rekor.sigstore.dev - 1193050959916656506" signed
  when     2025-12-18T17:04:39Z, says the log "https://rekor.sigstore.dev"
Not covered:
${STRANGERS}${WITNESSES}${OWNER}${ALWAYS}`,
  'rekor2-dsse-happy-path': `VERIFIED: a.txt
  sha256   ${SHA256}
  signed   a statement about it ("https://slsa.dev/provenance/v1"), which calls it "a.txt"
  by       "${BEACON.name}", for whom "${BEACON.issuer}" vouched
           certificate 5a17fdb09e53028ac246d31ea83ff4070454040d43c44b48f89b9697c0924116, in 1 certificate log
  log      entry 4026478 of "https://log2025-alpha3.rekor.sigstage.dev" (hashedrekord 0.0.2)
           at 4026478 in the tree of 4026479 that "log2025-alpha3.rekor.sigstage.dev" signed
  when     2026-05-13T19:23:33Z, says the timestamp authority "https://timestamp.sigstage.dev/api/v1/timestamp"
  claimed  what else the statement says ("https://slsa.dev/provenance/v1"): the word of its signer
Not covered:
${WITNESSES}${CLAIMS}${ALWAYS}`,
  'signature-mismatch_fail': 'NOT VERIFIED: a.txt\n  SIGNATURE_INVALID: the signature does not verify\n',
  'rekor2-no-timestamp_fail':
    'NOT VERIFIED: a.txt\n  TIME_MISSING: neither a log nor a timestamp says when it was signed\n',
}

t.test('other people’s bundles', async (t) => {
  for (const [name, text] of Object.entries(REAL)) {
    const { artifact, flags } = conformanceFlags(name)
    const { printed } = await command(['verify', artifact, ...flags])
    t.equal(printed.replaceAll(`${CONFORMANCE}/`, ''), text, name)
  }
})

const desk = openDesk(t)
const file = desk.at('file')
const root = ['--trusted-root', desk.at('root.json')]
const key = ['--key', desk.at('key.pub')]
const policy = ['--policy', desk.at('policy')]
const bundle = await signedFile()
desk.write('bundle.json', JSON.stringify(bundle))
desk.write('statement.json', JSON.stringify(await statedFile()))
desk.write('proof', proofFile(bundle))
desk.write('entry', entryOf(bundle))

const SIGNED = `  sha256   DIGEST
  signed   the file itself
  by       the key that you named (PKIX_ECDSA_P256_SHA_256)
           fingerprint DIGEST
`
const LOGGED = `  log      entry 1 of "https://${HOST}" (hashedrekord 0.0.2)
           at 1 in the tree of 3 that "${HOST}" signed
`
const COSIGNED = '  witness  "w" (witness.example/w) saw that tree at 2023-11-14T22:13:20Z\n'
const NEVER = '  when     nobody who is trusted says\n'

const MADE: readonly [name: string, flags: readonly string[], code: number, text: string][] = [
  [
    'a bundle',
    ['--bundle', desk.at('bundle.json'), ...root, ...key],
    0,
    `VERIFIED: file\n${SIGNED}${LOGGED}${NEVER}Not covered:\n${TIME}${WITNESSES}${OWNER}${ALWAYS}`,
  ],
  [
    'with witnesses',
    ['--bundle', desk.at('bundle.json'), ...root, ...key, ...policy],
    0,
    `VERIFIED: file\n${SIGNED}${LOGGED}${COSIGNED}${NEVER}Not covered:\n${TIME}${OWNER}${ALWAYS}`,
  ],
  [
    'and a proof file',
    ['--bundle', desk.at('bundle.json'), '--proof', desk.at('proof'), ...root, ...key, ...policy],
    0,
    `VERIFIED: file\n${SIGNED}${LOGGED}${COSIGNED}  proof    at 1 in the tree of 3 that "${HOST}" signed\n${COSIGNED}${NEVER}Not covered:\n${TIME}${OWNER}${ALWAYS}`,
  ],
  [
    'a proof file and the entry',
    ['--proof', desk.at('proof'), '--entry', desk.at('entry'), ...key, ...policy],
    0,
    `VERIFIED: file\n${SIGNED}${LOGGED}${COSIGNED}${NEVER}Not covered:\n${TIME}${OWNER}${ALWAYS}`,
  ],
  [
    'a statement in a v1 log',
    ['--bundle', desk.at('statement.json'), ...root, ...key],
    0,
    `VERIFIED: file
  sha256   DIGEST
  signed   a statement about it ("https://example.com/built"), which calls it "file"
  by       the key that you named (PKIX_ECDSA_P256_SHA_256)
           fingerprint DIGEST
  log      entry 900 of "https://${HOST}" (dsse 0.0.1)
           at 1 in the tree of 3 that "${HOST} - 1193050959916656506" signed
  when     2026-05-28T20:26:40Z, says the log "https://${HOST}"
  claimed  what else the statement says ("https://example.com/built"): the word of its signer
Not covered:
${WITNESSES}${CLAIMS}${OWNER}${ALWAYS}`,
  ],
  [
    'another key',
    ['--bundle', desk.at('bundle.json'), ...root, '--key', desk.at('stranger.pub')],
    1,
    'NOT VERIFIED: file\n  SIGNATURE_INVALID: the signature does not verify\n',
  ],
  [
    'no such bundle',
    ['--bundle', desk.at('nothing'), ...root, ...key],
    3,
    "COULD NOT BE DETERMINED: file\n  ENOENT: no such file or directory, open 'nothing'\n",
  ],
  [
    'nothing beside it',
    [...root, ...key],
    3,
    'COULD NOT BE DETERMINED: file\n  NOT_FOUND: nothing to verify it by: there is no file.sigstore.json, no file.tlog-proof\n',
  ],
]

t.test('bundles and proofs made here', async (t) => {
  for (const [name, flags, code, text] of MADE) {
    const outcome = await command(['verify', file, ...flags])
    t.same({ ...outcome, printed: plain(outcome.printed) }, { code, printed: text, warned: '' }, name)
  }
})

function plain(text: string): string {
  return text.replaceAll(`${desk.folder}/`, '').replaceAll(/[0-9a-f]{64}/g, 'DIGEST')
}

t.test('names of strangers do not reach the terminal as they are', async (t) => {
  const evil = '\u001b]0;owned\u0007\u009b31m\u202Efdp\nVERIFIED: all'
  const escaped = '\\u001b]0;owned\\u0007\\u{9b}31m\\u{202e}fdp\\nVERIFIED: all'
  const named = (subject: string, predicateType: string) =>
    utf8(
      JSON.stringify({
        _type: 'https://in-toto.io/Statement/v1',
        predicateType,
        subject: [{ name: subject, digest: { sha256: fileDigest } }],
      }),
    )
  const { printed: before } = await command(['verify', file, '--bundle', desk.at('bundle.json'), ...root, ...key])
  const fileDigest = /sha256 +([0-9a-f]{64})/.exec(before)?.[1]
  desk.write('evil.json', JSON.stringify(await statedFile(named(evil, evil))))
  const { code, printed } = await command(['verify', file, '--bundle', desk.at('evil.json'), ...root, ...key])
  t.equal(code, 0)
  t.match(printed, `signed   a statement about it ("${escaped}"), which calls it "${escaped}"\n`)
  t.notMatch(printed, /[^\P{C}\n]/u, 'no control characters')

  const claiming = structuredClone(bundle)
  claiming.verificationMaterial.publicKey.hint = evil
  desk.write('claim.json', JSON.stringify(claiming))
  const asked = await command(['verify', file, '--bundle', desk.at('claim.json'), ...root])
  t.match(asked, { code: 2, warned: `its hint is "${escaped}"` })
  t.notMatch(asked.warned, /[^\P{C}\n]/u)

  const odd = `${desk.at('odd')}\u001b[2J`
  writeFileSync(odd, FILE)
  const shown = await command(['verify', odd, '--bundle', desk.at('bundle.json'), ...root, ...key])
  t.match(shown, { code: 0, printed: 'odd\\u{1b}[2J\n' })
  t.notMatch(shown.printed, /[^\P{C}\n]/u)
  desk.write('broken.json', `{"mediaType": "${'\u009b'}2J"}`)
  const broken = await command(['verify', file, '--bundle', desk.at('broken.json'), ...root, ...key])
  t.match(broken, { code: 1, printed: /^NOT VERIFIED: / })
  t.notMatch(broken.printed, /[^\P{C}\n]/u)
})

t.test('what the bundle claims is said to whoever names no signer, and not as the truth', async (t) => {
  const warned = async (name: string) => (await command(['verify', file, '--bundle', desk.at(name), ...root])).warned
  const who =
    'CONFIG_INVALID: say who must have signed: --key FILE, or --certificate-identity NAME with --certificate-oidc-issuer URL; with neither, the signature of anybody would do\n'
  const claims = (name: string) => `${desk.at(name)} claims, and nothing of it has been verified:\n`
  t.ok(
    (await warned('bundle.json')).startsWith(
      `${who}${claims('bundle.json')}  a key signed, which the bundle does not hold\n`,
    ),
  )
  desk.write(
    'hinted.json',
    JSON.stringify({
      ...bundle,
      verificationMaterial: { ...bundle.verificationMaterial, publicKey: { hint: 'mine' } },
    }),
  )
  t.match(await warned('hinted.json'), '  a key signed, which the bundle does not hold; its hint is "mine"\n')
  desk.write('no.json', '{')
  t.match(await warned('no.json'), `${who}${desk.at('no.json')} claims nothing: `)
  t.match(
    await warned('absent.json'),
    `${who}${desk.at('absent.json')} claims nothing: ${desk.at('absent.json')} cannot be read: ENOENT\n`,
  )
  const { artifact, flags } = conformanceFlags('rekor2-happy-path')
  const named = await command(['verify', artifact, ...flags.slice(0, 4)])
  t.match(named, {
    code: 2,
    printed: '',
    warned: `  "${BEACON.name}" signed, and "${BEACON.issuer}" vouched for that name\n`,
  })
})

t.test('a witness’s time that no calendar has', async (t) => {
  const far = {
    line: (checkpoint: Parameters<typeof V2_KEY.line>[0]) =>
      import('./desk.ts').then(({ WITNESS }) => WITNESS.line(checkpoint, 9_000_000_000_000)),
  }
  desk.write('far.json', JSON.stringify(await messageBundle({ signer: SIGNER, keys: [V2_KEY, far], origin: HOST })))
  const { code, printed } = await command(['verify', file, '--bundle', desk.at('far.json'), ...root, ...key, ...policy])
  t.equal(code, 0)
  t.match(printed, 'saw that tree at 9000000000000 s after 1970\n')
})

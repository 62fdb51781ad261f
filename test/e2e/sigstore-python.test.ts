/** sigstore-python signs into a Rekor v1 log and verifies by the commands of docs/clients.md, and asks the log for entries. */

import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { IDENTITY, identityToken, startMockAuthorities } from './sigstore/authorities.ts'
import { type Desk, localUrl, must, openDesk, refusesEach, type Swap, withEntryOf } from './sigstore/publisher.ts'
import { client, run, type Server, scratch, startServer } from './support.ts'

t.setTimeout(10 * 60_000)

const FILE = Buffer.from('a file\n')
const CHANGED = Buffer.from('another file\n')
const TRUST = 'client_trust_config.json'
const PROVENANCE = {
  buildDefinition: { buildType: 'https://example.com/build/v1', externalParameters: {} },
  runDetails: { builder: { id: 'https://example.com/builder' } },
}

const BOTH = ['--dialects', 'rekor-v1,rekor-v2']
const python = await client('sigstore-python')
const data = await scratch(t)
const { ca } = await startMockAuthorities(t)
const server = await startServer(join(data, 'one'), ...BOTH, ...ca)
const other = await startServer(join(data, 'other'), ...BOTH, ...ca)
t.teardown(() => Promise.all([server, other].map((each) => each.kill())))

/** The command's own script names the folder in which it was installed first. */
const command = join(data, 'bin', 'sigstore')
await mkdir(join(data, 'bin'))
await writeFile(command, `#!/bin/sh\nexec '${python}' -m sigstore "$@"\n`)
await chmod(command, 0o755)

async function open(at: Server, subject = IDENTITY.subject): Promise<Desk> {
  const env = { ID_TOKEN: identityToken(subject) }
  const desk = await openDesk(t, { server: at, file: FILE, programs: [command], env })
  await desk.write('provenance.json', JSON.stringify(PROVENANCE))
  await must(desk, 'python-trust')
  return desk
}

/** The trust configuration with its trusted root as it would be without some authorities. */
async function strangerTo(desk: Desk, authorities: string): Promise<string> {
  const config = await desk.json(TRUST)
  return JSON.stringify({ ...config, trustedRoot: { ...config.trustedRoot, [authorities]: [] } })
}

const desk = await open(server)
const [imposter, lost] = [await open(server, 'https://imposter.example/release'), await open(other)]

/** Its lines are broken where the terminal would end. */
const REFUSED = {
  noCa: /Fulcio certificates not found/,
  noCtLog: /CTFE keys not found/,
  otherLog: /checkpoint:\s+invalid/,
  otherIdentity: /SANs do not\s+match/,
  // Whichever it looks at first: an entry of another kind, or one that is older than the certificate.
  otherEntry: /Expected\s+entry\s+type|Unsupported\s+DSSE\s+log\s+entry\s+type|not\s+valid\s+at\s+validation\s+time/,
  otherSignature: /400: error processing entry: the signature does not verify/, // says our log, asked for it
}

async function withoutAuthorities(): Promise<readonly Swap[]> {
  return [
    ['no certificate authority', TRUST, await strangerTo(desk, 'certificateAuthorities'), REFUSED.noCa],
    ['no CT log', TRUST, await strangerTo(desk, 'ctlogs'), REFUSED.noCtLog],
  ]
}

t.test('a file and a statement about it, with an identity', async (t) => {
  const [signed, stated] = ['file.sigstore.json', 'file.statement.json']
  for (const each of [desk, imposter, lost]) {
    await must(each, 'python-sign')
    await must(each, 'python-attest')
  }
  for (const [block, bundle, kind, donor, otherFile] of [
    ['python-verify', signed, 'hashedrekord', stated, /digest\s+mismatch/],
    ['python-verify-statement', stated, 'dsse', signed, /no subject for digest/],
  ] as const) {
    const { tlogEntries } = (await desk.json(bundle)).verificationMaterial
    t.match(tlogEntries, [{ kindVersion: { kind, version: '0.0.1' }, inclusionPromise: {} }], bundle)
    await refusesEach(t, desk, block, [
      ...(await withoutAuthorities()),
      ['another file', 'file', CHANGED, otherFile],
      ["another log's trust", TRUST, await lost.read(TRUST), REFUSED.otherLog],
      ['another identity', bundle, await imposter.read(bundle), REFUSED.otherIdentity],
      ["another entry's proof", bundle, await withEntryOf(desk, bundle, donor), REFUSED.otherEntry],
    ])
  }
})

t.test('signature and certificate alone, by looking them up', async (t) => {
  for (const each of [desk, imposter]) await must(each, 'python-sign-detached')
  await refusesEach(t, desk, 'python-verify-detached', [
    ...(await withoutAuthorities()),
    ['another file', 'file', CHANGED, REFUSED.otherSignature],
    ['another certificate', 'file.crt', await imposter.read('file.crt'), REFUSED.otherSignature],
    ['another signature', 'file.sig', await imposter.read('file.sig'), REFUSED.otherSignature],
  ])
  const asked = await desk.whileChanged(TRUST, await lost.read(TRUST), () => desk.sh('python-verify-detached'))
  t.match(asked, { code: 2, stderr: /No matching log entry/ }, 'another log does not have it')
})

t.test('its library asks for entries and for the log', async (t) => {
  await must(desk, 'python-sign') // not the first entry: the client takes index 0 for none
  await desk.write('ask.py', PROGRAM)
  const done = await run(python, ['ask.py', localUrl(server)], { cwd: desk.folder, env: { HOME: desk.folder } })
  t.match(done, { code: 0, stdout: 'asked\n' }, done.stderr)
})

/** Its own client gets what its own bundle holds, by index, by ID of 80 and of 64 digits, and by proposing it again. */
const PROGRAM = `
import hashlib, json, sys
import requests
from rekor_types import Hashedrekord
from sigstore._internal.rekor.client import RekorClient
from sigstore.models import Bundle

url = sys.argv[1]
log = RekorClient(url).log
info = log.get()
bundle = Bundle.from_json(open("file.sigstore.json").read())
own = bundle.log_entry._inner
body = own.canonicalized_body
leaf = hashlib.sha256(bytes(1) + body).hexdigest()
entries = [
    log.entries.get(log_index=own.log_index),
    log.entries.get(uuid=leaf),
    log.entries.get(uuid=format(int(info.tree_id), "016x") + leaf),
]
# The body that is stored is a proposal too.
entries.append(log.entries.retrieve.post(Hashedrekord(**json.loads(body))))
for entry in entries:
    got = entry._inner
    assert (got.canonicalized_body, got.log_index, got.integrated_time) == (body, own.log_index, own.integrated_time)
assert info.tree_size >= own.log_index + 1
assert requests.get(url + "/api/v1/log/entries", params={"logIndex": 10**6}).status_code == 404
print("asked")
`

import t from 'tap'
import { type Role, rolesOf } from '../../../src/web/page/roles.ts'

const BUNDLE = '{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"'
const ROOT = '{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"'
const KEY = '-----BEGIN PUBLIC KEY-----\nMFkw'
const PROOF = 'c2sp.org/tlog-proof@v1\nindex 1'
const POLICY = 'log example+00000000+AQ\nquorum none\n'

const CASES: readonly (readonly [name: string, head: string, role: Role])[] = [
  ['model.bin', '', 'file'],
  ['model.bin.sigstore.json', '', 'bundle'],
  ['model.bin.sigstore', '', 'bundle'],
  ['bundle.json', BUNDLE, 'bundle'],
  ['x.tlog-proof', '', 'proof'],
  ['x', PROOF, 'proof'],
  ['trusted_root.json', ROOT, 'root'],
  ['trusted_root.json', '{}', 'file'],
  ['cosign.pub', KEY, 'key'],
  ['log.policy', POLICY, 'policy'],
  ['policy.txt', `# ours\n${POLICY}`, 'policy'],
  ['policy.txt', 'Dear all', 'file'],
  ['notes.txt', POLICY, 'file'],
]

for (const [name, head, role] of CASES)
  t.test(`${name} ${JSON.stringify(head.slice(0, 20))}`, async (t) => t.same(rolesOf([{ name, head }]), [role]))

t.test('what a bundle or proof is named after is the file, whatever it looks like', async (t) => {
  const roles = (...files: (readonly [string, string])[]) => rolesOf(files.map(([name, head]) => ({ name, head })))
  t.same(roles(['cosign.pub', KEY], ['cosign.pub.sigstore.json', BUNDLE]), ['file', 'bundle'])
  t.same(roles(['a.policy.tlog-proof', PROOF], ['a.policy', POLICY]), ['proof', 'file'])
  t.same(roles(['a.sigstore.json', BUNDLE], ['a.sigstore.json.sigstore.json', BUNDLE]), ['file', 'bundle'])
  t.same(roles(['cosign.pub', KEY], ['model.sigstore.json', BUNDLE], ['model', '']), ['key', 'bundle', 'file'])
})

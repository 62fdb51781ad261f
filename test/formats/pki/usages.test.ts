import { readFileSync } from 'node:fs'
import t from 'tap'
import { parseCertificate } from '../../../src/formats/pki/certificate.ts'
import { codeSigningFault } from '../../../src/formats/pki/usages.ts'
import { parseSigstoreBundle } from '../../../src/formats/sigstore/bundle.ts'
import { parseTrustedRoot } from '../../../src/formats/sigstore/trusted-root.ts'
import { parseHex } from '../../../src/kernel/bytes.ts'

const CASES = new URL('../../vectors/sigstore-conformance/bundle-verify/', import.meta.url)
const file = (path: string) => new Uint8Array(readFileSync(new URL(path, CASES)))

t.test('what Fulcio issues may sign code, its authorities and others may not', async (t) => {
  const { material } = parseSigstoreBundle(file('happy-path-v0.3/bundle.sigstore.json'))
  if (material.kind !== 'certificate') throw new Error('it has a certificate')
  const leaf = parseCertificate(material.leaf)
  t.equal(codeSigningFault(leaf), null)
  t.notOk(leaf.isSelfIssued)
  const root = parseTrustedRoot(file('rekor2-happy-path/trusted_root.json'))
  const [intermediate, anchor] = root.certificateAuthorities[0]?.chain ?? []
  if (intermediate === undefined || anchor === undefined) throw new Error('a chain of two')
  t.equal(codeSigningFault(parseCertificate(intermediate)), 'it is that of an authority')
  t.ok(parseCertificate(anchor).isSelfIssued)
  t.not(codeSigningFault(parseCertificate(anchor)), null)
  const plain = new Uint8Array(readFileSync(new URL('../../vectors/x509/cert-plain-ed25519.der', import.meta.url)))
  t.equal(codeSigningFault(parseCertificate(plain)), 'it is not for signing code')

  const extensions = (changed: Record<string, string>) =>
    new Map([...leaf.extensions, ...Object.entries(changed).map(([oid, value]) => [oid, parseHex(value)] as const)])
  const fault = (changed: Record<string, string>) => codeSigningFault({ ...leaf, extensions: extensions(changed) })
  t.equal(fault({ '2.5.29.37': '300a06082b06010505070301' }), 'it is not for signing code', 'a server')
  t.equal(fault({ '2.5.29.19': '30030101ff' }), 'it is that of an authority')
  t.equal(fault({ '2.5.29.19': '3000' }), null, 'basicConstraints that say no')
  t.equal(fault({ '2.5.29.15': '03020106' }), 'its key is not for signatures')
  t.equal(fault({ '2.5.29.15': '03020780' }), null)
})

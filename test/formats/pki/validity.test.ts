import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { parseCertificate } from '../../../src/formats/pki/certificate.ts'
import { validityOf } from '../../../src/formats/pki/validity.ts'
import { recorded } from '../sigstore/log-entry-v1.ts'

t.test('certificates are valid as long as Node says', async (t) => {
  const files = ['cert-email-p256', 'cert-names-p521', 'cert-uri-p384'].map((name) =>
    readFileSync(new URL(`../../vectors/x509/${name}.der`, import.meta.url)),
  )
  const { material } = recorded('happy-path-v0.3')
  const leaf = material.kind === 'certificate' ? material.leaf : new Uint8Array()
  for (const der of [...files, leaf]) {
    const { validFromDate, validToDate } = new X509Certificate(der)
    t.same(validityOf(parseCertificate(new Uint8Array(der))), {
      notBefore: validFromDate.getTime(),
      notAfter: validToDate.getTime(),
    })
  }
})

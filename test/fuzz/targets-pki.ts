/** DER, and what stands in it. */

import { CURVES } from '../../src/crypto/curves.ts'
import { parseEcdsaSignature } from '../../src/crypto/ecdsa-signature.ts'
import { parseCertificate } from '../../src/formats/pki/certificate.ts'
import { DerReader, formatDer } from '../../src/formats/pki/der.ts'
import { formatPem, parsePem } from '../../src/formats/pki/pem.ts'
import { formatSpki, parseSpki } from '../../src/formats/pki/spki.ts'
import { parseSubjectAltName } from '../../src/formats/pki/subject-alt-name.ts'
import { checkTimestampForm } from '../../src/formats/pki/timestamp.ts'
import { readTimestampSignature } from '../../src/formats/pki/timestamp-signature.ts'
import { codeSigningFault } from '../../src/formats/pki/usages.ts'
import { concat, parseUtf8, utf8 } from '../../src/kernel/bytes.ts'
import { oneMeaning, oneSpelling, type Target } from './oracle.ts'
import { bundles, x509 } from './seeds.ts'

const MAX_DEPTH = 24

function parseDer(bytes: Uint8Array): Uint8Array {
  new DerReader(bytes).walk(MAX_DEPTH)
  return bytes
}

/** Every value printed from its tag and its content. */
function reprint(bytes: Uint8Array): Uint8Array {
  const reader = new DerReader(bytes)
  const parts: Uint8Array[] = []
  while (reader.tag !== undefined) {
    const { tag, value } = reader.next('a value')
    parts.push(formatDer(tag, (tag & 0x20) === 0 ? value : reprint(value)))
  }
  return concat(...parts)
}

function certificates(): Uint8Array[] {
  const found = bundles().flatMap(({ material }) => (material.kind === 'certificate' ? [material.leaf] : []))
  return [...found, ...x509('cert')]
}

const names = () => certificates().flatMap(extensionsOf)

function extensionsOf(der: Uint8Array): Uint8Array[] {
  try {
    return [parseCertificate(der).extensions.get('2.5.29.17') ?? new Uint8Array()]
  } catch {
    return [] // an old version: for the certificate's own target
  }
}

const timestamps = () => bundles().flatMap((bundle) => bundle.timestamps)
const signatures = () => bundles().map(({ content }) => content.signature)

/** The first byte says of what. */
const LABELS = ['CERTIFICATE', 'PUBLIC KEY'] as const
const pem = oneMeaning(
  (bytes) => {
    const label = LABELS[(bytes[0] ?? 0) % 2] ?? 'CERTIFICATE'
    return { label, blocks: parsePem(parseUtf8(bytes.subarray(1)), label) }
  },
  ({ label, blocks }) =>
    concat(Uint8Array.of(LABELS.indexOf(label)), utf8(blocks.map((der) => formatPem(der, label)).join(''))),
)

const pemSeed = (der: Uint8Array, label: 0 | 1) =>
  concat(Uint8Array.of(label), utf8(formatPem(der, LABELS[label] ?? 'CERTIFICATE')))

export const PKI: readonly Target[] = [
  {
    name: 'der',
    seeds: () => [...certificates(), ...x509('key'), ...timestamps(), ...signatures()],
    run: oneSpelling(parseDer, reprint),
  },
  { name: 'spki', seeds: () => x509('key'), run: oneSpelling(parseSpki, formatSpki) },
  { name: 'certificate', seeds: certificates, run: (bytes) => void codeSigningFault(parseCertificate(bytes)) },
  { name: 'subject-alt-name', seeds: names, run: (bytes) => void parseSubjectAltName(bytes) },
  {
    name: 'timestamp',
    seeds: timestamps,
    run: (bytes) => {
      checkTimestampForm(bytes)
      readTimestampSignature(bytes)
    },
  },
  { name: 'ecdsa-signature', seeds: signatures, run: (bytes) => void parseEcdsaSignature(CURVES['P-256'], bytes) },
  {
    name: 'pem',
    seeds: () => [...x509('cert').map((der) => pemSeed(der, 0)), ...x509('key').map((der) => pemSeed(der, 1))],
    run: pem,
  },
]

/** PEM: keys and certificates. A private key is named and not shown. */

import { type PemLabel, parsePem } from '../../formats/pki/pem.ts'
import type { Kind } from './kind.ts'
import { showCertificate, showKey } from './show-key.ts'
import { type Content, list, malformed, part, parts, text, word } from './tree.ts'

const BLOCK = /-----BEGIN ([^\n]{1,64})-----[\s\S]*?(?:-----END [^\n]{1,64}-----|$)/g

export const pem: Kind = {
  name: 'pem',
  title: 'PEM',
  recognise: ({ text }) => (text !== null && /^-----BEGIN [^\n]+-----/m.test(text) ? 'its BEGIN line' : null),
  show: ({ text }) =>
    parts(
      part(
        'blocks',
        list([...(text ?? '').matchAll(BLOCK)], ([block, label = '']) => showBlock(block, label)),
      ),
    ),
}

function showBlock(block: string, label: string): Content {
  return parts(
    part('label', text(label)),
    part('content', () => showContent(block, label)),
  )
}

function showContent(block: string, label: string): Content {
  if (/PRIVATE KEY|SECRET/.test(label)) return word('a private key, which is not shown')
  if (!isKnown(label)) return malformed('only CERTIFICATE and PUBLIC KEY are read')
  const [der = new Uint8Array()] = parsePem(block, label)
  return label === 'CERTIFICATE' ? showCertificate(der) : showKey(der)
}

function isKnown(label: string): label is PemLabel {
  return label === 'CERTIFICATE' || label === 'PUBLIC KEY'
}

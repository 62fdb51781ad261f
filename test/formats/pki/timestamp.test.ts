/** The form of RFC 3161 responses; what their signatures are worth is test/verify-node/certificates.test.ts. */

import t from 'tap'
import { checkTimestampForm } from '../../../src/formats/pki/timestamp.ts'
import { refused } from '../support.ts'
import { timestampOf } from './embedded-timestamp.ts'

const RESPONSE = timestampOf('rekor2-dsse-happy-path')
const changed = (at: number, byte: number) => () =>
  checkTimestampForm(RESPONSE.map((old, i) => (i === at ? byte : old)))

t.test('with and without certificates, of several authorities', async () => {
  for (const name of [
    'rekor2-dsse-happy-path',
    'rekor2-timestamp-with-embedded-cert',
    'intoto-with-custom-trust-root',
    'managed-key-happy-path',
  ])
    checkTimestampForm(timestampOf(name))
})

t.test('refused, with the place', async () => {
  const no = (run: () => unknown, name: string) => refused(run, 'DER_MALFORMED', name)
  no(changed(8, 2), 'status rejection')
  no(changed(23, 3), 'another content type')
  no(changed(34, 1), 'another version of SignedData')
  no(changed(49, 9), 'a digest that is none')
  no(changed(49, 2), 'two digest algorithms')
  no(changed(65, 5), 'another type of content')
  no(changed(69, 0x24), 'TSTInfo in pieces')
  no(changed(248, 3), 'another version of the signer')
  no(changed(611, 9), 'an unknown signature algorithm')
  no(() => checkTimestampForm(RESPONSE.subarray(0, -1)), 'cut short')
  no(() => checkTimestampForm(Uint8Array.from([...RESPONSE, 0])), 'a byte more')
  no(() => checkTimestampForm(new Uint8Array(70_000)), 'too long')
})

import { randomBytes } from 'node:crypto'
import t from 'tap'
import { requestTimestamp } from '../../src/client/timestamp.ts'
import { recorded } from '../formats/sigstore/log-entry-v1.ts'
import { fakeService, impatient } from './support.ts'

t.test('answers that are none', async (t) => {
  const [old = new Uint8Array()] = recorded('rekor2-happy-path').timestamps
  const { content } = recorded('rekor2-happy-path')
  for (const [name, reply, expected] of [
    ['a no', { status: 400, body: 'bad request' }, { code: 'SERVICE_REFUSED', message: /400: bad request/ }],
    ['nonsense', { status: 200, body: 'yes' }, { code: 'TIMESTAMP_INVALID' }],
    [
      'one of before',
      { status: 200, body: old },
      { code: 'TIMESTAMP_INVALID', message: /another question|something else/ },
    ],
  ] as const) {
    const authority = await fakeService(t, () => reply)
    const asked = requestTimestamp(impatient().ask, authority.url, content.signature, randomBytes)
    await t.rejects(asked, expected, name)
    t.match(authority.asked, [
      { method: 'POST', path: '/', headers: { 'content-type': 'application/timestamp-query' } },
    ])
  }
})

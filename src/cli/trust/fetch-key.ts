/** A log's public key from the log itself: trust on first use, for who asked for it. */

import type { LogConfig, LogKey } from '../../config/trust-logs.ts'
import { KEY_TYPE, parseVkey } from '../../formats/c2sp/vkey.ts'
import { list, type Read, text } from '../../formats/fields.ts'
import { isJsonObject, type JsonValue, parseJson } from '../../formats/json.ts'
import { parsePem } from '../../formats/pki/pem.ts'
import { formatSpki } from '../../formats/pki/spki.ts'
import { parseUtf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import type { Clock } from '../../log/ports.ts'
import { parseCopyUrl, readUrl } from '../../storage/http-copy.ts'

const MAX_PEM_BYTES = 16 * 1024
const MAX_LIST_BYTES = 1024 * 1024
const MAX_LOGS = 1024
const LOCAL = ['localhost', '127.0.0.1', '[::1]']

/**
 * Rekor v1 gives its key by its API. Version 2 has no such call: servers of our kind list their logs.
 * Only over https, or from this machine: anyone on the way could give another key. Redirects are refused.
 *
 * @throws TlogError COPY_REFUSED, KEY_MALFORMED, VKEY_MALFORMED, DER_MALFORMED or a JSON_ or FIELD_ code
 */
export async function fetchKey(log: LogConfig, clock: Pick<Clock, 'after'>): Promise<LogKey> {
  const url = parseCopyUrl(log.url)
  if (url.protocol !== 'https:' && !LOCAL.includes(url.hostname))
    throw new TlogError(
      'COPY_REFUSED',
      `${log.url}: a key is fetched over https alone, as anyone on the way could change it`,
    )
  const path = log.version === 1 ? 'api/v1/log/publicKey' : 'logs'
  const bytes = await readUrl(url, clock)(path, log.version === 1 ? MAX_PEM_BYTES : MAX_LIST_BYTES)
  const source = new URL(path, url).href
  if (bytes === null) throw new TlogError('COPY_REFUSED', `${source}: there is nothing; name the file of the key`)
  return { spki: log.version === 1 ? spkiOfPem(bytes, source) : spkiOfList(bytes, log.origin, source), source }
}

function spkiOfPem(bytes: Uint8Array, source: string): Uint8Array {
  const [spki, second] = parsePem(parseUtf8(bytes), 'PUBLIC KEY')
  if (spki === undefined || second !== undefined) throw new TlogError('KEY_MALFORMED', `${source}: not one public key`)
  return spki
}

const logs: Read<JsonValue[]> = list((item) => item, { max: MAX_LOGS })

/** Other fields are none of ours. */
function spkiOfList(bytes: Uint8Array, origin: string, source: string): Uint8Array {
  const json = parseJson(bytes)
  const found = logs(isJsonObject(json) ? (json.logs ?? null) : null, 'logs')
    .filter(isJsonObject)
    .find((each) => each.origin === origin && each.dialect === 'rekor-v2')
  if (found === undefined) throw new TlogError('COPY_REFUSED', `${source}: lists no version 2 log ${origin}`)
  const { name, type, publicKey } = parseVkey(text(found.vkey ?? null, 'vkey'))
  if (name !== origin || type !== KEY_TYPE.ed25519)
    throw new TlogError('VKEY_MALFORMED', `${source}: the key of ${origin} has another name or type`)
  return formatSpki({ kind: 'ed25519', bytes: publicKey })
}

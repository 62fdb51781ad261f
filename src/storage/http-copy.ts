/** A copy of a log at an http(s) URL, to read. The other side is not trusted: sizes and times are bounded, redirects refused. */

import { concat } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import type { ReadResource } from '../log/copy.ts'
import type { Clock } from '../log/ports.ts'

/** Without a byte for this long, the attempt is given up. */
const IDLE_MS = 30_000
/** One resource, from the first attempt's start to its end. */
const WHOLE_MS = 300_000
const ATTEMPTS = 3
const PAUSE_MS = 1000
/** Answers that may be another a moment later. */
const PASSING = new Set([429, 500, 502, 503, 504])

/** @throws TlogError COPY_REFUSED unless an http or https URL without user, query or fragment. */
export function parseCopyUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  const plain = url !== null && url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  if (!plain || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new TlogError('COPY_REFUSED', 'a copy is at an http or https URL without user, query or fragment')
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url
}

/** @param prefix as `parseCopyUrl` gives it; resources are below it. */
export function readUrl(prefix: URL, clock: Pick<Clock, 'after'>): ReadResource {
  return async (path, maxBytes) => {
    const url = new URL(path, prefix)
    for (let attempt = 1; ; attempt++) {
      const found = await fetchOnce(url, maxBytes, clock)
      if (!(found instanceof TlogError)) return found
      if (attempt === ATTEMPTS) throw found
      await new Promise<void>((resolve) => void clock.after(PAUSE_MS * attempt, resolve))
    }
  }
}

/** The body, null where there is none, or why it is worth another attempt. */
async function fetchOnce(
  url: URL,
  maxBytes: number,
  clock: Pick<Clock, 'after'>,
): Promise<Uint8Array | null | TlogError> {
  const control = new AbortController()
  const end = clock.after(WHOLE_MS, () => control.abort(new Error('it took too long')))
  let idle = (): void => undefined
  const moved = (): void => {
    idle()
    idle = clock.after(IDLE_MS, () => control.abort(new Error(`nothing came for ${IDLE_MS / 1000} s`)))
  }
  try {
    moved()
    const response = await fetch(url, { redirect: 'manual', signal: control.signal })
    moved()
    if (response.status === 200) return await readBody(response, url, { maxBytes, moved })
    await response.body?.cancel()
    if (response.status === 404 || response.status === 410) return null
    const refused = new TlogError('COPY_REFUSED', `${url}: answered ${response.status}`)
    if (PASSING.has(response.status)) return refused
    throw refused // redirects too: the operator named this place and no other
  } catch (error) {
    if (error instanceof TlogError) throw error
    return new TlogError('COPY_REFUSED', `${url}: ${reasonOf(error)}`, { cause: error })
  } finally {
    end()
    idle()
    control.abort()
  }
}

/** Counted after decompression: a small answer may unpack to a large one. */
async function readBody(
  response: Response,
  url: URL,
  { maxBytes, moved }: { readonly maxBytes: number; readonly moved: () => void },
): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of response.body ?? []) {
    moved()
    size += part.length
    if (size > maxBytes) throw new TlogError('COPY_REFUSED', `${url}: above ${maxBytes} bytes`)
    parts.push(part)
  }
  return concat(...parts)
}

/** fetch hides it behind "fetch failed". */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message : error.message
}

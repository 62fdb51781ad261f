/** What a person sees when the server has started on a terminal. */

import type { ServeConfig } from '../config.ts'
import type { Log } from '../log/log.ts'

export function greeting(address: string, logs: readonly Log[], config: ServeConfig): string {
  const entries = logs.map((log) => {
    const { slug, dialect, origin, vkey } = log.identity
    return `  log ${slug} (${dialect}), origin ${origin}, ${log.status().durable} entries\n  verifier key  ${vkey}`
  })
  return `
Colophon listens on ${address}${address === config.url ? '' : `, for clients at ${config.url}`}
data in ${config.data.dir}

${entries.join('\n\n')}

  checkpoint    curl ${config.url}/checkpoint
  trust file    curl ${config.url}/trust/trusted_root.json
  submit        POST ${config.url}/api/v2/log/entries

Ctrl-C stops it; nothing that was acknowledged is lost.
`
}

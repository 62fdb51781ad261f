/** From settings to a TrustConfig. A kind of which flags or variables speak is theirs alone: the file's list is not read. */

import { dirname } from 'node:path'
import { type Fields, list, object } from '../formats/fields.ts'
import type { JsonValue } from '../formats/json.ts'
import { flagOf, keyOf } from './names.ts'
import type { SettingName } from './settings.ts'
import type { Sources } from './sources.ts'
import type { TrustConfig } from './trust.ts'
import { authority, ctLog, readAuthority, readCtLog, readIssuer } from './trust-items.ts'

const MAX_ITEMS = 64

type UrlName = 'fulcio-url' | 'tsa-url' | 'ct-log-url'
type FileName = 'fulcio-certificate' | 'tsa-certificate' | 'ct-log-key'

/** What is wrong is noted. */
export function trustOf(sources: Sources): TrustConfig {
  const { problems } = sources
  const issuer = sources.value('oidc-issuer')
  const trust = {
    operator: sources.value('operator'),
    certificateAuthorities:
      pair(sources, 'fulcio-url', 'fulcio-certificate', authority) ?? inFile(sources, 'fulcio-url', readAuthority),
    timestampAuthorities:
      pair(sources, 'tsa-url', 'tsa-certificate', authority) ?? inFile(sources, 'tsa-url', readAuthority),
    ctLogs: pair(sources, 'ct-log-url', 'ct-log-key', ctLog) ?? inFile(sources, 'ct-log-url', readCtLog),
    oidcIssuers: issuer === null ? inFile(sources, 'oidc-issuer', readIssuer) : [issuer],
  }
  if (new Set(trust.oidcIssuers).size < trust.oidcIssuers.length)
    problems.note(keyOf('oidc-issuer') ?? '', 'the same issuer twice')
  return trust
}

/** The one item that two settings describe together, or null when neither is said. */
function pair<T>(sources: Sources, url: UrlName, file: FileName, make: (url: string, path: string) => T): T[] | null {
  const [urlSaid, fileSaid] = [sources.said(url), sources.said(file)]
  const [urlValue, path] = [sources.value(url), sources.value(file)]
  if (urlSaid === null && fileSaid === null) return null
  if (urlSaid === null) sources.problems.note(fileSaid?.place ?? '', `goes with ${flagOf(url)}, which is missing`)
  else if (fileSaid === null) sources.problems.note(urlSaid.place, `goes with ${flagOf(file)}, which is missing`)
  else if (urlValue !== null && path !== null)
    return sources.problems.take<T[]>(fileSaid.place, [], () => [make(urlValue, path)])
  return []
}

/** Each item is judged by itself, so that everything wrong is said. */
function inFile<T>({ file, problems }: Sources, name: SettingName, read: (fields: Fields, base: string) => T): T[] {
  const key = keyOf(name) ?? ''
  const value = file?.lists.get(key)
  if (file === null || value === undefined) return []
  const asItIs = (item: JsonValue) => item
  const items = problems.take<JsonValue[]>(file.path, [], () => list(asItIs, { max: MAX_ITEMS })(value, key))
  return items.flatMap((item, at) => {
    const readItem = object((fields) => read(fields, dirname(file.path)))
    return problems.take<T[]>(file.path, [], () => [readItem(item, `${key}[${at}]`)])
  })
}

import t from 'tap'
import type { Selection, SigningConfig } from '../../src/formats/sigstore/signing-config.ts'
import { parseTime } from '../../src/formats/time.ts'
import { selectServices } from '../../src/sign/services.ts'

const NOW = parseTime('2026-06-01T00:00:00Z')
const service = (url: string, majorApiVersion: number, year: number, operator = url, end?: string) => ({
  url,
  majorApiVersion,
  operator,
  validFor: { start: `${year}-01-01T00:00:00Z`, ...(end === undefined ? {} : { end }) },
})
const ANY: Selection = { selector: 'ANY' }
const NOTHING: SigningConfig = {
  ...{ caUrls: [], oidcUrls: [], rekorTlogUrls: [], tsaUrls: [] },
  ...{ rekorTlogConfig: ANY, tsaConfig: ANY },
}

type Services = SigningConfig['rekorTlogUrls']

function logs(services: Services, selection: Selection = ANY) {
  const { logs, version } = selectServices({ ...NOTHING, rekorTlogUrls: services, rekorTlogConfig: selection }, NOW)
  return [version, ...logs]
}

t.test('the highest version that is spoken and valid', async (t) => {
  const [v1, v2, v3] = [service('v1', 1, 2026), service('v2', 2, 2025), service('v3', 3, 2026)]
  t.same(logs([v1, v2, v3]), [2, 'v2'])
  t.same(logs([v1, v3]), [1, 'v1'])
  t.same(logs([v1, service('late', 2, 2027)]), [1, 'v1'], 'one that begins later')
  t.same(logs([v1, service('over', 2, 2025, 'over', '2026-05-31T23:59:59Z')]), [1, 'v1'], 'one that has ended')
  t.same(logs([v1, service('ends', 2, 2025, 'ends', '2026-06-01T00:00:00Z')]), [2, 'ends'], 'both ends are inside')
})

t.test('of each operator the newest, as many as are selected', async (t) => {
  const all = [
    service('a-old', 2, 2024, 'a'),
    service('b', 2, 2023, 'b'),
    service('a-new', 2, 2025, 'a'),
    service('c', 1, 2026, 'c'),
  ]
  t.same(logs(all), [2, 'a-new'])
  t.same(logs(all, { selector: 'ALL' }), [2, 'a-new', 'b'])
  t.same(logs(all, { selector: 'EXACT', count: 1 }), [2, 'a-new'])
  t.same(logs(all, { selector: 'EXACT', count: 2 }), [2, 'a-new', 'b'])
  t.throws(() => logs(all, { selector: 'EXACT', count: 3 }), { code: 'CONFIG_INVALID', message: /wants 3 .* has 2/ })
})

t.test('without a log nothing is signed; the others may be missing', async (t) => {
  for (const services of [[], [service('v3', 3, 2026)]])
    t.throws(() => logs(services), { code: 'CONFIG_INVALID', message: /no log/ })
  const config = {
    ...NOTHING,
    rekorTlogUrls: [service('log', 2, 2026)],
    caUrls: [service('old', 1, 2024), service('new', 1, 2025), service('other', 2, 2025)],
    tsaUrls: [service('tsa', 1, 2025), service('tsa2', 1, 2024)],
    tsaConfig: { selector: 'ALL' } as const,
  }
  t.same(selectServices(config, NOW), { logs: ['log'], version: 2, certificates: 'new', timestamps: ['tsa', 'tsa2'] })
  t.match(selectServices({ ...config, caUrls: [], tsaUrls: [] }, NOW), { certificates: null, timestamps: [] })
  const wanting = { ...config, tsaUrls: [], tsaConfig: { selector: 'EXACT', count: 1 } as const }
  t.throws(() => selectServices(wanting, NOW), { code: 'CONFIG_INVALID', message: /timestamp authority/ })
})

/** Directories and object stores, and the variables by which those are reached. */

import t from 'tap'
import { readAccess, type StoreOwner } from '../../src/config/object-store.ts'
import { describePlace, parsePlace, placeAt, placesOverlap } from '../../src/config/place.ts'
import { Problems } from '../../src/config/problems.ts'
import { parseCopyPlace, parseData, parseServe } from '../../src/config.ts'

const AWS = { AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'SECRET+/=', AWS_REGION: 'eu-west-1' }
const RATCHET = {
  COLOPHON_RATCHET_AWS_ACCESS_KEY_ID: 'OTHER',
  COLOPHON_RATCHET_AWS_SECRET_ACCESS_KEY: 'SECRET2',
  COLOPHON_RATCHET_AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:7070',
}

/** What is read, and what is wrong with it. */
function read(env: Record<string, string>, owner: StoreOwner = 'copies') {
  const problems = new Problems()
  const access = readAccess(env, owner, problems)
  try {
    problems.check()
  } catch (error) {
    return (error as Error).message
  }
  return access
}

t.test('AWS, or another store', async (t) => {
  const keys = { accessKeyId: 'AKIA', secretAccessKey: 'SECRET+/=', sessionToken: null }
  t.same(read(AWS), {
    endpoint: 'https://s3.eu-west-1.amazonaws.com',
    region: 'eu-west-1',
    addressing: 'host',
    ...keys,
  })
  const cases: readonly (readonly [Record<string, string>, Record<string, unknown>])[] = [
    [{ AWS_SESSION_TOKEN: 'T' }, { sessionToken: 'T' }],
    [{ AWS_SESSION_TOKEN: '' }, { sessionToken: null }],
    [{ AWS_REGION: '', AWS_DEFAULT_REGION: 'us-east-2' }, { region: 'us-east-2' }],
    [{ AWS_ENDPOINT_URL: 'https://s3.example' }, { endpoint: 'https://s3.example', addressing: 'path' }],
    [
      { AWS_ENDPOINT_URL: 'https://other.example', AWS_ENDPOINT_URL_S3: 'http://[::1]:9000/', AWS_REGION: '' },
      { endpoint: 'http://[::1]:9000', region: 'us-east-1', addressing: 'path' },
    ],
    [{ AWS_ENDPOINT_URL_S3: 'https://s3.example', COLOPHON_S3_ADDRESSING: 'host' }, { addressing: 'host' }],
    [{ COLOPHON_S3_ADDRESSING: 'path' }, { addressing: 'path' }],
  ]
  for (const [more, expected] of cases) t.match(read({ ...AWS, ...more }), expected, JSON.stringify(more))
  t.match(read({ ...AWS, ...RATCHET }, 'ratchet'), { accessKeyId: 'OTHER', region: 'us-east-1' })
})

t.test('what is wrong is told by its name, without its value', async (t) => {
  const cases: readonly (readonly [Record<string, string>, RegExp])[] = [
    [{ AWS_ACCESS_KEY_ID: '' }, /^AWS_ACCESS_KEY_ID: must be set: it is read from the environment alone$/],
    [{ AWS_SECRET_ACCESS_KEY: 'sec ret' }, /^AWS_SECRET_ACCESS_KEY: must be 1 to 4096 printable/],
    [{ AWS_SESSION_TOKEN: 'a\nb' }, /^AWS_SESSION_TOKEN: must be/],
    [{ AWS_REGION: '' }, /^AWS_REGION: must be set, or AWS_ENDPOINT_URL_S3 for a store/],
    [{ AWS_REGION: 'EU west' }, /^AWS_REGION: must be the name of a region/],
    [{ AWS_ENDPOINT_URL_S3: 'ftp://s3.example' }, /^AWS_ENDPOINT_URL_S3: must be an http\(s\) URL/],
    [{ AWS_ENDPOINT_URL_S3: 'https://user:pw@s3.example' }, /^AWS_ENDPOINT_URL_S3: must be an http\(s\) URL/],
    [{ AWS_ENDPOINT_URL: 'https://s3.example/bucket' }, /^AWS_ENDPOINT_URL: must be an http\(s\) URL/],
    [{ AWS_ENDPOINT_URL: 's3' }, /^AWS_ENDPOINT_URL: must be an http\(s\) URL/],
    [{ COLOPHON_S3_ADDRESSING: 'dns' }, /^COLOPHON_S3_ADDRESSING: must be one of host, path/],
  ]
  for (const [more, message] of cases) {
    const found = read({ ...AWS, ...more })
    t.match(found, message)
    t.notMatch(found, /sec ret|pw/)
  }
  t.match(read({}, 'ratchet'), /COLOPHON_RATCHET_AWS_REGION: must be set, or COLOPHON_RATCHET_AWS_ENDPOINT_URL_S3/)
})

const place = (text: string, endpoint = 'https://s3.example') =>
  placeAt(parsePlace(text), { ...AWS, AWS_ENDPOINT_URL_S3: endpoint }, 'copies', new Problems())

t.test('places, and which lie within which', async (t) => {
  t.equal(describePlace(place('s3://tlog/a'), 'v2'), 's3://tlog/a/v2')
  t.equal(describePlace(place('s3://tlog')), 's3://tlog')
  t.equal(describePlace(place('/srv/www'), 'v2'), '/srv/www/v2')
  t.throws(() => parsePlace('s3://Tlog'), /s3:\/\/BUCKET\/PREFIX/)
  t.throws(() => parsePlace(''), /must be a path/)
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['s3://tlog', 's3://tlog', true],
    ['s3://tlog', 's3://tlog/a', true],
    ['s3://tlog/a/b', 's3://tlog/a', true],
    ['s3://tlog/a', 's3://tlog/ab', false],
    ['s3://tlog/a', 's3://other/a', false],
    ['s3://tlog/a', '/a', false],
    ['/a', '/a/b', true],
    ['/a', '/b', false],
  ]
  for (const [a, b, overlaps] of cases) {
    t.equal(placesOverlap(place(a), place(b)), overlaps, `${a} ${b}`)
    t.equal(placesOverlap(place(b), place(a)), overlaps)
  }
  t.equal(placesOverlap(place('s3://tlog'), place('s3://tlog', 'https://elsewhere.example')), false)
})

t.test('a server with both', async (t) => {
  const { publish, data } = parseServe(['--publish', 's3://tlog/logs', '--ratchet', 's3://memory'], {
    ...AWS,
    ...RATCHET,
  })
  t.match(publish, { kind: 'objects', location: { bucket: 'tlog', prefix: 'logs/' }, access: { accessKeyId: 'AKIA' } })
  t.match(data.ratchet, {
    kind: 'objects',
    location: { bucket: 'memory', prefix: '' },
    access: { accessKeyId: 'OTHER' },
  })
  const same = { ...AWS, ...RATCHET, COLOPHON_RATCHET_AWS_ACCESS_KEY_ID: 'AKIA' }
  t.throws(() => parseServe(['--publish', 's3://tlog/logs', '--ratchet', 's3://memory'], same), {
    code: 'CONFIG_INVALID',
    message:
      'COLOPHON_RATCHET_AWS_ACCESS_KEY_ID: is AWS_ACCESS_KEY_ID too: whoever may write the copies could then set the ratchet back',
  })
  const near = { ...RATCHET, ...AWS, AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:7070' }
  t.throws(() => parseServe(['--publish', 's3://tlog', '--ratchet', 's3://tlog/memory'], near), {
    message: '--publish: overlaps with s3://tlog/memory',
  })
  t.throws(() => parseServe(['--publish', 's3://tlog', '--ratchet', 's3://memory'], {}), {
    message: /AWS_REGION.*AWS_ACCESS_KEY_ID.*COLOPHON_RATCHET_AWS_SECRET_ACCESS_KEY/s,
  })
  t.throws(() => parseServe([], { COLOPHON_RATCHET_AWS_KEY: 'x' }), {
    message: /COLOPHON_RATCHET_AWS_KEY: there is no such/,
  })
})

t.test('where a command copies to', async (t) => {
  const data = parseData({ ratchet: 's3://memory' }, { ...AWS, ...RATCHET })
  t.match(parseCopyPlace('s3://tlog/x', data, AWS), { location: { prefix: 'x/' } })
  t.throws(() => parseCopyPlace('s3://T', data, AWS), {
    code: 'CONFIG_INVALID',
    message: /^s3:\/\/T: an object store is/,
  })
  t.throws(() => parseCopyPlace('s3://tlog', data, {}), { code: 'CONFIG_INVALID', message: /AWS_ACCESS_KEY_ID/ })
})

t.test('entries that may leave the database, and where to', async (t) => {
  const database = ['--database', 'postgres://localhost/logs']
  const publish = ['--publish', 's3://tlog/logs']
  const kept = (...argv: readonly string[]) => parseServe(argv, AWS).keepEntries
  t.equal(kept(), null, 'all stay')
  t.equal(kept('--keep-entries', 'all'), null)
  t.equal(kept(...database, ...publish, '--keep-entries', 'all'), null)
  t.equal(kept(...database, ...publish, '--keep-entries', '100000000'), 100_000_000)
  for (const argv of [[], database, publish, [...database, '--publish', '/srv/www']])
    t.throws(
      () => kept(...argv, '--keep-entries', '5000'),
      {
        code: 'CONFIG_INVALID',
        message: /^--keep-entries: entries leave PostgreSQL \(--database\) for an object store/,
      },
      argv.join(' '),
    )
  for (const wrong of ['1023', '10000000000', 'none', '1e6', ''])
    t.throws(() => kept(...database, ...publish, '--keep-entries', wrong), { message: /^--keep-entries: / }, wrong)
  t.equal(parseData({ publish: 's3://tlog/logs' }, {}).bundles, 's3://tlog/logs', 'who needs none needs no credentials')
  t.equal(parseData({ publish: '/srv/www' }, {}).bundles, null)
})

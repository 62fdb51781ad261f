import t from 'tap'
import { below, formatS3Url, isS3Url, parseS3Url } from '../../../src/formats/s3/location.ts'

t.test('a bucket, and a prefix in it', async (t) => {
  const good: readonly (readonly [string, string, string, string])[] = [
    ['s3://tlog', 'tlog', '', 's3://tlog'],
    ['s3://tlog/', 'tlog', '', 's3://tlog'],
    ['s3://a.b-c/logs', 'a.b-c', 'logs/', 's3://a.b-c/logs'],
    ['s3://tlog/a/B_1/c.d/', 'tlog', 'a/B_1/c.d/', 's3://tlog/a/B_1/c.d'],
    [`s3://tlog/${'a'.repeat(512)}`, 'tlog', `${'a'.repeat(512)}/`, `s3://tlog/${'a'.repeat(512)}`],
  ]
  for (const [text, bucket, prefix, plain] of good) {
    t.ok(isS3Url(text))
    t.same(parseS3Url(text), { bucket, prefix }, text)
    t.equal(formatS3Url(parseS3Url(text)), plain)
    if (prefix.length < 500) t.same(below(parseS3Url(text), 'v2'), parseS3Url(`${plain}/v2`))
  }
  t.equal(isS3Url('./s3'), false)
  t.equal(isS3Url('https://s3'), false)
})

t.test('another spelling is refused', async (t) => {
  for (const text of [
    's3:tlog',
    's3:/tlog',
    'S3://tlog',
    's3://',
    's3://ab',
    's3://Tlog',
    's3://-tlog',
    's3://tlog-',
    's3://tl_og',
    `s3://${'a'.repeat(64)}`,
    's3://tlog//a',
    's3://tlog/a//b',
    's3://tlog/.a',
    's3://tlog/../a',
    's3://tlog/a b',
    's3://tlog/a%20b',
    's3://tlog/a?b',
    's3://tlog/a#b',
    's3://tlog/ä',
    's3://user@tlog/a',
    's3://tlog:1/a',
    `s3://tlog/${'a'.repeat(513)}`,
    's3://tlog/a\n',
  ])
    t.throws(() => parseS3Url(text), { code: 'FIELD_INVALID', message: /s3:\/\/BUCKET\/PREFIX/ }, text)
})

import t from 'tap'
import { parseErrorCode, parseListing } from '../../../src/formats/s3/answers.ts'
import { childText, parseXml } from '../../../src/formats/s3/xml.ts'
import { utf8 } from '../../../src/kernel/bytes.ts'

const PROLOG = '<?xml version="1.0" encoding="UTF-8"?>\n'

t.test('elements and their text', async (t) => {
  const root = parseXml(
    utf8(
      `${PROLOG}<a xmlns="http://s3/" x='1'>\n <b>1 &lt;&amp;&gt;&quot;&apos;&#65;&#x1F600;</b><c/><d ></d>\n</a>\n`,
    ),
  )
  t.equal(root.name, 'a')
  t.equal(childText(root, 'b'), '1 <&>"\'A😀')
  t.equal(childText(root, 'c'), '')
  t.equal(childText(root, 'd'), '')
  t.equal(childText(root, 'e'), null)
  t.same(parseXml(utf8('\uFEFF<?xml version="1.0"?><a/>')), { name: 'a', text: '', children: [] })
})

t.test('what is no plain document is refused', async (t) => {
  for (const text of [
    '',
    ' ',
    'text',
    '<a>',
    '<a></b>',
    '</a>',
    '<a/><b/>',
    '<a/>text',
    'text<a/>',
    '<a></a></a>',
    '<a></a x="1">',
    '<a></a/>',
    '<a><!-- --></a>',
    '<a><![CDATA[x]]></a>',
    '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    '<a><?php ?></a>',
    '<a x></a>',
    '<a x=1/>',
    '<a x="<"/>',
    '<1/>',
    '< a/>',
    '<a',
    '<a>&b;</a>',
    '<a>&lt</a>',
    '<a>&;</a>',
    '<a>&constructor;</a>',
    '<a>&#0;</a>',
    '<a>&#xD800;</a>',
    '<a>&#x110000;</a>',
    `${'<a>'.repeat(9)}${'</a>'.repeat(9)}`,
    `<a>${'<b/>'.repeat(20_000)}</a>`,
  ])
    t.throws(() => parseXml(utf8(text)), { code: 'FIELD_INVALID', message: /^XML: / }, text.slice(0, 60))
  t.throws(() => parseXml(Uint8Array.of(0x3c, 0x61, 0xff)), { code: 'UTF8_MALFORMED' })
  t.throws(() => childText(parseXml(utf8('<a><b/><b/></a>')), 'b'), { message: /<b> stands there twice/ })
  t.doesNotThrow(() => parseXml(utf8(`${'<a>'.repeat(8)}${'</a>'.repeat(8)}`)))
  t.doesNotThrow(() => parseXml(utf8(`<a>${'<b/>'.repeat(19_999)}</a>`)))
})

t.test('of an error, its code alone', async (t) => {
  const cases: readonly (readonly [string, string | null])[] = [
    [
      `${PROLOG}<Error><Code>InvalidAccessKeyId</Code><Message>no</Message><AWSAccessKeyId>AKIA</AWSAccessKeyId></Error>`,
      'InvalidAccessKeyId',
    ],
    ['<Error><Message>no</Message></Error>', null],
    ['<Error><Code>with a space</Code></Error>', null],
    [`<Error><Code>${'a'.repeat(65)}</Code></Error>`, null],
    ['<Error><Code>a</Code><Code>b</Code></Error>', null],
    ['<html><Code>a</Code></html>', null],
    ['not found', null],
    ['', null],
  ]
  for (const [text, code] of cases) t.equal(parseErrorCode(utf8(text)), code, text)
})

const listing = (inner: string) => utf8(`${PROLOG}<ListBucketResult xmlns="http://s3/">${inner}</ListBucketResult>`)

t.test('keys, and where the next part begins', async (t) => {
  t.same(parseListing(listing('<IsTruncated>false</IsTruncated>')), { keys: [], next: null })
  t.same(
    parseListing(
      listing(
        '<Name>b</Name><Contents><Key>a&amp;b</Key><Size>1</Size></Contents><Contents><Key>c</Key></Contents><IsTruncated>false</IsTruncated>',
      ),
    ),
    { keys: ['a&b', 'c'], next: null },
  )
  t.same(
    parseListing(
      listing(
        '<Contents><Key>a</Key></Contents><IsTruncated>true</IsTruncated><NextContinuationToken>t/+=</NextContinuationToken>',
      ),
    ),
    { keys: ['a'], next: 't/+=' },
  )
})

t.test('a listing of another shape is refused', async (t) => {
  for (const bytes of [
    utf8('<Error><Code>a</Code></Error>'),
    utf8('<ListBucketResult>'),
    listing(''),
    listing('<IsTruncated>maybe</IsTruncated>'),
    listing('<IsTruncated>true</IsTruncated>'),
    listing('<IsTruncated>true</IsTruncated><NextContinuationToken/>'),
    listing('<Contents><Size>1</Size></Contents><IsTruncated>false</IsTruncated>'),
    listing('<Contents><Key>a</Key><Key>b</Key></Contents><IsTruncated>false</IsTruncated>'),
  ])
    t.throws(() => parseListing(bytes), { code: 'FIELD_INVALID' }, Buffer.from(bytes).toString().slice(40, 120))
})

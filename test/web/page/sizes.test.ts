import t from 'tap'
import { inUnits, progressText } from '../../../src/web/page/sizes.ts'

t.test('bytes for people', async (t) => {
  const table = {
    0: '0 bytes',
    999: '999 bytes',
    1000: '1.0 kB',
    99449: '99 kB',
    99600: '100 kB',
    999499: '999 kB',
    999500: '1.0 MB',
    1000000000: '1.0 GB',
    5400000000000: '5.4 TB',
    9007199254740991: '9007 TB',
  }
  for (const [bytes, text] of Object.entries(table)) t.equal(inUnits(Number(bytes)), text)
})

t.test('progress', async (t) => {
  t.equal(progressText(1e6, 1e9, 100), '1.0 MB of 1.0 GB', 'too early for a rate')
  t.equal(progressText(5e8, 1e9, 2000), '500 MB of 1.0 GB, 250 MB/s, 2 s left')
  t.equal(progressText(1e9, 1e12, 10_000), '1.0 GB of 1.0 TB, 100 MB/s, 167 min left')
})

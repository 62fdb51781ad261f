import { existsSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { RecordSorter } from '../../src/files/sort-records.ts'

t.test('whatever fits into memory, the order is that of the bytes', async (t) => {
  const folder = t.testdir()
  let run = 0
  const record = fc.uint8Array({ minLength: 8, maxLength: 8, max: 3 })
  await fc.assert(
    fc.asyncProperty(fc.array(record, { maxLength: 200 }), fc.integer({ min: 1, max: 64 }), async (records, held) => {
      const scratch = join(folder, `${run++}`)
      const sorter = new RecordSorter({ length: 8, held, scratch })
      for (const one of records) await sorter.add(one)
      const sorted: string[] = []
      for await (const one of sorter.sorted()) sorted.push(Buffer.from(one).toString('hex'))
      t.equal(existsSync(scratch), records.length > held, 'the disk is used where it must be')
      await sorter.close()
      t.notOk(existsSync(scratch), 'nothing is left')
      t.same(sorted, records.map((one) => Buffer.from(one).toString('hex')).sort())
    }),
    { numRuns: 60 },
  )
})

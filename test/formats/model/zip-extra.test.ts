/** What an archive can hold that is no member: in extra fields, and in comments of its entries. */

import { crc32 } from 'node:zlib'
import t from 'tap'
import { sourceOf } from '../../../src/formats/model/byte-source.ts'
import { readZip } from '../../../src/formats/model/zip.ts'
import { CENTRAL, END, LOCAL, writeRecord } from '../../../src/formats/model/zip-records.ts'
import { concat, utf8 } from '../../../src/kernel/bytes.ts'

const NONE = new Uint8Array()
const NAME = utf8('weights.gguf')
const CONTENT = utf8('weights')

interface Extra {
  readonly local?: Uint8Array
  readonly central?: Uint8Array
  readonly comment?: Uint8Array
}

function archive({ local = NONE, central = NONE, comment = NONE }: Extra): Uint8Array {
  const said = {
    ...{ needed: 20, flags: 0x0800, method: 0, time: 0, date: 0, crc32: crc32(CONTENT) },
    ...{ packed: CONTENT.length, size: CONTENT.length, nameLength: NAME.length },
  }
  const member = concat(writeRecord(LOCAL, { ...said, extraLength: local.length }), NAME, local, CONTENT)
  const own = { madeBy: 20, extraLength: central.length, commentLength: comment.length, disk: 0, internal: 0 }
  const directory = concat(writeRecord(CENTRAL, { ...said, ...own, external: 0, at: 0 }), NAME, central, comment)
  const counts = { disk: 0, startDisk: 0, hereCount: 1, count: 1, size: directory.length, at: member.length }
  return concat(member, directory, writeRecord(END, { ...counts, commentLength: 0 }))
}

const field = (id: number, length: number) =>
  concat(Uint8Array.of(id & 255, id >> 8, length & 255, length >> 8), new Uint8Array(length))

t.test('what no reader shows', async (t) => {
  const [timed, long, unknown] = [field(0x5455, 9), field(0x5455, 14), field(0x9988, 5000)]
  for (const [what, extra, codes] of [
    ['nothing', {}, ''],
    ['times and owners', { local: concat(timed, field(0x7875, 11)), central: field(0x000a, 32) }, ''],
    ['another field', { local: unknown }, 'HIDDEN_BYTES'],
    ['in both places', { local: unknown, central: unknown }, 'HIDDEN_BYTES,HIDDEN_BYTES'],
    ['another name for Unicode', { central: field(0x7075, 9) }, 'HIDDEN_BYTES'],
    ['a time that is too long', { local: long }, 'HIDDEN_BYTES'],
    ['one twice', { local: concat(timed, timed) }, 'HIDDEN_BYTES'],
    ['one that is cut off', { local: timed.subarray(0, -1) }, 'HIDDEN_BYTES'],
    ['less than a field', { central: Uint8Array.of(1) }, 'HIDDEN_BYTES'],
    ['a comment', { comment: utf8('hidden') }, 'HIDDEN_BYTES'],
  ] as const) {
    const { findings } = await readZip(sourceOf(archive(extra)))
    t.equal(findings.list.map(({ code }) => code).join(), codes, what)
  }
})

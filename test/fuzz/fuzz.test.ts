/** What the fuzzer ever found stays repaired, and the fuzzer finds what is planted. */

import t from 'tap'
import { faultOf } from './campaign.ts'
import { readCorpus, readFindings } from './corpus.ts'
import { TARGETS } from './targets.ts'
import { runThread } from './thread.ts'

for (const target of TARGETS)
  t.test(target.name, async (t) => {
    const [seeds, corpus, findings] = [target.seeds(), readCorpus(target.name), readFindings(target.name)]
    const faults = await Promise.all(seeds.map((seed) => faultOf(target, seed)))
    t.ok(faults.includes(null), 'a seed is accepted')
    t.ok(corpus.length > 0, 'there is a corpus')
    for (const input of [...seeds, ...corpus]) {
      const fault = await faultOf(target, input)
      if (fault !== null) t.equal(fault, '', Buffer.from(input).toString('base64'))
    }
    for (const { name, bytes } of findings) t.equal((await faultOf(target, bytes)) ?? '', '', name)
  })

t.test('what is planted is found, with the input', async (t) => {
  const found: Record<string, string> = {}
  const table = new URL('planted.ts', import.meta.url)
  const order = { table, guide: '/planted.ts', seed: '1', start: [], isOverAtFirst: true }
  for (const [target, begins, seconds, hangMs] of [
    ['deep', 'colo', 60, 20_000],
    ['hang', 'h', 60, 2000],
    ['heap', 'm', 60, 60_000],
    ['sound', '', 1, 20_000],
  ] as const) {
    const inputs: string[] = []
    await runThread({ ...order, target, seconds, hangMs }, (input, why) => {
      inputs.push(Buffer.from(input).toString('latin1'))
      found[target] = why.split('\n')[0] ?? ''
    })
    t.equal(inputs.length, begins === '' ? 0 : 1, `${target}: ${inputs.length} findings`)
    t.ok(
      inputs.every((input) => input.startsWith(begins)),
      `${target}: ${inputs.map((input) => JSON.stringify(input))}`,
    )
  }
  t.match(found, { deep: 'deep', hang: /no end in 2000 ms/, heap: /over 256 MiB of memory/ })
})

import t from 'tap'
import { bareWeights, checkArgs, fetchedWeights, readArgs } from '../../../src/formats/model/args.ts'
import { Findings } from '../../../src/formats/model/finding.ts'
import { utf8 } from '../../../src/kernel/bytes.ts'

t.test('words', async (t) => {
  for (const [text, words] of [
    ['', []],
    [' \t\r\n\v\f', []],
    ['-m\ntoy.gguf\n...\n', ['-m', 'toy.gguf', '...']],
    ['# of nothing\n-c 1 # and more', ['-c', '1']],
    ['a#b', ['a#b']],
    [`'one word' "and another"`, ['one word', 'and another']],
    [`it"is"'one'`, ['itisone']],
    [`''`, ['']],
    [`"a \\"quoted\\" word"`, ['a "quoted" word']],
    ['a\\ b', ['a b']],
    ['tab\\tline\\n\\e', ['tab\tline\n\x1b']],
    [`'\\''`, ["'"]],
    ['$HOME $A', ['$HOME', '$A']],
  ] as const)
    t.same(readArgs(utf8(text)), words, text)
})

t.test('what are no words', async (t) => {
  for (const [text, why] of [
    ['-m "toy', /byte 3: a " without its end/],
    ["'", /byte 0: a ' without its end/],
    ['-m \\', /byte 3: a backslash/],
    ['-m "/zip/a\0"', /byte 10: a NUL/],
  ] as const)
    t.throws(() => readArgs(utf8(text)), { code: 'MODEL_MALFORMED', message: why }, text)
  t.throws(() => readArgs(Uint8Array.of(0xff)), { code: 'UTF8_MALFORMED' })
})

t.test('what a digest does not say of them', async (t) => {
  for (const [words, codes] of [
    [['-m', '/zip/a.gguf', '...'], ''],
    [['-m', 'a.gguf'], 'WEIGHTS_SHADOWED'],
    [['--mmproj=a.gguf'], 'WEIGHTS_SHADOWED'],
    [['--model=/zip/a=b.gguf'], ''],
    [['--lora', '/home/a'], 'WEIGHTS_SHADOWED'],
    [['--model_draft', 'a.gguf'], 'WEIGHTS_SHADOWED'],
    [['--lora-scaled', 'a.gguf', '1'], 'WEIGHTS_SHADOWED'],
    [['-m', '/zip/../a.gguf'], 'WEIGHTS_SHADOWED'],
    [['-m', '/zip/a.gguf', '--hf_repo', 'a/b'], 'WEIGHTS_SHADOWED'],
    [['-mu', 'https://a.example/b'], 'WEIGHTS_SHADOWED'],
    [['-m'], ''],
    [['-m', '...'], ''],
    [['-p', '$USER'], 'ARGS_VARIABLE'],
    [['--host', '0.0.0.0'], 'ARGS_OPENING'],
    [['--unsecure'], 'ARGS_OPENING'],
  ] as const) {
    const findings = new Findings()
    checkArgs(words, 0, findings)
    t.equal(findings.list.map(({ code }) => code).join(), codes, words.join(' '))
  }
})

t.test('weights that are looked for on the disk first', async (t) => {
  for (const [words, names] of [
    [['-m', '/zip/a.gguf', '--mmproj=/zip/b.gguf', '...'], []],
    [
      ['-m', 'a.gguf', '--lora=../b=c.gguf', '-p', 'a.gguf'],
      ['a.gguf', '../b=c.gguf'],
    ],
    [['-m'], []],
  ] as const)
    t.same(bareWeights(words), names, words.join(' '))
})

t.test('weights that are fetched', async (t) => {
  t.same(fetchedWeights(['-m', '/zip/a.gguf', '-p', 'x', '--model_url', 'https://a.example/b', '-hff']), [
    '--model-url https://a.example/b',
    '-hff',
  ])
})

/** Tokens are made, listed and revoked; the file never holds one. */

import { createHash } from 'node:crypto'
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { command, scratch } from './support.ts'

t.test('from its making to its end', async (t) => {
  const dir = scratch(t)
  const file = join(dir, 'tokens.json')
  const token = (...words: readonly string[]) => command(['token', ...words, '--tokens', file])
  const made = await token('create', 'ci')
  t.match(made, { code: 0, warned: '', printed: /^colophon_[A-Za-z0-9_-]{43}\n$/ })
  t.equal(statSync(file).mode & 0o777, 0o600)
  const text = readFileSync(file, 'utf8')
  const secret = made.printed.trim()
  for (const part of [secret, secret.slice(9), secret.slice(9, 30)])
    t.notMatch(text, part, 'the token is not in the file')
  t.match(text, createHash('sha256').update(secret).digest('hex'), 'its hash is')

  const scoped = await token('create', 'nightly', '--logs', 'v2,2027-1')
  t.not(scoped.printed, made.printed)
  t.same(await token('list'), { code: 0, warned: '', printed: 'ci  all logs\nnightly  v2, 2027-1\n' })
  t.same(JSON.parse((await token('list', '--json')).printed), [
    { name: 'ci', logs: null },
    { name: 'nightly', logs: ['v2', '2027-1'] },
  ])

  t.match(await token('create', 'ci'), {
    code: 2,
    warned: /CONFIG_INVALID: there is a token named ci: revoke it first/,
  })
  t.match(await token('revoke', 'cd'), { code: 2, warned: /CONFIG_INVALID: there is no token named cd/ })
  t.match(await token('revoke', 'ci'), { code: 0, printed: /^ci is revoked; a running server hears of it by SIGHUP\n/ })
  t.match(await token('list'), { printed: 'nightly  v2, 2027-1\n' })
  t.same(readdirSync(dir), ['tokens.json'])
})

t.test('misuse', async (t) => {
  const dir = scratch(t)
  const file = join(dir, 'tokens.json')
  const cases: readonly [argv: readonly string[], code: number, warned: RegExp][] = [
    [[], 2, /--tokens FILE says where/],
    [['create', 'ci'], 2, /--tokens FILE says where/],
    [['--tokens', file], 2, /token takes `create NAME`/],
    [['make', 'ci', '--tokens', file], 2, /token takes/],
    [['create', '--tokens', file], 2, /token takes/],
    [['create', 'a', 'b', '--tokens', file], 2, /token takes/],
    [['list', 'ci', '--tokens', file], 2, /token takes/],
    [['list', '--tokens', file], 2, /tokens\.json cannot be read: ENOENT/],
    [['revoke', 'ci', '--tokens', file], 2, /there is no file/],
    [['create', 'CI', '--tokens', file], 3, /FIELD_INVALID: not a token's name/],
    [['create', 'ci', '--logs', 'V2', '--tokens', file], 3, /FIELD_INVALID: not a log's name: V2/],
    [['create', 'ci', '--logs', '', '--tokens', file], 3, /FIELD_INVALID: not a log's name/],
    [['create', 'ci', '--tokens', '/nowhere/tokens.json'], 3, /^ENOENT: /],
  ]
  for (const [argv, code, warned] of cases)
    t.match(await command(['token', ...argv]), { code, warned, printed: '' }, argv.join(' '))
  t.notOk(existsSync(file), 'and no file is made')

  for (const [text, warned] of [
    ['{"tokens":1}', /tokens\.json: tokens: an array was expected/],
    ['', /tokens\.json: the document: unexpected end/],
  ] as const) {
    writeFileSync(file, text, { mode: 0o600 })
    for (const argv of [['create', 'ci'], ['revoke', 'ci'], ['list']])
      t.match(await command(['token', ...argv, '--tokens', file]), { code: 2, warned, printed: '' })
    t.equal(readFileSync(file, 'utf8'), text, 'a broken file is left alone')
  }
  writeFileSync(file, '{"tokens":[]}')
  chmodSync(file, 0o622)
  t.match(await command(['token', 'list', '--tokens', file]), {
    code: 2,
    warned: /may be written by others: run chmod go-w/,
  })
  t.same(readdirSync(dir), ['tokens.json'])
})

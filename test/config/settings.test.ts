/** The table of settings, and the page that describes it. */

import { readFileSync } from 'node:fs'
import t from 'tap'
import { describeSettings, flagOf, keyOf, variableOf } from '../../src/config/names.ts'
import { GROUPS, SETTING_NAMES, SETTINGS, type Setting, type SettingName } from '../../src/config/settings.ts'

const PAGE = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')

const settingOf = (name: SettingName): Setting => SETTINGS[name]

t.test('every default is a value that its own parser takes', async (t) => {
  for (const name of SETTING_NAMES) {
    const { initial, parse, help, shape } = settingOf(name)
    if (initial !== null) t.doesNotThrow(() => parse(initial), name)
    t.match(name, /^[a-z]+(-[a-z]+)*$/)
    t.ok(help.length > 0 && shape.length > 0, name)
  }
  const keys = SETTING_NAMES.map(keyOf).filter((key) => key !== null && settingNamed(key).length > 1)
  t.same([...new Set(keys)], ['trust.certificateAuthorities', 'trust.timestampAuthorities', 'trust.ctLogs'])
})

function settingNamed(key: string): SettingName[] {
  return SETTING_NAMES.filter((name) => keyOf(name) === key)
}

/** Of each row: flag, variable, key, default, without backquotes. */
function rows(): string[][] {
  return [...PAGE.matchAll(/^\| `(--.*)$/gm)].map(([line]) =>
    line
      .split('|')
      .slice(1, 5)
      .map((cell) => cell.replaceAll('`', '').trim()),
  )
}

t.test('docs/configuration.md lists exactly these', async (t) => {
  const expected = SETTING_NAMES.map((name) => {
    const { initial, otherwise } = settingOf(name)
    return [flagOf(name), variableOf(name), keyOf(name) ?? '', initial ?? otherwise ?? '']
  })
  const byFlag = (a: readonly string[], b: readonly string[]) => String(a[0]).localeCompare(String(b[0]))
  t.same(rows().sort(byFlag), expected.sort(byFlag))
  for (const group of GROUPS) t.match(PAGE, new RegExp(`^## ${group}$`, 'm'))
})

t.test('the help is in groups', async (t) => {
  const text = describeSettings(SETTING_NAMES)
  for (const name of SETTING_NAMES) t.match(text, `    ${flagOf(name)} ${settingOf(name).shape}`)
  t.equal(text.split('\n\n').length, GROUPS.length)
  for (const line of text.split('\n')) t.ok(line.length <= 130, line)
  t.equal(describeSettings(['listen']).split('\n')[0], '  Listening', 'and only those with something in them')
})

/** How a setting is called: on the command line, in the environment, in the file, in a help text. */

import { GROUPS, SETTINGS, type Setting, type SettingName } from './settings.ts'

export function flagOf(name: SettingName): string {
  return `--${name}`
}

export function variableOf(name: SettingName): string {
  return `COLOPHON_${name.toUpperCase().replaceAll('-', '_')}`
}

/** The path of its key in the file, with dots; null when it has none. */
export function keyOf(name: SettingName): string | null {
  const { key }: Setting = SETTINGS[name]
  return key === undefined ? name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()) : key
}

/** Lines for a help text, a group after the other. */
export function describeSettings(names: readonly SettingName[]): string {
  return GROUPS.map((group) => {
    const lines = names.filter((name) => SETTINGS[name].group === group).map(describe)
    return lines.length === 0 ? '' : `  ${group}\n${lines.join('')}`
  })
    .filter((part) => part !== '')
    .join('\n')
}

function describe(name: SettingName): string {
  const { shape, help, initial, otherwise }: Setting = SETTINGS[name]
  const held = initial ?? otherwise
  const flag = `${flagOf(name)} ${shape}`
  return `    ${flag.padEnd(29)} ${help}${held === undefined ? '' : ` (${held})`}\n`
}

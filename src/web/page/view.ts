/** A report on the page. */

import { visible } from '../../formats/visible.ts'
import { element } from './elements.ts'
import type { Report, Row } from './report.ts'

const MARKS = { yes: '✓', no: '✕', open: '?' } as const

/** @param about which of the files the report is on */
export function renderReport(report: Report, about: string): HTMLElement {
  const { tone, title, lead, rows, notChecked, notCovered, json } = report
  const mark = element('span', { className: 'mark', ariaHidden: 'true' }, MARKS[tone])
  const heading = element('h2', { tabIndex: -1 }, title)
  const head = element('header', {}, mark, element('div', {}, heading, element('p', { className: 'about' }, about)))
  const shown = element('div', { className: 'shown' }, ...foundPart(tone, rows))
  const sides = element('div', { className: 'sides' }, shown, ...gapsPart(notChecked, notCovered))
  const details = element('details', {}, element('summary', {}, 'As JSON'), element('pre', {}, json))
  return element(
    'article',
    { className: `verdict ${tone}` },
    head,
    element('p', { className: 'lead' }, lead),
    sides,
    details,
  )
}

const FOUND = { yes: 'What was shown', no: 'What failed', open: 'What it says, unproven' } as const

function foundPart(tone: Report['tone'], rows: readonly Row[]): HTMLElement[] {
  return [element('h3', {}, FOUND[tone]), element('dl', {}, ...rows.flatMap(renderRow))]
}

function renderRow({ label, value, isCode }: Row): HTMLElement[] {
  return [element('dt', {}, label), element('dd', { className: isCode === true ? 'code' : '' }, visible(value))]
}

function gapsPart(notChecked: readonly string[], notCovered: readonly string[]): HTMLElement[] {
  if (notChecked.length + notCovered.length === 0) return []
  const unchecked = notChecked.map((text) => element('li', { className: 'unchecked' }, text))
  const uncovered = notCovered.map((text) => element('li', {}, text))
  const list = element('ul', {}, ...unchecked, ...uncovered)
  return [element('div', { className: 'gaps' }, element('h3', {}, 'What was not shown'), list)]
}

import t from 'tap'
import { safeJson, visible, visibleLines } from '../../src/formats/visible.ts'

const CASES: readonly (readonly [text: string, seen: string])[] = [
  ['plain text, “quoted”, ü, 漢字, 🙂', 'plain text, “quoted”, ü, 漢字, 🙂'],
  ['\u001b[31mred', '\\u{1b}[31mred'],
  ['\u009b31m', '\\u{9b}31m'],
  ['a\nb\r\tc\0', 'a\\u{a}b\\u{d}\\u{9}c\\u{0}'],
  ['\u007f\u202egpj.exe\u2066\u200b\ufeff', '\\u{7f}\\u{202e}gpj.exe\\u{2066}\\u{200b}\\u{feff}'],
  ['a\u00a0b\u3000c', 'a\\u{a0}b\\u{3000}c'],
  ['\u2028\u2029', '\\u{2028}\\u{2029}'],
  ['\ud800', '\\u{d800}'],
  ['\u{e0041}\u{f0000}', '\\u{e0041}\\u{f0000}'],
  ['a\ufe0f\u034f\u3164\u115f\u2800b', 'a\\u{fe0f}\\u{34f}\\u{3164}\\u{115f}\\u{2800}b'],
]

t.test('what moves, colours or hides is spelled out', async (t) => {
  for (const [text, seen] of CASES) t.equal(visible(text), seen)
})

t.test('lines of ours stay lines', async (t) => {
  t.equal(visibleLines('a\u001b\nb\u009b\n'), 'a\\u{1b}\nb\\u{9b}\n')
})

t.test('JSON keeps its meaning', async (t) => {
  const value = { '\u202e': CASES.map(([text]) => text) }
  for (const indent of [0, 2]) {
    const text = safeJson(value, indent)
    t.same(JSON.parse(text), value)
    t.notMatch(text.replaceAll('\n', ''), /[\p{C}\p{Zl}\p{Zp}\u00a0]/u)
  }
})

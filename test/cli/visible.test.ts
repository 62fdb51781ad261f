import t from 'tap'
import { visible } from '../../src/cli/visible.ts'

const CASES: readonly (readonly [text: string, seen: string])[] = [
  ['plain text, “quoted”, ü, 漢字, 🙂', 'plain text, “quoted”, ü, 漢字, 🙂'],
  ['\u001b[31mred', '\\u{1b}[31mred'],
  ['\u009b31m', '\\u{9b}31m'],
  ['a\nb\r\tc\0', 'a\\u{a}b\\u{d}\\u{9}c\\u{0}'],
  ['\u007f\u202egpj.exe\u2066\u200b\ufeff', '\\u{7f}\\u{202e}gpj.exe\\u{2066}\\u{200b}\\u{feff}'],
  ['\u2028\u2029', '\\u{2028}\\u{2029}'],
  ['\ud800', '\\u{d800}'],
  ['\u{e0041}\u{f0000}', '\\u{e0041}\\u{f0000}'],
]

t.test('what moves, colours or hides is spelled out', async (t) => {
  for (const [text, seen] of CASES) t.equal(visible(text), seen)
})

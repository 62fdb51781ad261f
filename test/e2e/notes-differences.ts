/** Where our parsers and Go's part ways, and why. Nothing else may; and each of these does. */

export interface Difference {
  readonly op: string
  /** Who takes the input. */
  readonly who: 'Go' | 'we'
  /** The other side's words. */
  readonly refusal: string
}

interface Row {
  readonly op: RegExp
  readonly who: Difference['who']
  readonly refusal: RegExp
  readonly reason: string
}

const row = (op: RegExp, who: Row['who'], refusal: RegExp, reason: string): Row => ({ op, who, refusal, reason })

/** Go is x/mod v0.38.0 and transparency-dev/formats v0.1.1. What we refuse, the specification does or may. */
const ROWS: readonly Row[] = [
  row(/open|proof/, 'Go', /non-zero bits after the last byte/, 'Go takes base64 with spare bits'),
  row(/open|proof/, 'Go', /the line of \S+:/, 'of two lines of one key Go checks the first, we both'),
  row(/open|proof/, 'Go', /an extension must not/, 'Go takes empty extension lines'),
  row(/open/, 'Go', /line 2: not a decimal number/, 'Go takes leading zeros in a size'),
  row(/proof/, 'Go', /the last signature line does not end in a newline/, 'Go ends the last line by itself'),
  row(/proof/, 'Go', /no blank line|line 1: not/, 'Go takes CRLF for LF'),
  row(/proof/, 'Go', /line \d: not a decimal number/, 'Go takes leading zeros in an index'),
  row(/proof/, 'Go', /extra data has 1 to/, 'Go takes empty extra data'),
  row(/policy/, 'Go', /^POLICY_MALFORMED line \d+: log takes/, 'Go does not read log lines'),
  row(/policy/, 'Go', /^POLICY_MALFORMED line \d+: (not a verifier key|a key of type)/, 'Go does not read log lines'),
  row(/policy/, 'Go', /^POLICY_MALFORMED line \d+: \S+: not standard padded/, 'Go does not read log lines'),
  row(/policy/, 'Go', /the key of "log|the ID of/, 'Go does not read log lines'),
  row(/policy/, 'Go', /is not defined above/, 'Go looks the quorum up at the end'),
  row(/policy/, 'Go', /a second quorum line/, 'the last quorum wins in Go'),
  row(/policy/, 'Go', /a control character|not valid UTF-8/, 'Go looks at no octets'),
  row(/policy/, 'Go', /the last line does not end in a newline/, 'Go ends the last line by itself'),
  row(/policy/, 'Go', /the key of|is a member already/, 'Go counts a witness twice'),
  row(/policy/, 'Go', /a threshold is/, 'Go takes a threshold of 0'),
  row(/policy/, 'Go', /witness takes/, '# ends a line anywhere in Go'),
  row(/policy/, 'we', /invalid (witness URL|witness definition)/, 'Go needs a URL, and reads it'),
  row(/policy/, 'we', /invalid (witness|component|group|quorum) name/, 'Go takes no word of the format for a name'),
  row(/vkey/, 'Go', /the ID of|expected NAME\+ID\+KEY|UTF-8/, 'Go reads no ID but that of Ed25519 notes'),
]

export const REASONS: readonly string[] = [...new Set(ROWS.map(({ reason }) => reason))]

export function reasonOf({ op, who, refusal }: Difference): string | null {
  return ROWS.find((one) => one.who === who && one.op.test(op) && one.refusal.test(refusal))?.reason ?? null
}

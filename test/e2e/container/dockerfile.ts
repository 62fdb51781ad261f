/**
 * Reads a Dockerfile strictly: what the interpreter in image.ts does not do is refused here, not passed over.
 * Source: docs.docker.com/reference/dockerfile, the part that ours uses.
 */

export interface Instruction {
  readonly keyword: string
  /** `--name=value` before the arguments. */
  readonly flags: Readonly<Record<string, string>>
  readonly args: string
}

export interface Stage {
  /** Another stage's name, or an image. */
  readonly from: string
  readonly name: string
  readonly instructions: readonly Instruction[]
}

/** The flags that each instruction may have. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  FROM: [],
  LABEL: [],
  ENV: [],
  RUN: [],
  COPY: ['from'],
  WORKDIR: [],
  USER: [],
  VOLUME: [],
  EXPOSE: [],
  STOPSIGNAL: [],
  HEALTHCHECK: ['interval', 'timeout', 'start-period', 'start-interval', 'retries'],
  ENTRYPOINT: [],
  CMD: [],
}

/** @throws Error at the first line that is not understood. The last stage is the image. */
export function parseDockerfile(text: string): Stage[] {
  const stages: { from: string; name: string; instructions: Instruction[] }[] = []
  for (const line of logicalLines(text)) {
    const instruction = parseInstruction(line)
    if (instruction.keyword === 'FROM') {
      const [, from = '', name = String(stages.length)] = match(/^(\S+)(?: AS ([a-z]+))?$/, instruction.args)
      stages.push({ from, name, instructions: [] })
    } else {
      const stage = stages.at(-1)
      if (stage === undefined) throw new Error(`before FROM: ${line}`)
      stage.instructions.push(instruction)
    }
  }
  if (stages.length === 0) throw new Error('no FROM')
  return stages
}

/** The exec form: a JSON array of strings. */
export function parseWords(args: string): string[] {
  const words: unknown = JSON.parse(args)
  if (!Array.isArray(words) || words.length === 0 || !words.every((word) => typeof word === 'string'))
    throw new Error(`not the exec form: ${args}`)
  return words
}

/** `name=value name="value"` of ENV and LABEL. */
export function parsePairs(args: string): Record<string, string> {
  const pair = /([\w.]+)=(?:"([^"\\$]*)"|([^\s"'\\$]+))(?:\s+|$)/y
  const pairs: Record<string, string> = {}
  while (pair.lastIndex < args.length) {
    const at = pair.lastIndex
    const found = pair.exec(args)
    if (found === null) throw new Error(`not name=value: ${args.slice(at)}`)
    pairs[found[1] ?? ''] = found[2] ?? found[3] ?? ''
  }
  return pairs
}

function parseInstruction(line: string): Instruction {
  const [, keyword = '', rest = ''] = match(/^([A-Z]+)\s+(.+)$/s, line)
  const known = KNOWN[keyword]
  if (known === undefined) throw new Error(`an instruction that is not interpreted: ${line}`)
  const flags: Record<string, string> = {}
  let args = rest
  for (let flag = next(args); flag !== null; flag = next(args)) {
    const [whole, name = '', value = ''] = flag
    if (!known.includes(name)) throw new Error(`a flag that is not interpreted: ${line}`)
    flags[name] = value
    args = args.slice(whole.length)
  }
  if (keyword !== 'RUN' && /\$|<</.test(args)) throw new Error(`neither variables nor here-documents: ${line}`)
  return { keyword, flags, args }
}

function next(args: string): RegExpExecArray | null {
  return /^--([a-z-]+)=(\S+)\s+/.exec(args)
}

/** Comments and empty lines are gone, continued lines are one. */
function logicalLines(text: string): string[] {
  const kept = text.split('\n').filter((line) => !/^\s*(?:#|$)/.test(line))
  return kept
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
}

function match(pattern: RegExp, text: string): RegExpExecArray {
  const found = pattern.exec(text)
  if (found === null) throw new Error(`not understood: ${text}`)
  return found
}

/** `colophon custody`: who made a file and from what, or what was made from it: by signed and logged statements, each verified. */

import { createAsk } from '../client/ask.ts'
import type { Direction } from '../client/custody.ts'
import { takeRepeated } from '../config/flags.ts'
import { oneOf, parseServiceUrl, wholeNumber } from '../config/parsers.ts'
import { Problems } from '../config/problems.ts'
import { parseFlags } from '../config.ts'
import { configureCrypto } from '../crypto/node.ts'
import { TlogError } from '../kernel/error.ts'
import { NO_WITNESSES } from '../verify/checkpoint.ts'
import type { TrustedSigner } from '../verify/trust.ts'
import { nodeAbilities } from '../verify-node/abilities.ts'
import { readBundles, readDocuments } from './custody/brought.ts'
import { type Asked, collect } from './custody/collect.ts'
import { cycloneDxOf } from './custody/cyclonedx.ts'
import { dotOf, jsonOf, mermaidOf, svgOf } from './custody/formats.ts'
import { buildGraph, type SeenPart } from './custody/graph.ts'
import { documentsOf, type TakenApart, takeApart } from './custody/parts.ts'
import { textOf } from './custody/text.ts'
import { EXIT, judgeCustody } from './custody/verdict.ts'
import { readTrust } from './stated-trust.ts'
import { readKey } from './verify/request.ts'
import type { Command, ExitCode, World } from './world.ts'

/** A server looks up to 64 steps far, and one more is asked for than is shown. */
const MAX_DEPTH = 63
const FORMATS = ['text', 'json', 'dot', 'mermaid', 'svg', 'cyclonedx'] as const
type Format = (typeof FORMATS)[number]

export const custody: Command = {
  name: 'custody',
  usage: `colophon custody FILE|DIGEST --log URL --trusted-root FILE SIGNER... [--policy FILE] [--direction up|down] [--depth N]
                 [--bundle FILE|DIR]... [--document FILE]... [--manifest FILE]... [--limit N] [--format text|json|dot|mermaid|svg|cyclonedx]

  Draws from what a file was made, step by step, by the statements of a log; or, down, what was made from it. Each statement is
  opened here: its entry, its proof, its signature. A llamafile is taken apart first, and its parts are asked for too.

  SIGNER is --key FILE, or --certificate-identity NAME with --certificate-oidc-issuer URL; each may stand several times. Their
  word counts: an edge is "verified" where one of them speaks of what is at its end. Others are shown as strangers.

  DIGEST          sha256:HEX, or in-toto's name of another algorithm, such as gitCommit:HEX
  --log           the Colophon server to ask
  --trusted-root  logs and authorities that count (COLOPHON_TRUSTED_ROOT)
  --policy        logs and witnesses (c2sp.org/tlog-policy), enforced on each checkpoint (COLOPHON_POLICY)
  --direction     up (to what it was made from), or down (recall: what was made from it)
  --depth         steps, 1 to 63 (20)
  --bundle        of yours, or a directory of ….sigstore.json: says when a certificate signed, where the log does not, and what,
                  where the server does not show it
  --document      a bill of materials (CycloneDX or SPDX 3, in JSON) whose signature is in the log
  --manifest      of a data set: its documents are drawn where it is met; down from one of them begins at the data set
  --limit         entries that are opened (1000)

  Exit code 0: verified. 1: not: something does not hold, or an advisory by a named signer is upstream. 2: wrong use.
  3: undetermined: nobody who was named speaks of it, or something is withheld.`,

  async run(argv, world): Promise<ExitCode> {
    configureCrypto({ workers: 0 })
    const request = await parse(argv, world)
    const { asked, format } = request
    const documents = (await Promise.all(request.manifests.map(documentsOf))).flat()
    const { subject, parts } = await subjectOf(request.word, world)
    const inSets = documents.filter(({ digests }) => digests.some((one) => subject.digests.includes(one)))
    const starts = [...subject.digests, ...parts.flatMap(({ digests }) => digests), ...sets(inSets, asked.direction)]
    const collected = await collect([...new Set(starts)], asked)
    const graph = buildGraph(collected, subject, [...parts, ...documents])
    const verdict = judgeCustody(graph, collected, asked.direction)
    const shown = {
      text: () => textOf(graph, collected, verdict, asked.direction).join('\n'),
      json: () => jsonOf(graph, collected, verdict),
      dot: () => dotOf(graph),
      mermaid: () => mermaidOf(graph),
      svg: () => svgOf(graph),
      cyclonedx: () => cycloneDxOf(graph, asked.url, asked.direction),
    }
    world.print(`${shown[format]()}\n`)
    return EXIT[verdict.outcome]
  },
}

function sets(inSets: readonly SeenPart[], direction: Direction): string[] {
  return direction === 'down' ? inSets.flatMap(({ within }) => within) : []
}

const DIGEST = /^[\w.-]{1,64}:([0-9a-f]{2}){1,64}$/

async function subjectOf(word: string, world: World): Promise<TakenApart> {
  if (DIGEST.test(word)) return { subject: { name: '', digests: [word] }, parts: [] }
  return await takeApart(word, world)
}

interface Request {
  readonly word: string
  readonly asked: Asked
  readonly manifests: readonly string[]
  readonly format: Format
}

/** @throws TlogError CONFIG_INVALID */
async function parse(argv: readonly string[], world: World): Promise<Request> {
  const problems = new Problems()
  const { signers, rest } = signersIn(argv, problems)
  const manifests = takeRepeated(rest, 'manifest', problems)
  const bundles = takeRepeated(manifests.rest, 'bundle', problems)
  const documents = takeRepeated(bundles.rest, 'document', problems)
  const names = ['log', 'trusted-root', 'policy', 'direction', 'depth', 'limit', 'format']
  const { flags, words } = parseFlags(documents.rest, names, [], problems)
  const { root, policy } = await readTrust(flags, world.env, problems)
  if (words.length !== 1) problems.note('', 'custody takes one FILE or DIGEST')
  if (flags.log === undefined) problems.note('--log', 'missing: the server to ask')
  if (root === null) problems.note('--trusted-root', 'missing: the logs and authorities that you trust')
  const url = problems.take('--log', '', () => parseServiceUrl(flags.log ?? 'http://unused.invalid'))
  const direction = problems.take('--direction', 'up', () => oneOf('up', 'down')(flags.direction ?? 'up'))
  const depth = problems.take('--depth', 1, () => wholeNumber(1, MAX_DEPTH)(flags.depth ?? '20'))
  const limit = problems.take('--limit', 1, () => wholeNumber(1, 1_000_000)(flags.limit ?? '1000'))
  const format = problems.take('--format', 'text', () => oneOf(...FORMATS)(flags.format ?? 'text'))
  problems.check()
  if (root === null) throw new TlogError('CONFIG_INVALID', '--trusted-root: missing')
  const trust = { root, policy: policy ?? NO_WITNESSES, abilities: nodeAbilities }
  const brought = { bundles: await readBundles(bundles.values), documents: await readDocuments(documents.values) }
  const now = () => world.clock.now()
  const asked = { now, ask: createAsk(world.clock), url, direction, depth, limit, signers, trust, ...brought }
  return { word: words[0] ?? '', asked, manifests: manifests.values, format }
}

function signersIn(argv: readonly string[], problems: Problems) {
  const keys = takeRepeated(argv, 'key', problems)
  const names = takeRepeated(keys.rest, 'certificate-identity', problems)
  const { values: issuers, rest } = takeRepeated(names.rest, 'certificate-oidc-issuer', problems)
  if (names.values.length !== issuers.length)
    problems.note('--certificate-identity', 'goes with --certificate-oidc-issuer, one for each')
  const signers: TrustedSigner[] = []
  for (const path of keys.values) {
    const key = problems.take('--key', null, () => readKey(path))
    if (key !== null) signers.push(key)
  }
  for (const [i, name] of names.values.entries()) signers.push({ kind: 'identity', name, issuer: issuers[i] ?? '' })
  if (signers.length === 0)
    problems.note('', 'say whose word counts: --key FILE, or --certificate-identity NAME with its issuer')
  return { signers, rest }
}

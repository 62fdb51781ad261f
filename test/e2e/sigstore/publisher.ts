/** A publisher's desk: a folder in which the blocks of docs/clients.md run against one server. */

import { createHash } from 'node:crypto'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import type { Test } from 'tap'
import { type Finished, run, type Scope, type Server, scratch } from '../support.ts'
import { blockText, DOCUMENT_URL } from './clients-document.ts'

export interface Desk {
  readonly folder: string
  /** Runs a block of shell commands, in the folder. Never throws on a bad exit code. */
  sh(name: string): Promise<Finished>
  /** Puts a block into the folder as a file of its name. */
  place(name: string): Promise<void>
  /** A path in the folder. */
  at(name: string): string
  read(name: string): Promise<string>
  write(name: string, content: string | Uint8Array): Promise<void>
  json(name: string): Promise<Json>
  /** Calls `act` while `name` has another content. */
  whileChanged<T>(name: string, content: string | Uint8Array, act: () => Promise<T>): Promise<T>
}

// biome-ignore lint/suspicious/noExplicitAny: other people's JSON, compared field by field
export type Json = any

export interface DeskOptions {
  /** It stands where the document has its own. */
  readonly server: Server
  /** What is signed; the document calls it `file`. */
  readonly file: Uint8Array
  /** Programs that the blocks call. */
  readonly programs?: readonly string[]
  /** A folder that has the node_modules for the blocks in JavaScript. */
  readonly packages?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Every desk signs the same: what this project would publish. */
export async function packProject(scope: Scope): Promise<Uint8Array> {
  const folder = await scratch(scope)
  const PATH = [dirname(process.execPath), process.env.PATH].join(delimiter)
  const argv = ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder]
  const done = await run('npm', argv, { env: { ...process.env, PATH } })
  if (done.code !== 0) throw new Error(`npm pack: ${done.stderr}`)
  return await readFile(join(folder, done.stdout.trim()))
}

/** With the server's trust files, the file, and something to say about it. Nothing of the person at the machine comes in. */
export async function openDesk(scope: Scope, options: DeskOptions): Promise<Desk> {
  const folder = await scratch(scope)
  const at = (name: string) => join(folder, name)
  await mkdir(at('home'))
  if (options.packages !== undefined) await symlink(join(options.packages, 'node_modules'), at('node_modules'))
  const env = environment(options, at('home'))
  const text = (name: string) => blockText(name).replaceAll(DOCUMENT_URL, localUrl(options.server))
  const write = (name: string, content: string | Uint8Array) => writeFile(at(name), content)
  const desk: Desk = {
    folder,
    at,
    write,
    sh: (name) => run('bash', ['-euo', 'pipefail', '-c', text(name)], { cwd: folder, env }),
    place: (name) => write(name, text(name)),
    read: (name) => readFile(at(name), 'utf8'),
    json: async (name) => JSON.parse(await readFile(at(name), 'utf8')),
    async whileChanged(name, content, act) {
      const before = await readFile(at(name))
      await write(name, content)
      return await act().finally(() => write(name, before))
    },
  }
  await write('file', options.file)
  await write('predicate.json', JSON.stringify(PREDICATE))
  await write('statement.json', JSON.stringify(statementAbout(options.file)))
  await must(desk, 'trust-files')
  return desk
}

/** Runs a block that has to succeed. @throws Error with what it said. */
export async function must(desk: Desk, name: string): Promise<Finished> {
  const done = await desk.sh(name)
  if (done.code !== 0) throw new Error(`docs/clients.md, ${name}: exit ${done.code}\n${done.stdout}${done.stderr}`)
  return done
}

/** What someone could put in the place of a file of the desk, and how the client refuses it. */
export type Swap = readonly [what: string, name: string, content: string | Uint8Array, refusal: RegExp]

/** The block fails with each of the swaps, for its reason, and holds without them. */
export async function refusesEach(t: Test, desk: Desk, block: string, swaps: readonly Swap[]): Promise<void> {
  for (const [what, name, content, stderr] of swaps) {
    const done = await desk.whileChanged(name, content, () => desk.sh(block))
    t.match(done, { code: 1, stderr }, `${block} with ${what}`)
  }
  await t.resolves(must(desk, block), `${block} with everything back`)
}

/** The bundle of the desk with the log entry of another one. */
export async function withEntryOf(desk: Desk, name: string, from: string): Promise<string> {
  const [bundle, donor] = [await desk.json(name), await desk.json(from)]
  bundle.verificationMaterial.tlogEntries = donor.verificationMaterial.tlogEntries
  return JSON.stringify(bundle)
}

/** The desk's trusted root as the server would emit it without some authorities. */
export async function without(desk: Desk, authorities: string): Promise<string> {
  return JSON.stringify({ ...(await desk.json('trusted_root.json')), [authorities]: [] })
}

/** By the name that stands in the trust files. */
export function localUrl(server: Server): string {
  return server.url.replace('127.0.0.1', 'localhost')
}

const PREDICATE = { builder: 'the same hands' }

function statementAbout(file: Uint8Array): unknown {
  const sha256 = createHash('sha256').update(file).digest('hex')
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'file', digest: { sha256 } }],
    predicateType: 'https://example.com/build/v1',
    predicate: PREDICATE,
  }
}

function environment({ programs = [], env = {} }: DeskOptions, home: string): Record<string, string> {
  const path = [...programs.map(dirname), dirname(process.execPath), process.env.PATH ?? ''].join(delimiter)
  return { PATH: path, HOME: home, COSIGN_PASSWORD: '', ...env }
}

/** The page: form, work, verdict. Its composition root. */

import { TlogError } from '../../kernel/error.ts'
import { byId } from './elements.ts'
import { Form, type Given } from './form.ts'
import { judgeBundle, judgeProof, type Outcome, type ReadFile } from './judge.ts'
import { type Found, reportOn } from './report.ts'
import { progressText } from './sizes.ts'
import { renderReport } from './view.ts'
import { Cancelled, hashFile, pageAbilities } from './workers.ts'

/** An entry of a log is 64 KiB at most where bundles have room for no more. */
const MAX_ENTRY_BYTES = 16 * 1024 * 1024

const status = byId('status', HTMLElement)
const verdicts = byId('verdicts', HTMLElement)
const form = new Form(say)
let working: AbortController | null = null

byId('form', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault()
  void start()
})
byId('cancel', HTMLButtonElement).addEventListener('click', () => working?.abort())

function say(text: string): void {
  status.textContent = text
}

async function start(): Promise<void> {
  if (working !== null) return
  verdicts.replaceChildren()
  const given = form.read()
  if (typeof given === 'string') return say(given)
  working = new AbortController()
  show(true)
  try {
    const reports = await judge(given, working.signal)
    verdicts.replaceChildren(...reports)
    say('')
    verdicts.querySelector('h2')?.focus()
  } catch (error) {
    say(error instanceof Cancelled ? 'Cancelled. Nothing was decided.' : `Nothing was decided: ${error}`)
  } finally {
    working = null
    show(false)
  }
}

async function judge(given: Given, cancel: AbortSignal): Promise<HTMLElement[]> {
  const { file, bundle, proof, stated } = given
  const abilities = pageAbilities(cancel)
  const source = reader(file, cancel)
  const reports: HTMLElement[] = []
  const add = (outcome: Outcome, by: File) =>
    reports.push(renderReport(reportOn(outcome, source.found()), `${file.name}, by ${by.name}`))
  if (bundle !== null) add(await judgeBundle(await bytesOf(bundle), stated, source, abilities), bundle)
  if (proof !== null) add(await judgeProof(await bytesOf(proof), stated.policy, source, abilities), proof)
  return reports
}

/** With what else was found in the file, once it was hashed. */
interface Reader extends ReadFile {
  found(): Found | null
}

function reader(file: File, cancel: AbortSignal): Reader {
  let found: Found | null = null
  return {
    found: () => found,
    async digests(names) {
      const start = performance.now()
      say(`Hashing ${file.name}`)
      const onBytes = (done: number, total: number) => progress(done, total, performance.now() - start)
      const { artifact, ...rest } = await hashFile({ file, names }, onBytes, cancel)
      found = rest
      return artifact
    },
    async whole() {
      if (file.size > MAX_ENTRY_BYTES)
        throw new TlogError('ENTRY_TOO_LARGE', `${file.name} is too large to be an entry: ${file.size} bytes`)
      return new Uint8Array(await file.arrayBuffer())
    },
  }
}

/** Longer ones are refused unread: the parsers' own bound is as high. */
async function bytesOf(file: File): Promise<Uint8Array> {
  return new Uint8Array(await file.slice(0, 33 * 1024 * 1024).arrayBuffer())
}

function progress(done: number, total: number, ms: number): void {
  const bar = byId('bar', HTMLProgressElement)
  bar.value = total === 0 ? 1 : done / total
  byId('rate', HTMLElement).textContent = progressText(done, total, ms)
}

function show(isWorking: boolean): void {
  byId('work', HTMLElement).hidden = !isWorking
  byId('verify', HTMLButtonElement).disabled = isWorking
  byId('bar', HTMLProgressElement).removeAttribute('value')
  byId('rate', HTMLElement).textContent = ''
}

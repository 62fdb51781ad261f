/** A page in Chromium over the DevTools protocol, through a pipe: what it is told, shows, asks the network and takes in memory. */

import { EventEmitter, once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { type Chromium, startChromium } from './chromium.ts'

type Params = Readonly<Record<string, unknown>>

interface Answer {
  readonly id?: number
  readonly method?: string
  readonly sessionId?: string
  readonly params?: Record<string, never>
  readonly result?: Record<string, never>
  readonly error?: { readonly message: string }
}

/** Commands with numbers, answers with the same ones, events between them; NUL after each. */
class Pipe extends EventEmitter {
  readonly #chromium: Chromium
  readonly #open = new Map<number, (answer: Answer) => void>()
  #id = 0
  #rest = ''

  constructor(chromium: Chromium) {
    super()
    this.#chromium = chromium
    chromium.events.setEncoding('utf8').on('data', (piece: string) => {
      const messages = (this.#rest + piece).split('\0')
      this.#rest = messages.pop() ?? ''
      for (const message of messages) this.#hear(JSON.parse(message))
    })
  }

  // biome-ignore lint/suspicious/noExplicitAny: the protocol is Chromium's, and each answer is used in one place
  async send(method: string, params: Params = {}, sessionId?: string): Promise<any> {
    const id = ++this.#id
    const answer = new Promise<Answer>((resolve) => this.#open.set(id, resolve))
    this.#chromium.commands.write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
    const { result, error } = await Promise.race([answer, this.#chromium.ended])
    if (error !== undefined) throw new Error(`${method}: ${error.message}`)
    return result
  }

  #hear(message: Answer): void {
    if (message.id === undefined) this.emit(message.method ?? '', message.params, message.sessionId)
    else this.#open.get(message.id)?.(message)
  }
}

export interface Size {
  readonly width: number
  readonly height: number
}

export class Page {
  /** Every URL that the page or one of its workers asked for. */
  readonly requests: string[] = []
  /** Errors in the console and uncaught ones. */
  readonly errors: string[] = []
  readonly #chromium: Chromium
  readonly #pipe: Pipe
  #session = ''

  private constructor(chromium: Chromium) {
    this.#chromium = chromium
    this.#pipe = new Pipe(chromium)
  }

  static async open(url: string): Promise<Page> {
    const page = new Page(await startChromium(['--remote-debugging-pipe', 'about:blank']))
    await page.#attach()
    const loaded = once(page.#pipe, 'Page.loadEventFired') // it may come together with the answer
    await page.#send('Page.navigate', { url })
    await loaded
    return page
  }

  close(): Promise<void> {
    return this.#chromium.close()
  }

  // biome-ignore lint/suspicious/noExplicitAny: JSON, for the test to look at
  async evaluate(expression: string): Promise<any> {
    const options = { expression, awaitPromise: true, returnByValue: true, userGesture: true }
    const { result, exceptionDetails } = await this.#send('Runtime.evaluate', options)
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails))
    return result.value
  }

  /** Waits until the expression is true. */
  async until(expression: string, timeoutMs = 60_000): Promise<void> {
    const check = `(async () => { const end = performance.now() + ${timeoutMs}
      while (!(${expression})) {
        if (performance.now() > end) return false
        await new Promise((done) => setTimeout(done, 20))
      }
      return true })()`
    if (!(await this.evaluate(check))) throw new Error(`still not: ${expression}`)
  }

  async setFiles(selector: string, ...files: readonly string[]): Promise<void> {
    const { root } = await this.#send('DOM.getDocument')
    const { nodeId } = await this.#send('DOM.querySelector', { nodeId: root.nodeId, selector })
    await this.#send('DOM.setFileInputFiles', { nodeId, files })
  }

  /** As from a file manager. */
  async drop(selector: string, ...files: readonly string[]): Promise<void> {
    const place = await this.evaluate(`(() => { const zone = document.querySelector(${JSON.stringify(selector)})
      zone.scrollIntoView({ block: 'center' })
      const { x, y, width, height } = zone.getBoundingClientRect()
      return { x: x + width / 2, y: y + height / 2 } })()`)
    const data = { items: [], files, dragOperationsMask: 1 }
    for (const type of ['dragEnter', 'dragOver', 'drop'])
      await this.#send('Input.dispatchDragEvent', { type, ...place, data })
  }

  async press(key: string): Promise<void> {
    const codes: Readonly<Record<string, number>> = { Tab: 9, Enter: 13, ' ': 32 }
    const event = { key, windowsVirtualKeyCode: codes[key], ...(key === 'Enter' && { text: '\r' }) }
    await this.#send('Input.dispatchKeyEvent', { type: 'keyDown', ...event })
    await this.#send('Input.dispatchKeyEvent', { type: 'keyUp', ...event })
  }

  async look({ width, height }: Size, scheme: 'light' | 'dark'): Promise<void> {
    const features = [{ name: 'prefers-color-scheme', value: scheme }]
    await this.#send('Emulation.setEmulatedMedia', { features })
    await this.#send('Emulation.setScrollbarsHidden', { hidden: true })
    await this.#send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false })
  }

  /** A PNG of the whole page. */
  async screenshot(): Promise<Uint8Array> {
    const { data } = await this.#send('Page.captureScreenshot', { captureBeyondViewport: true })
    return Buffer.from(data, 'base64')
  }

  /** Bytes of memory of the renderer processes that are theirs alone: heaps and buffers, without Chromium's own pages. */
  rendererMemory(): number {
    return renderers(this.#chromium.pid).reduce((sum, pid) => sum + privateBytes(pid), 0)
  }

  /** Seconds of processor that the renderer processes took. */
  rendererCpu(): number {
    return renderers(this.#chromium.pid).reduce((sum, pid) => sum + cpuSeconds(pid), 0)
  }

  async #attach(): Promise<void> {
    const { targetInfos } = await this.#pipe.send('Target.getTargets')
    const { targetId } = targetInfos.find(({ type }: { type: string }) => type === 'page')
    const { sessionId } = await this.#pipe.send('Target.attachToTarget', { targetId, flatten: true })
    this.#session = sessionId
    this.#pipe.on('Network.requestWillBeSent', ({ request }) => this.requests.push(request.url))
    this.#pipe.on('Log.entryAdded', ({ entry }) => entry.level === 'error' && this.errors.push(entry.text))
    this.#pipe.on('Runtime.exceptionThrown', ({ exceptionDetails }) => this.errors.push(exceptionDetails.text))
    this.#pipe.on(
      'Target.attachedToTarget',
      ({ sessionId, targetInfo }) => void this.#watchWorker(sessionId, targetInfo),
    )
    for (const domain of ['Page', 'DOM', 'Runtime', 'Network', 'Log']) await this.#send(`${domain}.enable`)
    await this.#send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: true, flatten: true })
  }

  async #watchWorker(sessionId: string, { type }: { type: string }): Promise<void> {
    if (type !== 'worker') return
    await this.#pipe.send('Network.enable', {}, sessionId)
    await this.#pipe.send('Runtime.runIfWaitingForDebugger', {}, sessionId)
  }

  // biome-ignore lint/suspicious/noExplicitAny: as in Pipe
  #send(method: string, params: Params = {}): Promise<any> {
    return this.#pipe.send(method, params, this.#session)
  }
}

/** Linux counts in hundredths of a second. */
function cpuSeconds(pid: number): number {
  const fields = statOf(pid)
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** The fields of /proc/PID/stat from the state on. */
function statOf(pid: number): readonly string[] {
  return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
}

/** By their command lines, among the processes of the browser's group. */
function renderers(leader: number): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      const group = Number(statOf(Number(name))[2])
      const isRenderer = readFileSync(`/proc/${name}/cmdline`, 'utf8').includes('--type=renderer')
      return group === leader && isRenderer ? [Number(name)] : []
    } catch {
      return [] // gone meanwhile
    }
  })
}

function privateBytes(pid: number): number {
  try {
    const lines = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8').matchAll(/^Private_(?:Clean|Dirty): +(\d+) kB$/gm)
    return [...lines].reduce((sum, [, kB]) => sum + Number(kB) * 1024, 0)
  } catch {
    return 0 // gone meanwhile
  }
}

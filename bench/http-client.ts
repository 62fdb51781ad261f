/** The leanest HTTP/1.1 client that a load needs: requests on a kept connection. It shares the cores with the server. */

import { connect, type Socket } from 'node:net'

export interface Answer {
  readonly status: number
  readonly body: string
}

export class Connection {
  readonly #socket: Socket
  #received: Buffer = Buffer.alloc(0)
  /** Answers come in the order of the requests. */
  readonly #waiting: { resolve(answer: Answer): void; reject(error: Error): void }[] = []

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#read(chunk))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('connection closed')))
  }

  static open(port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(new Connection(socket)))
      socket.once('error', reject)
    })
  }

  /** @param request the whole request, head and body. */
  send(request: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#socket.write(request)
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }

  #read(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    const head = this.#received.indexOf('\r\n\r\n')
    if (head < 0) return
    const text = this.#received.toString('latin1', 0, head)
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0)
    if (this.#received.length < head + 4 + length) return
    const body = this.#received.toString('utf8', head + 4, head + 4 + length)
    this.#received = this.#received.subarray(head + 4 + length)
    this.#waiting.shift()?.resolve({ status: Number(text.slice(9, 12)), body })
    if (this.#received.length > 0) this.#read(Buffer.alloc(0))
  }
}

/** A request as bytes to send. */
export function get(path: string): Buffer {
  return Buffer.from(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
}

export function post(path: string, body: string): Buffer {
  const bytes = Buffer.from(body)
  const head = `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${bytes.length}\r\n\r\n`
  return Buffer.concat([Buffer.from(head), bytes])
}

/** Callers at cross purposes: one entry from 500 at once, callers who hang up, and a server told to stop while they write. */

import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Answer, signedRequest } from '../e2e/fill.ts'
import { CLIENTS, CUT, createRandom, type Random, type Wish } from './load.ts'
import { Scene, type Stage } from './scene.ts'
import type { Server } from './server.ts'

const ENTRIES = '/api/v2/log/entries'
const CROWD = 500
const CROWD_ROUNDS = 6
const HANG_UPS = 400
/** At most this long after its last byte, a caller hangs up. In milliseconds. */
const PATIENCE_MS = 20
const STOP_ROUNDS = 8
const STOP_AFTER_MS = 600

export async function concurrency(stage: Stage): Promise<void> {
  const scene = await Scene.create(stage, 'concurrency')
  await oneEntryFromMany(stage, scene)
  await hangUps(stage, scene)
  for (let round = 0; round < STOP_ROUNDS; round++) await stopUnderLoad(stage, scene, round)
  await scene.finish()
  stage.say(`${scene.name}: ${scene.summary()}`)
}

/** Across a kill at a random moment: the checker takes one index for it, and finds it once in the tree. */
async function oneEntryFromMany(stage: Stage, scene: Scene): Promise<void> {
  const random = createRandom(`${stage.seed}/crowd`)
  for (let round = 0; round < CROWD_ROUNDS; round++) {
    const wish = scene.load.wish()
    const server = await scene.start()
    const crowd = scene.load.offer(server.url, wish, CROWD)
    await scene.load.answered()
    await sleep(random() * 2 * PATIENCE_MS)
    await scene.kill(server)
    const before = count(await crowd, 201)
    const again = await scene.start()
    const after = count(await scene.load.offer(again.url, wish, CROWD), 201)
    if (after !== CROWD) scene.report(`${CROWD - after} of ${CROWD} callers with one entry got no receipt`)
    await scene.load.settle(again.url)
    await scene.stop(again)
    stage.say(`one entry ×${CROWD}: ${before} receipts, killed, ${after} receipts; ${scene.summary()}`)
  }
}

/** While others write: half a request must leave no entry, a whole one at most its own, and neither any memory held. */
async function hangUps(stage: Stage, scene: Scene): Promise<void> {
  const random = createRandom(`${stage.seed}/hang-ups`)
  const server = await scene.start()
  const over = new AbortController()
  const writing = scene.load.write(server.url, over.signal, CLIENTS / 2)
  for (let done = 0; done < HANG_UPS; done += CLIENTS / 5)
    await Promise.all(Array.from({ length: CLIENTS / 5 }, () => hangUp(scene, server, random)))
  over.abort()
  await writing
  await scene.load.settle(server.url)
  const statuses = await scene.load.offer(server.url, scene.load.wish(), CLIENTS)
  if (count(statuses, 201) !== CLIENTS) scene.report(`after callers hung up, others are refused: ${statuses.join(' ')}`)
  await scene.stop(server)
  stage.say(`${HANG_UPS} hang-ups: ${scene.summary()}`)
}

async function hangUp(scene: Scene, server: Server, random: Random): Promise<void> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  socket.on('error', () => undefined) // the server may be the first to end it
  await once(socket, 'connect')
  socket.write(partOfRequest(scene, random()))
  await sleep(random() * PATIENCE_MS)
  if (random() < 0.5) socket.resetAndDestroy()
  else socket.destroy()
}

function partOfRequest(scene: Scene, part: number): string {
  const head = (bytes: number) =>
    `POST ${ENTRIES} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${bytes}\r\n\r\n`
  if (part < 0.3) {
    const { body, leaf } = scene.load.wish()
    scene.load.unresolved.push({ body, leaf }) // whole: it may be logged, and its receipt can be had later
    return head(body.length) + body
  }
  const { body } = signedRequest() // never offered: to the checker, it must not appear
  if (part < 0.4) return head(4 * 2 ** 20) + body // and the budget for bodies must not shrink
  const text = head(body.length) + body
  return text.slice(0, Math.ceil((text.length - 1) * part))
}

/**
 * Every request that was accepted gets its answer. `Expect: 100-continue` tells which were: HTTP allows a server to close
 * an idle connection at the very moment a caller begins to use it.
 */
async function stopUnderLoad(stage: Stage, scene: Scene, round: number): Promise<void> {
  const server = await scene.start()
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS })
  const seen = { answered: 0, busy: 0, unheard: 0 }
  const writers = Array.from({ length: CLIENTS }, async () => {
    for (;;) {
      const wish = scene.load.wish()
      const { accepted, answer } = await ask(server.url, wish, agent)
      const status = scene.load.take(wish, answer)
      if (status === CUT && accepted) scene.report('a request that was accepted got no answer when the server stopped')
      if (status === 201) seen.answered++
      else if (status === 503) seen.busy++
      else seen.unheard++
      if (status === CUT) return
    }
  })
  if (round > 0) await scene.load.answered()
  await sleep(createRandom(`${stage.seed}/stop/${round}`)() * STOP_AFTER_MS * Math.min(round, 1))
  const before = performance.now()
  await scene.stop(server)
  const ms = performance.now() - before
  await Promise.all(writers)
  agent.destroy()
  stage.say(`SIGTERM under load: ${JSON.stringify(seen)}, exit 0 after ${ms.toFixed(0)} ms; ${scene.summary()}`)
}

interface Asked {
  /** The server has read the head of the request and wants its body. */
  readonly accepted: boolean
  readonly answer: Answer | null
}

function ask(url: string, { body }: Wish, agent: Agent): Promise<Asked> {
  return new Promise((resolve) => {
    let accepted = false
    const unanswered = () => resolve({ accepted, answer: null })
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      expect: '100-continue',
    }
    const call = request(url + ENTRIES, { method: 'POST', headers, agent }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', unanswered)
      response.on('end', () => {
        const answer = { status: response.statusCode ?? CUT, body: Buffer.concat(chunks).toString() }
        resolve({ accepted, answer })
      })
    })
    call.on('error', unanswered)
    call.on('continue', () => {
      accepted = true
      call.end(body)
    })
    call.flushHeaders()
  })
}

function count(statuses: readonly number[], status: number): number {
  return statuses.filter((one) => one === status).length
}

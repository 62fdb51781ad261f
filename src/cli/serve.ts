/** `colophon serve`: runs the logs of a data directory until it is asked to stop. */

import pino, { type Logger } from 'pino'
import { parseServe, type ServeConfig } from '../config.ts'
import { Logs } from '../http/logs.ts'
import { createMetrics } from '../http/metrics.ts'
import { createServer } from '../http/server.ts'
import { TlogError } from '../kernel/error.ts'
import type { Log } from '../log/log.ts'
import type { OnStep } from '../log/steps.ts'
import {
  checkNoStrayRatchet,
  createDataDirectory,
  createLogIn,
  type DataDirectory,
  isUnused,
  openDataDirectory,
} from '../storage/data-directory.ts'
import { DEFAULT_DIALECT, DEFAULT_SLUG, placeOf, startLogs } from './data.ts'
import { greeting } from './greeting.ts'
import type { Command, ExitCode, World } from './world.ts'

/** After this, open requests are cut: a supervisor would kill us soon anyway. */
const STOP_MS = 10_000

export const serve: Command = {
  name: 'serve',
  summary: 'run the log server',
  usage: `colophon serve [--listen HOST:PORT] [--data DIR] [--url URL] [--hostname NAME] [--ratchet DIR]
               [--duplicates return|conflict] [--interval MS] [--attachment-limit BYTES] [--log-level LEVEL]

  --listen            where to listen (127.0.0.1:3000; port 0 takes a free one)
  --data              data directory (./data); created with a first log when it is absent or empty
  --url               what clients reach (http://localhost:PORT); its host is the first log's origin
  --hostname          the first log's origin, when it is not the host of --url
  --ratchet           where the signer keeps its own memory (DATA/ratchet); best on another filesystem
  --duplicates        a repeated entry gets the first one's receipt (return), or 409 with its index (conflict)
  --interval          least time between two batches, and two checkpoints, in milliseconds (5)
  --attachment-limit  largest DSSE content kept beside its entry, in bytes (1048576)
  --log-level         fatal, error, warn, info, debug, trace or silent (info; warn on a terminal)

  The passphrase of encrypted keys is read from COLOPHON_KEY_PASSPHRASE.`,

  async run(argv, world): Promise<ExitCode> {
    const config = parseServe(argv, world.env)
    const logger = createLogger(config, argv, world)
    const data = await openData(config, world)
    try {
      return await serveLogs(data, config, logger, world)
    } finally {
      await data.close()
    }
  },
}

function createLogger(config: ServeConfig, argv: readonly string[], world: World): Logger {
  const given = argv.some((word) => word.startsWith('--log-level'))
  return pino({ level: !given && world.terminal ? 'warn' : config.logLevel, base: null })
}

async function openData(config: ServeConfig, world: World): Promise<DataDirectory> {
  const place = placeOf(config.data)
  const fresh = isUnused(place)
  const data = fresh ? createDataDirectory(place) : openDataDirectory(place)
  try {
    if (data.database.logs().length === 0) await createFirstLog(data, config, world)
    checkNoStrayRatchet(data)
    checkOrigin(data, config)
    if (config.data.ratchetDir.startsWith(`${config.data.dir}/`))
      world.warn(
        'the ratchet is in the data directory: a restored copy of both goes unnoticed. Give --ratchet a path on another filesystem',
      )
    return data
  } catch (error) {
    await data.close()
    throw error
  }
}

async function createFirstLog(data: DataDirectory, config: ServeConfig, world: World): Promise<void> {
  const request = { slug: DEFAULT_SLUG, dialect: DEFAULT_DIALECT, origin: config.hostname }
  const record = await createLogIn(data, request, world.clock.now())
  world.warn(
    `CREATED a new data directory ${config.data.dir} with the log ${record.slug}, whose verifier key is ${record.vkey}`,
  )
}

/** Clients look for the origin that the URL names; a log never changes its own. */
function checkOrigin(data: DataDirectory, { hostname, hostnameGiven }: ServeConfig): void {
  const origins = data.database.logs().map((record) => record.origin)
  if (hostnameGiven && !origins.includes(hostname))
    throw new TlogError(
      'IDENTITY_CHANGED',
      `no log here has the origin ${hostname} (there is ${origins.join(', ')}): a log keeps its origin for life. Give it the URL it had, or run \`colophon log create\``,
    )
}

async function serveLogs(data: DataDirectory, config: ServeConfig, logger: Logger, world: World): Promise<ExitCode> {
  const failure = Promise.withResolvers<'failed'>()
  const metrics = createMetrics()
  const started = await startLogs(data, {
    clock: world.clock,
    limits: { intervalMs: config.intervalMs },
    onStep: (slug) => both(metrics.onStep(slug), world.onStep),
    onFailure: (slug, error) => {
      logger.fatal({ err: error, log: slug }, 'the log has stopped')
      failure.resolve('failed')
    },
  })
  const since = new Map(data.database.logs().map((record) => [record.slug, new Date(record.createdAt).toISOString()]))
  const server = createServer({
    after: world.clock.after,
    logs: new Logs(started),
    metrics,
    logger,
    rekorV2: { duplicates: config.duplicates, attachmentLimit: config.attachmentLimit },
    operations: { url: config.url, since },
  })
  try {
    const address = await server.listen({ host: config.host, port: config.port })
    greet(address, started, config, logger, world)
    const reason = await Promise.race([world.stopped, failure.promise])
    logger.info({ reason }, 'stopping: open requests get their answers first')
    return reason === 'failed' ? 3 : 0
  } finally {
    await stop(server, started, world)
  }
}

/** The server first: requests under way still need running logs. */
async function stop(
  server: { close(): Promise<unknown>; server: { closeAllConnections(): void } },
  logs: Log[],
  world: World,
): Promise<void> {
  const cancel = world.clock.after(STOP_MS, () => server.server.closeAllConnections())
  await server.close()
  cancel()
  await Promise.all(logs.map((log) => log.close()))
}

function greet(address: string, logs: readonly Log[], config: ServeConfig, logger: Logger, world: World): void {
  for (const log of logs) logger.info({ ...log.identity, size: log.status().durable }, 'log ready')
  logger.info({ address, url: config.url }, 'listening')
  if (world.terminal) world.print(greeting(address, logs, config))
}

function both(first: OnStep, second: OnStep): OnStep {
  return (step, detail) => {
    first(step, detail)
    second(step, detail)
  }
}

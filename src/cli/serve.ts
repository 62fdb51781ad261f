/** `colophon serve`: runs the logs of a data directory until it is asked to stop. */

import type { FastifyInstance } from 'fastify'
import pino, { type Logger } from 'pino'
import { describeSettings } from '../config/names.ts'
import { listeningAt, parseServe, SERVE_FLAGS, type ServeConfig } from '../config.ts'
import { listen, settlePort } from '../http/listen.ts'
import { Logs } from '../http/logs.ts'
import { createMetrics } from '../http/metrics.ts'
import { createMetricsServer, createServer } from '../http/server.ts'
import type { Log } from '../log/log.ts'
import type { OnStep } from '../log/steps.ts'
import type { DataDirectory } from '../storage/data-directory.ts'
import { startLogs } from './data.ts'
import { greeting } from './greeting.ts'
import { openData } from './open-data.ts'
import type { Command, ExitCode, World } from './world.ts'
import { watchWriters } from './writers.ts'

/** After this, open requests are cut: a supervisor would kill us soon anyway. */
const STOP_MS = 10_000

export const serve: Command = {
  name: 'serve',
  summary: 'run the log server',
  usage: `colophon serve [--FLAG VALUE]...

${describeSettings(SERVE_FLAGS)}
  Each may stand in a variable (--log-level: COLOPHON_LOG_LEVEL) or in the file of --config; a flag goes before a
  variable, a variable before the file. \`colophon config check\` shows what comes out. The passphrase of encrypted keys
  is read from COLOPHON_KEY_PASSPHRASE. docs/configuration.md has everything.`,

  async run(argv, world): Promise<ExitCode> {
    const asked = parseServe(argv, world.env)
    const config = listeningAt(asked, await settlePort(asked.listen))
    const logger = pino({ level: config.logLevel ?? (world.terminal ? 'warn' : 'info'), base: null })
    const data = await openData(config, world)
    try {
      return await serveLogs(data, config, logger, world)
    } finally {
      await data.close()
    }
  },
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
  const watched = watchWriters(config, logger, world)
  const since = new Map(data.database.logs().map((record) => [record.slug, new Date(record.createdAt).toISOString()]))
  const parts = { after: world.clock.after, logs: new Logs(started), metrics, logger }
  const server = createServer({
    ...parts,
    writers: watched.writers,
    trustedProxies: config.trustedProxies,
    metricsElsewhere: config.metricsListen !== null,
    rekorV2: { duplicates: config.duplicates, attachmentLimit: config.attachmentLimit },
    operations: { url: config.url, since },
  })
  const metricsServer = config.metricsListen === null ? null : createMetricsServer(parts)
  try {
    const address = await listen(server, config.listen)
    if (config.metricsListen !== null && metricsServer !== null)
      logger.info({ address: await listen(metricsServer, config.metricsListen) }, 'metrics')
    greet(address, started, config, logger, world)
    const reason = await Promise.race([world.stopped, failure.promise])
    logger.info({ reason }, 'stopping: open requests get their answers first')
    return reason === 'failed' ? 3 : 0
  } finally {
    watched.stop()
    await stop(metricsServer === null ? [server] : [server, metricsServer], started, world)
  }
}

/** The servers first: requests under way still need running logs. */
async function stop(servers: readonly FastifyInstance[], logs: readonly Log[], world: World): Promise<void> {
  const cancel = world.clock.after(STOP_MS, () => {
    for (const { server } of servers) server.closeAllConnections()
  })
  await Promise.all(servers.map((server) => server.close()))
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

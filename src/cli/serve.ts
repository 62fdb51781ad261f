/** `colophon serve`: runs the logs of a data directory until it is asked to stop. */

import pino, { type Logger } from 'pino'
import { describeSettings } from '../config/names.ts'
import { listeningAt, parseServe, SERVE_FLAGS, type ServeConfig } from '../config.ts'
import { listen, settlePort } from '../http/listen.ts'
import { Logs } from '../http/logs.ts'
import { createMetrics, type Metrics } from '../http/metrics.ts'
import { createMetricsServer, createServer } from '../http/server.ts'
import type { Log } from '../log/log.ts'
import type { OnStep } from '../log/steps.ts'
import type { DataDirectory } from '../storage/data-directory.ts'
import type { LogRecord } from '../storage/database.ts'
import { closeServer } from './close-server.ts'
import { type ControlParts, openControl } from './control.ts'
import { type StartOptions, startLog, startLogs } from './data.ts'
import { followNodes } from './following.ts'
import { greeting } from './greeting.ts'
import { createLifecycle, type Lifecycle } from './lifecycle.ts'
import { withData } from './open-data.ts'
import { checkPruned, prunerOf } from './pruning.ts'
import { StaticCopies } from './static-copies.ts'
import { keepFresh, openTrust, refresh } from './trust-files.ts'
import { witnessesOf } from './witnessing.ts'
import type { Command, ExitCode, World } from './world.ts'
import { watchWriters } from './writers.ts'

export const serve: Command = {
  name: 'serve',
  usage: `colophon serve [--FLAG VALUE]...

${describeSettings(SERVE_FLAGS)}
  Each may stand in a variable (--log-level: COLOPHON_LOG_LEVEL) or in the file of --config; a flag goes before a
  variable, a variable before the file. \`colophon config check\` shows what comes out. The passphrase of encrypted keys
  is read from COLOPHON_KEY_PASSPHRASE. docs/configuration.md has everything.`,

  async run(argv, world): Promise<ExitCode> {
    const asked = parseServe(argv, world.env)
    const config = listeningAt(asked, await settlePort(asked.listen))
    const stopped = world.stopped() // before there is anything to close
    const logger = pino({ level: config.logLevel ?? (world.terminal ? 'warn' : 'info'), base: null })
    return await withData(config, world, (data, shown) => serveLogs({ data, config, logger, world, shown, stopped }))
  },
}

interface Served {
  readonly data: DataDirectory
  readonly config: ServeConfig
  readonly logger: Logger
  readonly world: World
  readonly stopped: Promise<string>
  /** Called once somebody may read what the logs sign. */
  readonly shown: () => void
}

/** What is opened later leans on what was opened before, and is closed first. */
async function serveLogs({ data, config, logger, world, shown, stopped }: Served): Promise<ExitCode> {
  const failure = Promise.withResolvers<'failed'>()
  const closing = new AsyncDisposableStack()
  try {
    const metrics = createMetrics()
    await checkPruned(data, config)
    const copies = new StaticCopies(data, config, logger, world)
    closing.defer(() => copies.close()) // after the logs: their last checkpoints go out too
    const onStep = (slug: string) => all(metrics.onStep(slug), copies.onStep(slug), world.onStep)
    const options = startOptions({ config, logger, world, metrics, onStep, failed: () => failure.resolve('failed') })
    const logs = new Logs(await startLogs(data, options))
    closing.defer(async () => void (await Promise.all(logs.all.map((log) => end(log, logger)))))
    // After the logs' keys were opened: what is wrong with the passphrase is then known, and no key is made under another.
    const trust = await openTrust(data, config, world)
    closing.defer(keepFresh(trust, logger, world))
    const watched = watchWriters(config, logger, world)
    closing.defer(() => watched.stop())
    const parts = { after: world.clock.after, logs, metrics, logger }
    const server = createServer({
      ...parts,
      writers: watched.writers,
      trustedProxies: config.trustedProxies,
      metricsElsewhere: config.metricsListen !== null,
      rekorV2: { duplicates: config.duplicates, attachmentLimit: config.attachmentLimit },
      rekorV1: { duplicates: config.duplicates, attachmentLimit: config.attachmentLimit },
      trust: () => trust.files(),
    })
    closing.defer(() => closeServer(server, world)) // before the logs: requests under way still need them
    if (config.metricsListen !== null) closing.defer(await serveMetrics(parts, config.metricsListen, world))
    const address = await listen(server, config.listen)
    shown()
    await copies.start()
    const start = async (record: LogRecord) => {
      const log = await startLog(data, record, options)
      copies.add(record)
      return log
    }
    const tell = () => refresh(trust, logger)
    const sweep = () => copies.sweep()
    const lifecycle = createLifecycle({ data, logs, start, clock: world.clock, onStep, tell, sweep })
    if (data.shared !== null) closing.defer(followNodes(lifecycle, logger, world.clock))
    closing.defer(await serveControl(data, lifecycle, parts))
    greet(address, logs, config, logger, world)
    const reason = await Promise.race([stopped, failure.promise])
    logger.info({ reason }, 'stopping: open requests get their answers first')
    return reason === 'failed' ? 3 : 0
  } finally {
    await closing.disposeAsync()
  }
}

async function end(log: Log, logger: Logger): Promise<void> {
  await log.close()
  const { durable, published, state } = log.status()
  if (state === 'closing' && durable > published)
    logger.warn(
      { log: log.identity.slug, entries: durable - published },
      'ended with entries that no checkpoint covers: they are on the disk, and are published after the next start',
    )
}

interface StartParts extends Pick<Served, 'config' | 'logger'> {
  readonly world: World
  readonly metrics: Metrics
  readonly onStep: StartOptions['onStep']
  readonly failed: () => void
}

const ANOTHER_HISTORY =
  'a witness has seen another history: nothing is sealed or published while it says so. Was an older database put back together with its ratchet?'

function startOptions({ config, logger, world, metrics, onStep, failed }: StartParts): StartOptions {
  const prune = prunerOf(config, logger, world)
  return {
    clock: world.clock,
    witnesses: witnessesOf(config.data, world, metrics.watchRounds),
    limits: { intervalMs: config.intervalMs },
    ...(prune && { prune }),
    onStep,
    onPublishDelayed: (slug, error) => {
      metrics.publishDelayed(slug)
      if (error.code === 'WITNESS_REFUSED') logger.error({ err: error, log: slug }, ANOTHER_HISTORY)
      else logger.warn({ err: error, log: slug }, 'no checkpoint was published; it is tried again')
    },
    onLead: (slug, leads) =>
      logger.info({ log: slug }, leads ? 'this node sequences the log' : 'it sequences it no more'),
    onFailure: (slug, error) => {
      logger.fatal({ err: error, log: slug }, 'the log has stopped')
      failed()
    },
  }
}

/** Returns what ends it. Without it the server serves all the same: what it would do is then done while it is stopped. */
async function serveControl(
  data: DataDirectory,
  lifecycle: Lifecycle,
  { logger, after }: ControlParts,
): Promise<() => Promise<void>> {
  try {
    return await openControl(data.place.dir, lifecycle, { logger, after })
  } catch (error) {
    logger.warn({ err: error }, 'no control socket: logs are made and frozen while this server is stopped')
    return async () => undefined
  }
}

/** Returns what ends it. */
async function serveMetrics(
  parts: Parameters<typeof createMetricsServer>[0],
  where: Parameters<typeof listen>[1],
  world: World,
): Promise<() => Promise<void>> {
  const server = createMetricsServer(parts)
  parts.logger.info({ address: await listen(server, where) }, 'metrics')
  return () => closeServer(server, world)
}

function greet(address: string, logs: Logs, config: ServeConfig, logger: Logger, world: World): void {
  for (const log of logs.all) {
    const { mlDsaVkey: _, ...identity } = log.identity // 1,800 characters: it stands in /logs
    logger.info({ ...identity, size: log.status().durable }, 'log ready')
  }
  logger.info({ address, url: config.url }, 'listening')
  if (world.terminal) world.print(greeting(address, logs, config))
}

function all(...hooks: readonly OnStep[]): OnStep {
  return (step, detail) => {
    for (const hook of hooks) hook(step, detail)
  }
}

/** `colophon witness`: cosigns the checkpoints of logs until it is asked to stop. */

import pino, { type Logger } from 'pino'
import { parseSmallFile } from '../config/files.ts'
import { parseWitness, type WitnessConfig } from '../config/witness.ts'
import { parseLogList } from '../formats/c2sp/log-list.ts'
import { formatVkey } from '../formats/c2sp/vkey.ts'
import { visible } from '../formats/visible.ts'
import { listen } from '../http/listen.ts'
import { createScrapeServer } from '../http/scrape.ts'
import { createWitnessServer } from '../http/witness.ts'
import { createWitnessMetrics, type WitnessMetrics } from '../http/witness-metrics.ts'
import { base64 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { openWitnessDirectory, type WitnessDirectory } from '../storage/witness/directory.ts'
import { verifyMlDsa44 } from '../verify-node/ml-dsa.ts'
import { KnownLogs } from '../witness/known-logs.ts'
import type { WitnessKeys } from '../witness/ports.ts'
import { createWitness, type Witness } from '../witness/witness.ts'
import { closeServer } from './close-server.ts'
import type { Command, ExitCode, World } from './world.ts'

/** 40,000 logs are 8 MB. */
const LIST_BYTES = 32 * 2 ** 20

export const witness: Command = {
  name: 'witness',
  usage: `colophon witness --name NAME [--log VKEY]... [--FLAG VALUE]...

  Cosigns a checkpoint of a log (c2sp.org/tlog-witness) when it goes on from the last one it cosigned, with Ed25519 and
  with ML-DSA-44. Prints its verifier keys, for a policy.

    --name NAME       what it is called in its keys, for life; best a URL without its scheme
    --data DIR        its own data directory; created with new keys when it is absent or empty (default: ./witness)
    --listen ADDRESS  HOST:PORT or unix:/path/to.sock (default: 127.0.0.1:3001)
    --metrics-listen ADDRESS  a listener of its own for /metrics, which --listen then has no longer
    --log VKEY        a log to cosign, by its verifier key, whose name is the log's origin; repeated, for other logs or
                      for another key of one
    --log-list FILE   logs to add, in the witness network's format; read again on SIGHUP. A log that was added stays,
                      with its key, whatever the list says later
    --rate N          cosignings a second of each log of --log, from 1 to 10000 (default: 500); a list says its own
    --log-level LEVEL fatal, error, warn, info, debug, trace or silent

  The passphrase of encrypted keys is read from COLOPHON_KEY_PASSPHRASE. docs/witness.md has everything.`,

  async run(argv, world): Promise<ExitCode> {
    const config = parseWitness(argv, world.env)
    const logs = chosenLogs(config)
    if (config.logListPath !== null) readList(config.logListPath) // before anything is made
    const stopped = world.stopped() // before there is anything to close
    const logger = pino({ level: config.logLevel ?? (world.terminal ? 'warn' : 'info'), base: null })
    const directory = openWitnessDirectory(config)
    try {
      return await serveWitness({ config, logs, directory, logger, world, stopped })
    } finally {
      directory.close()
    }
  },
}

interface Served {
  readonly config: WitnessConfig
  readonly logs: KnownLogs
  readonly directory: WitnessDirectory
  readonly logger: Logger
  readonly world: World
  readonly stopped: Promise<string>
}

/** What is opened later leans on what was opened before, and is closed first. */
async function serveWitness(served: Served): Promise<ExitCode> {
  const { config, logs, directory, logger, world, stopped } = served
  const failure = Promise.withResolvers<'failed'>()
  if (directory.created)
    world.warn(`CREATED a new witness in ${config.dir}. Keep its keys, and never put back an older copy of witness.db`)
  logs.learn(await directory.store.listed())
  await learn(served)
  const metrics = createWitnessMetrics(directory.store.heads, () => logs.count)
  const witnessing = witnessOf(served, metrics, failure.resolve)
  const parts = { logger, after: world.clock.after, metrics, metricsElsewhere: config.metricsListen !== null }
  const closing = new AsyncDisposableStack()
  try {
    const server = createWitnessServer(witnessing, parts)
    closing.defer(() => closeServer(server, world))
    if (config.metricsListen !== null) {
      const measured = createScrapeServer(metrics, parts)
      closing.defer(() => closeServer(measured, world))
      logger.info({ address: await listen(measured, config.metricsListen) }, 'metrics')
    }
    closing.defer(world.onHangup(() => void relearn(served)))
    greet(await listen(server, config.listen), served)
    const reason = await Promise.race([stopped, failure.promise])
    logger.info({ reason }, 'stopping: open requests get their answers first')
    return reason === 'failed' ? 3 : 0
  } finally {
    await closing.disposeAsync()
  }
}

function witnessOf(
  { logs, directory, logger, world }: Served,
  metrics: WitnessMetrics,
  failed: (reason: 'failed') => void,
): Witness {
  return createWitness({
    keys: directory.keys,
    logs,
    store: directory.store,
    now: world.clock.now,
    verifyMlDsa44,
    onStep: world.onStep,
    watch: {
      ...metrics,
      forked(origin, cosigned, other) {
        metrics.forked(origin, cosigned, other)
        logger.error(
          { origin, cosigned: base64(cosigned), other: base64(other) },
          'FORK: the log signed two roots of one size; the second was not cosigned. Both notes are evidence',
        )
      },
    },
    onFailure: (error) => {
      logger.fatal({ err: error }, 'the witness has stopped')
      failed('failed')
    },
  })
}

/** @throws TlogError CONFIG_INVALID */
function chosenLogs({ name, logs, perSecond }: WitnessConfig): KnownLogs {
  try {
    return new KnownLogs(name, logs, { perDay: perSecond * 86_400, burst: perSecond })
  } catch (error) {
    if (error instanceof TlogError) throw new TlogError('CONFIG_INVALID', `--log: ${error.message}`, { cause: error })
    throw error
  }
}

/** @throws TlogError CONFIG_INVALID */
function readList(path: string): ReturnType<typeof parseLogList> {
  try {
    return parseSmallFile(path, LIST_BYTES, parseLogList)
  } catch (error) {
    throw new TlogError('CONFIG_INVALID', `--log-list: ${(error as Error).message}`, { cause: error })
  }
}

/** Adds what the list has and we have not: first durably, so that no log is ever cosigned and then forgotten. */
async function learn({ config, logs, directory, logger, world }: Served): Promise<void> {
  if (config.logListPath === null) return
  const list = readList(config.logListPath)
  await directory.store.addListed(logs.unknown(list.logs))
  const { added, refused } = logs.learn(list.logs)
  for (const why of [...list.skipped, ...refused]) world.warn(`${config.logListPath}: ${visible(why)}`)
  logger.info({ added: added.length, logs: logs.count }, 'log list read')
}

/** A list that cannot be read changes nothing. */
async function relearn(served: Served): Promise<void> {
  try {
    await learn(served)
  } catch (error) {
    served.logger.error({ err: error }, 'the log list was not read again; the logs are those from before')
  }
}

function greet(address: string, { config, directory, logs, logger, world }: Served): void {
  const vkeys = keysOf(directory.keys)
  logger.info({ address, name: config.name, vkeys, logs: logs.count }, 'listening')
  if (!world.terminal) return
  world.print(`The witness ${config.name} listens on ${address}, and cosigns ${logs.count} logs. Its verifier keys:\n`)
  world.print(vkeys.map((vkey) => `\n${vkey}\n`).join(''))
}

function keysOf({ ed25519, mlDsa44 }: WitnessKeys): readonly string[] {
  return [ed25519, mlDsa44].map(({ vkey }) => formatVkey(vkey))
}

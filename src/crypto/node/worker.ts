/** A thread that checks signatures. An exception here is a bug: it ends the thread, and the pool fails what it held. */

import { parentPort } from 'node:worker_threads'
import { unpackJobs } from './job.ts'
import { verdictsOn } from './verdicts.ts'

parentPort?.on('message', (packed: Uint8Array) => {
  const verdicts = verdictsOn(unpackJobs(packed))
  parentPort?.postMessage(verdicts, [verdicts.buffer])
})

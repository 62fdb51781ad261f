/** `colophon audit`: whether logs are honest: all that they signed and serve, once or for as long as it runs. */

import { configureCrypto } from '../crypto/node.ts'
import { openAuditDirectory } from '../storage/audit-directory.ts'
import { Auditor } from './audit/auditor.ts'
import { parseAudit } from './audit/request.ts'
import type { Command, ExitCode } from './world.ts'

export const audit: Command = {
  name: 'audit',
  usage: `colophon audit URL... [--once] [--state DIR] [--policy FILE] [--trusted-root FILE] [--log-key KEY]...
               [--witness URL]... [--interval S] [--max-age S] [--grace S] [--from-start] [--json]

  Audits logs: of tiles (Colophon, Tessera, Rekor v2) or Rekor v1. Reads every entry into the tree, and compares what a
  log shows with all that it signed before, and with what witnesses were shown. What no honest log does is written as
  evidence, which anybody verifies with colophon verify FILE.

  --once            looks once; without it, until it is stopped
  --state DIR       what is remembered, and the evidence (default: ./audit)
  --policy          logs and witnesses (c2sp.org/tlog-policy), enforced on each checkpoint (COLOPHON_POLICY)
  --trusted-root    trusted_root.json: logs that count (COLOPHON_TRUSTED_ROOT)
  --log-key KEY     a log by its verifier key; repeated. Without any of the three, the first run takes the keys that the
                    server shows, says so, and keeps to them
  --witness URL     a witness's monitoring endpoint, whose checkpoints are compared; repeated
  --interval S      seconds between two looks (60)
  --max-age S       refuses a checkpoint that is older
  --grace S         how long a log may be behind its witnesses, or not show what it has (3600)
  --from-start      reads all entries once more
  --metrics-listen ADDRESS  HOST:PORT or unix:/path/to.sock, for Prometheus
  --json            an object for each look at a log (docs/auditing.md)

  Exit code 0: honest. 1: a log misbehaved. 2: wrong use. 3: it could not be determined. 4: a log is not as it was
  asked for: not signed, not cosigned, too old, or it withholds.`,

  async run(argv, world): Promise<ExitCode> {
    const request = await parseAudit(argv, world)
    configureCrypto({ workers: 0 }) // a handful of signatures a look
    const stopped = request.once ? null : world.stopped()
    const directory = openAuditDirectory(request.dir)
    try {
      const auditor = new Auditor(request, directory, world)
      return stopped === null ? await auditor.round() : await auditor.run(stopped)
    } finally {
      directory.close()
    }
  },
}

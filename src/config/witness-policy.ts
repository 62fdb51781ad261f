/** The policy of a server: who must cosign what its logs sign. */

import { type Policy, parsePolicy } from '../formats/c2sp/policy.ts'
import { parseSmallFile } from './files.ts'
import { parseServiceUrl } from './parsers.ts'

const MAX_BYTES = 1024 * 1024

/** @throws Error when it cannot be read, asks nobody for anything, or names a witness that cannot be asked. */
export function readWitnessPolicy(path: string): Policy {
  const policy = parseSmallFile(path, MAX_BYTES, parsePolicy)
  if (policy.quorum === null) throw new Error(`${path}: \`quorum none\` asks nobody for anything: leave the policy out`)
  for (const { name, url } of policy.witnesses) {
    if (url === undefined) throw new Error(`${path}: the witness ${name} has no URL to be asked at`)
    parseServiceUrl(url)
  }
  return policy
}

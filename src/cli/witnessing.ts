/** From a server's policy to the witnesses of each of its logs. */

import { createSubmit } from '../client/submit.ts'
import { askWitnesses } from '../client/witnesses.ts'
import type { SigningConfig } from '../config.ts'
import type { Witnesses } from '../log/ports.ts'
import { quorumNone } from '../log/witnesses.ts'
import { nodeAbilities } from '../verify-node/abilities.ts'
import type { World } from './world.ts'

export function witnessesOf({ witnessing }: Pick<SigningConfig, 'witnessing'>, world: World): () => Witnesses {
  if (witnessing === null) return () => quorumNone
  const submit = createSubmit(world.clock)
  const { mlDsa44 } = nodeAbilities
  return () => askWitnesses({ policy: witnessing.policy, submit, mlDsa44 })
}

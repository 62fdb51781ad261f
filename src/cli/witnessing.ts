/** From a server's policy to the witnesses of each of its logs. */

import { createSubmit } from '../client/submit.ts'
import { askWitnesses, type RoundWatch } from '../client/witnesses.ts'
import type { SigningConfig } from '../config.ts'
import type { Witnesses } from '../log/ports.ts'
import { quorumNone } from '../log/witnesses.ts'
import { nodeAbilities } from '../verify-node/abilities.ts'
import type { World } from './world.ts'

type WitnessesOf = (slug: string) => Witnesses

/** Where nobody counts. */
const UNWATCHED: RoundWatch = { answered: () => undefined, ended: () => undefined }

/** @param watchOf of the rounds of a log, by its slug */
export function witnessesOf(
  { witnessing }: Pick<SigningConfig, 'witnessing'>,
  { clock }: Pick<World, 'clock'>,
  watchOf: (slug: string) => RoundWatch = () => UNWATCHED,
): WitnessesOf {
  if (witnessing === null) return () => quorumNone
  const submit = createSubmit(clock)
  const { mlDsa44 } = nodeAbilities
  const { policy } = witnessing
  return (slug) => askWitnesses({ policy, submit, mlDsa44, now: clock.now, watch: watchOf(slug) })
}

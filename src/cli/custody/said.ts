/** Whether a server says of a statement what it says. */

import type { ListedStatement } from '../../client/custody.ts'
import type { CustodyStatement } from '../../formats/lineage/statement.ts'
import { TlogError } from '../../kernel/error.ts'
import type { Opened } from './open.ts'

export type Taken = Pick<Opened, 'statement' | 'isShown'>

export function namedIn({ subjects, parts, dependencies }: CustodyStatement): string[] {
  return [...subjects, ...parts, ...dependencies].flatMap(({ digests }) => digests)
}

/** @throws TlogError SERVICE_REFUSED when the server lists it for what it does not say, or says that it says something else */
export function requireAsSaid({ place, artifact, said }: ListedStatement, { statement, isShown }: Taken): void {
  if (!namedIn(statement).includes(artifact))
    throw new TlogError('SERVICE_REFUSED', `${place}: it is listed for ${artifact}, and says nothing of it`)
  if (said === null && !isShown) return // read from a file of the caller's
  if (said === null)
    throw new TlogError('SERVICE_REFUSED', `${place}: the server has it, and does not say what it says`)
  const { subjects, dependencies } = statement
  const lists = [
    [said.subjects, subjects],
    [said.dependencies, dependencies],
  ] as const
  for (const [claimed, real] of lists)
    if (JSON.stringify(claimed) !== JSON.stringify(real.map(({ digests }) => digests)))
      throw new TlogError('SERVICE_REFUSED', `${place}: the server says that it names other artifacts than it does`)
}

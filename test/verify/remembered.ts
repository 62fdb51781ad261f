/**
 * Abilities that answer a question once. Each is a function of its arguments alone, of which the memory compares all:
 * what a change touches is a new question and is asked, so that no survivor can hide. A million changed bundles ask the
 * dear questions, about the parts that were not changed, again and again.
 */

import { hash } from 'node:crypto'
import type { TrustedRoot } from '../../src/formats/sigstore/trusted-root.ts'
import type { Abilities, CertificateChecks } from '../../src/verify/ports.ts'

/** @param root of which the authorities are. @throws Error when another's are asked about */
export function remembered({ mlDsa44, certificates }: Abilities, root: TrustedRoot): Abilities {
  const once = memory()
  return {
    mlDsa44: mlDsa44 && ((...bytes) => once('ML-DSA-44', bytes, () => mlDsa44(...bytes))),
    certificates:
      certificates &&
      ({
        openTimestamp(response, signature, authorities) {
          requireSame(authorities, root.timestampAuthorities)
          return once('timestamp', [response, signature], () =>
            certificates.openTimestamp(response, signature, authorities),
          )
        },
        verifyCertificate(leaf, times, other) {
          requireSame(other, root)
          return once('certificate', [leaf, Float64Array.from(times)], () =>
            certificates.verifyCertificate(leaf, times, other),
          )
        },
      } satisfies CertificateChecks),
  }
}

function requireSame(a: object, b: object): void {
  if (a !== b) throw new Error('a memory is of one root')
}

type Once = <T>(about: string, question: readonly (Uint8Array | Float64Array)[], ask: () => Promise<T>) => Promise<T>

/** By the hash of each part, so that what is long is not kept. A refusal is an answer too. */
function memory(): Once {
  const answers = new Map<string, Promise<unknown>>()
  return <T>(about: string, question: readonly (Uint8Array | Float64Array)[], ask: () => Promise<T>) => {
    const key = [about, ...question.map((part) => hash('sha256', part, 'base64'))].join(' ')
    const known = answers.get(key) as Promise<T> | undefined
    const answer = known ?? ask()
    if (known === undefined) answers.set(key, answer)
    return answer
  }
}

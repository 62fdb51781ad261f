/** What was checked and what was not are different types. */

import type { Brand } from '../kernel/brand.ts'

/** A value whose signatures were checked against keys that the caller chose. Only `open…` and `verify…` make one. */
export type Verified<T> = T & Brand<object, 'Verified'>

/** For this folder alone: the last line of a function that checked everything. */
export function verified<T extends object>(value: T): Verified<T> {
  return Object.freeze(value) as Verified<T>
}

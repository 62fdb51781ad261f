/**
 * Readers of strict JSON objects. A `Read` turns a value into a T or throws, naming the field's path; readers are made of
 * readers. What no reader asked for is refused.
 */

import { TlogError } from '../kernel/error.ts'
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from './json.ts'
import { located } from './located.ts'

export type Read<T> = (value: JsonValue, path: string) => T

export function invalid(path: string, why: string): TlogError {
  return new TlogError('FIELD_INVALID', `${path || 'the document'}: ${why}`)
}

export const text: Read<string> = (value, path) => {
  if (typeof value !== 'string') throw invalid(path, 'a string was expected')
  return value
}

/** One of these strings. */
export function literal<T extends string>(...allowed: readonly T[]): Read<T> {
  return (value, path) => {
    const found = allowed.find((one) => one === value)
    if (found === undefined) throw invalid(path, `must be ${allowed.map((one) => `"${one}"`).join(' or ')}`)
    return found
  }
}

/** A string that `parse` takes apart; its TlogError becomes FIELD_INVALID with the path in front. */
export function parsed<T>(parse: (text: string) => T): Read<T> {
  return (value, path) => {
    const string = text(value, path)
    return located('FIELD_INVALID', path, () => parse(string))
  }
}

/** `min` to `max` items, counted before any is read. */
export function list<T>(item: Read<T>, { min = 0, max }: { min?: number; max: number }): Read<T[]> {
  return (value, path) => {
    if (!isJsonArray(value)) throw invalid(path, 'an array was expected')
    if (value.length < min || value.length > max) throw invalid(path, `${min} to ${max} items, not ${value.length}`)
    return value.map((one, i) => item(one, `${path}[${i}]`))
  }
}

/** An object of which `read` takes every field. @throws TlogError FIELD_UNKNOWN when one is left over. */
export function object<T>(read: (fields: Fields) => T): Read<T> {
  return (value, path) => {
    if (!isJsonObject(value)) throw invalid(path, 'an object was expected')
    const fields = new Fields(value, path)
    const result = read(fields)
    fields.end()
    return result
  }
}

/**
 * An object of which only the fields that `read` takes count, and null is an absent field: for senders of old whose other
 * fields mean nothing here.
 */
export function openObject<T>(read: (fields: Fields) => T): Read<T> {
  return (value, path) => {
    if (!isJsonObject(value)) throw invalid(path, 'an object was expected')
    const present: { [name: string]: JsonValue } = Object.create(null)
    for (const [name, field] of Object.entries(value)) if (field !== null) present[name] = field
    return read(new Fields(present, path))
  }
}

/** A name from outside, fit for a message. */
export function quoted(name: string): string {
  return /^\w{1,64}$/.test(name) ? name : JSON.stringify(name.slice(0, 64))
}

/** The fields of one object, each taken by its name. */
export class Fields {
  private readonly object: JsonObject
  private readonly path: string
  private readonly taken = new Set<string>()

  constructor(object: JsonObject, path: string) {
    this.object = object
    this.path = path
  }

  /** @throws TlogError FIELD_MISSING */
  required<T>(name: string, read: Read<T>): T {
    const value = this.take(name)
    if (value === undefined) throw this.missing(name)
    return read(value, this.pathOf(name))
  }

  optional<T>(name: string, read: Read<T>): T | undefined {
    const value = this.take(name)
    return value === undefined ? undefined : read(value, this.pathOf(name))
  }

  /** Exactly one of the named fields. @throws TlogError FIELD_MISSING when there is none, FIELD_INVALID when several. */
  oneOf<T>(readers: { readonly [name: string]: Read<T> }): T {
    const names = Object.keys(readers)
    const [name, second] = names.filter((one) => this.take(one) !== undefined)
    const read = name === undefined ? undefined : readers[name]
    if (name === undefined || read === undefined) throw this.missing(names.join(' or '))
    if (second !== undefined) throw invalid(this.pathOf(second), `not together with ${name}`)
    return this.required(name, read)
  }

  /** @throws TlogError FIELD_UNKNOWN naming the first field that was not taken. */
  end(): void {
    for (const name in this.object) {
      if (!this.taken.has(name)) throw new TlogError('FIELD_UNKNOWN', `${this.pathOf(quoted(name))}: no such field`)
    }
  }

  missing(name: string): TlogError {
    return new TlogError('FIELD_MISSING', `${this.pathOf(name)}: missing`)
  }

  private pathOf(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`
  }

  private take(name: string): JsonValue | undefined {
    this.taken.add(name)
    return this.object[name]
  }
}

/** Configuration files and certificates for tests. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseServe, type ServeConfig } from '../../src/config.ts'
import { formatPem } from '../../src/formats/pki/pem.ts'
import { TlogError } from '../../src/kernel/error.ts'

function vector(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../vectors/x509/${name}.der`, import.meta.url)))
}

export const CHAIN = ['cert-email-p256', 'cert-names-p521']
  .map((name) => formatPem(vector(name), 'CERTIFICATE'))
  .join('')
export const PUBLIC_KEY = formatPem(vector('key-p256'), 'PUBLIC KEY')

export function write(dir: string, name: string, content: unknown): string {
  const path = join(dir, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

/** The config, or the lines of what is wrong. */
export function parsed(argv: readonly string[], env: Record<string, string> = {}): ServeConfig | string[] {
  try {
    return parseServe(argv, env)
  } catch (error) {
    if (error instanceof TlogError && error.code === 'CONFIG_INVALID') return error.message.split('\n')
    throw error
  }
}

/** @throws Error when there is something wrong. */
export function good(argv: readonly string[], env: Record<string, string> = {}): ServeConfig {
  const config = parsed(argv, env)
  if (Array.isArray(config)) throw new Error(config.join('\n'))
  return config
}

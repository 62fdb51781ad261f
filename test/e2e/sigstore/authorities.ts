/** Other people's authorities beside the log, as child processes, and the flags that make our server name them. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { client, freePort, type Scope, scratch } from '../support.ts'

/** Who signs with a certificate, in docs/clients.md and in every test. */
export const IDENTITY = { subject: 'https://publisher.example/release', issuer: 'https://issuer.example' }

const READY_MS = 15 * 60_000 // others may have to end first

/** Certificate authority, CT log and timestamps of @sigstore/mock (npm/sigstore-js/authorities.mjs). */
export async function startMockAuthorities(scope: Scope): Promise<{ ca: string[]; tsa: string[] }> {
  const folder = await scratch(scope)
  const script = join(await client('sigstore-js'), 'authorities.mjs')
  const child = spawn(process.execPath, [script, folder], { stdio: ['pipe', 'pipe', 'inherit'] })
  scope.teardown(() => child.kill('SIGKILL'))
  const [url] = (await once(createInterface(child.stdout), 'line')) as [string]
  return {
    ca: [
      ...['--fulcio-url', url, '--fulcio-certificate', join(folder, 'fulcio.pem')],
      ...['--ct-log-url', `${url}/ct`, '--ct-log-key', join(folder, 'ctlog.pem')],
      ...['--oidc-issuer', IDENTITY.issuer],
    ],
    tsa: tsaFlags(`${url}/api/v1/timestamp`, join(folder, 'tsa.pem')),
  }
}

/** Sigstore's own timestamp authority, with a key that lives as long as the process. */
export async function startTimestampServer(scope: Scope): Promise<string[]> {
  const port = await freePort()
  const where = ['--host', '127.0.0.1', '--port', String(port)]
  const program = await client('timestamp-server')
  const start = () =>
    spawn(program, ['serve', ...where, '--timestamp-signer', 'memory', '--disable-ntp-monitoring'], { stdio: 'ignore' })
  let child = start()
  scope.teardown(() => child.kill('SIGKILL'))
  const again = () => {
    if (child.exitCode !== null) child = start()
  }
  const url = `http://localhost:${port}/api/v1/timestamp`
  const chain = join(await scratch(scope), 'tsa.pem')
  await writeFile(chain, await certificateChain(url, again))
  return tsaFlags(url, chain)
}

/** What an identity provider would issue. The mock CA reads it and checks no signature; `more` becomes extensions. */
export function identityToken(subject: string = IDENTITY.subject, more: Readonly<Record<string, string>> = {}): string {
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss: IDENTITY.issuer, sub: subject, aud: 'sigstore', iat: now, exp: now + 600, ...more }
  return [{ alg: 'RS256', typ: 'JWT' }, claims, 'no signature'].map((part) => base64url(JSON.stringify(part))).join('.')
}

function tsaFlags(url: string, chain: string): string[] {
  return ['--tsa-url', url, '--tsa-certificate', chain]
}

/** `again` starts one that has ended: its metrics have a fixed port (2112), and there is one at a time on a machine. */
async function certificateChain(url: string, again: () => void): Promise<string> {
  const deadline = Date.now() + READY_MS
  while (Date.now() < deadline) {
    const response = await fetch(`${url}/certchain`).catch(() => null) // not listening yet
    if (response?.ok) return await response.text()
    again()
    await sleep(250)
  }
  throw new Error('the timestamp authority is not ready')
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url')
}

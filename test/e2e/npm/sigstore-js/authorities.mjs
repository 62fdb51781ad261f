// What Sigstore's public instance has beside its log, from @sigstore/mock: a certificate authority with its transparency
// log, and a timestamp authority, on one port of 127.0.0.1. Their certificates and the CT log's key go to the folder that is
// named first; then the URL is printed. Ends with its stdin.

import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { fulcioHandler, initializeCA, initializeCTLog, initializeTSA, tsaHandler } from '@sigstore/mock'

const [folder] = process.argv.slice(2)
const keys = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** Whole seconds: of a time with .05 the mock writes a shorter form than the verifier reads. */
const clock = new Date()
const tick = () => clock.setTime(Math.floor(Date.now() / 1000) * 1000)
tick()

const ctLog = await initializeCTLog(keys(), clock)
const ca = await initializeCA(keys(), ctLog, clock)
const tsa = await initializeTSA(keys(), clock)

write('fulcio.pem', pem('CERTIFICATE', ca.rootCertificate))
write('tsa.pem', pem('CERTIFICATE', tsa.intCertificate) + pem('CERTIFICATE', tsa.rootCertificate))
write('ctlog.pem', pem('PUBLIC KEY', ctLog.publicKey))

const handlers = new Map([fulcioHandler(ca), tsaHandler(tsa)].map(({ path, fn }) => [path, fn]))
const server = createServer(async (request, response) => {
  const body = Buffer.concat(await Array.fromAsync(request)).toString()
  const handle = handlers.get(request.url)
  tick()
  if (handle === undefined) return response.writeHead(404).end()
  const { statusCode, response: content, contentType = 'text/plain' } = await handle(withToken(body, request.headers))
  const status = statusCode === 201 ? 200 : statusCode // as Fulcio answers; cosign takes no other
  response.writeHead(status, { 'content-type': contentType }).end(content)
})
server.listen(0, '127.0.0.1', () => console.log(`http://localhost:${server.address().port}`))
process.stdin.resume().on('end', () => process.exit())

/**
 * cosign and sigstore-python send the identity token as a header; the mock CA reads it where sigstore-js puts it. It also
 * takes the PEM of a signing request as it is, where Fulcio takes it in base64.
 */
function withToken(body, { authorization }) {
  if (authorization === undefined) return body
  const credentials = { oidcIdentityToken: authorization.replace('Bearer ', '') }
  const { certificateSigningRequest: request, ...rest } = JSON.parse(body)
  const certificateSigningRequest = request && Buffer.from(request, 'base64').toString()
  return JSON.stringify({ credentials, certificateSigningRequest, ...rest })
}

function pem(label, der) {
  const lines = Buffer.from(der)
    .toString('base64')
    .match(/.{1,64}/g)
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

function write(name, text) {
  writeFileSync(join(folder, name), text)
}

// URL ROOT CACHE: reads a TUF repository as sigstore-js does and prints what it got, as JSON.

import { getTrustedRoot, initTUF } from '@sigstore/tuf'

const [mirrorURL, rootPath, cachePath] = process.argv.slice(2)
const options = { mirrorURL, rootPath, cachePath, retry: 0 }
const client = await initTUF(options)
const trustedRoot = await client.getTarget('trusted_root.json')
const signingConfig = await client.getTarget('signing_config.v0.2.json')
const logs = (await getTrustedRoot(options)).tlogs.length // its own parser takes the file
console.log(JSON.stringify({ trustedRoot, signingConfig, logs }))

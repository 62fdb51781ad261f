/** `node run.mjs CASE FILE`: the verdict on a file, as JSON. */

import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { verdictOn } from './library.ts'

const [folder, file] = process.argv.slice(2)
const files = {
  bundle: readFileSync(`${folder}/bundle.sigstore.json`),
  root: readFileSync(`${folder}/trusted_root.json`),
  key: readFileSync(`${folder}/key.pub`, 'utf8'),
}
const artifact = new Map([['SHA2_256', hash('sha256', readFileSync(file), 'buffer')]])
console.log(JSON.stringify(await verdictOn(files, artifact)))

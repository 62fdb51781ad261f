/** For runtimes with a command line: `command.ts TASKS.json` prints the report. */

import { readFileSync } from 'node:fs'
import process from 'node:process'
import { reportOn } from './tasks.ts'

const [, , path = ''] = process.argv
console.log(JSON.stringify(await reportOn(JSON.parse(readFileSync(path, 'utf8')))))

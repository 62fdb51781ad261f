/**
 * What health checks ask with in other people's images, and a machine may lack: `wget … URL`, and `pg_isready -h HOST -U USER
 * -d NAME` with the port in PGPORT. The exit code is the answer, 0 or 1.
 */

import pg from 'pg'

const [program, ...args] = process.argv.slice(2)
process.exitCode = (await (program === 'wget' ? fetched() : accepts())) ? 0 : 1

async function fetched(): Promise<boolean> {
  return await fetch(args.at(-1) ?? '').then(
    ({ ok }) => ok,
    () => false,
  )
}

/** A server that asks for the password takes connections; pg_isready has none either. */
async function accepts(): Promise<boolean> {
  const flag = (name: string) => args[args.indexOf(name) + 1] ?? ''
  const where = { host: flag('-h'), port: Number(process.env.PGPORT), user: flag('-U'), database: flag('-d') }
  const client = new pg.Client({ ...where, password: 'none' })
  client.on('error', () => undefined) // told of by connect
  try {
    await client.connect()
    await client.end()
    return true
  } catch (error) {
    return (error as { code?: string }).code === '28P01' // the password is wrong
  }
}

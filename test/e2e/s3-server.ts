/** An S3 server that is not ours (versitygw), over a scratch folder: what is in a bucket can be looked at as files. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { AwsClient } from 'aws4fetch'
import { STORE_VARIABLES, type StoreOwner } from '../../src/config/object-store.ts'
import type { S3Access, S3Location } from '../../src/formats/s3/location.ts'
import { unixMillis } from '../../src/kernel/brand.ts'
import type { S3Parts } from '../../src/storage/s3/client.ts'
import { HERE, type Host } from '../host.ts'
import { client, freePort, run, type Scope, scratch } from './support.ts'

export interface S3Server {
  /** One folder a bucket. */
  readonly folder: string
  /** As the owner of a bucket, who may do nothing in another. */
  access(bucket: string): S3Access
  /** The same, as our program is told of it: of the ratchet by variables of its own. */
  env(bucket: string, owner?: StoreOwner): Readonly<Record<string, string>>
  /** SIGKILL, and wait until it is gone. */
  kill(): Promise<void>
  /** At the same address. */
  start(): Promise<void>
  /** Everything in a bucket below a prefix, but for what copies have for themselves. */
  contents(bucket: string, prefix: string): Promise<ReadonlyMap<string, Uint8Array>>
  /** Lets everybody read and list a bucket. */
  open(bucket: string): Promise<void>
}

/** What a client of ours needs, with the world's own clock. */
export function partsAt(location: S3Location, access: S3Access): S3Parts {
  const after = (ms: number, call: () => void) => {
    const timer = setTimeout(call, ms)
    return () => clearTimeout(timer)
  }
  const clock = { now: () => unixMillis(Date.now()), after }
  return { location, access, clock, random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)) }
}

const READY_MS = 30_000
const REGION = 'eu-test-1'
const ROOT = { ROOT_ACCESS_KEY: 'root', ROOT_SECRET_KEY: 'secret-of-root' }

/** Runs until the scope ends. Each bucket has an owner of its own. */
export function startS3(scope: Scope, ...buckets: readonly string[]): Promise<S3Server> {
  return startS3On(HERE, scope, ...buckets)
}

export async function startS3On(host: Host, scope: Scope, ...buckets: readonly string[]): Promise<S3Server> {
  const [program, folder, place] = [
    await client('versitygw'),
    await scratch(scope),
    `${host.address}:${await freePort()}`,
  ]
  const [accounts, root, endpoint] = [join(folder, 'accounts'), join(folder, 'buckets'), `http://${place}`]
  for (const path of [accounts, root]) await mkdir(path)
  const launch = async () => {
    const argv = ['--port', place, '--region', REGION, '--iam-dir', accounts, '--quiet', '--keep-alive']
    const [command = '', ...args] = [...host.within, program, ...argv, 'posix', root]
    const child = spawn(command, args, { env: { ...process.env, ...ROOT }, stdio: 'ignore' })
    const orphan = () => child.kill('SIGKILL')
    process.once('exit', orphan)
    child.once('close', () => process.off('exit', orphan))
    await ready(endpoint)
    return child
  }
  let running = await launch()
  scope.teardown(() => running.kill('SIGKILL'))
  const access = (bucket: string): S3Access => {
    const keys = {
      accessKeyId: `KEYOF${bucket.toUpperCase()}`,
      secretAccessKey: `secret-of-${bucket}`,
      sessionToken: null,
    }
    return { endpoint, region: REGION, addressing: 'path', ...keys }
  }
  const admin = async (...argv: readonly string[]) => {
    const as = ['--access', ROOT.ROOT_ACCESS_KEY, '--secret', ROOT.ROOT_SECRET_KEY, '--region', REGION]
    const done = await run(program, ['admin', ...as, '--endpoint-url', endpoint, ...argv])
    if (done.code !== 0) throw new Error(`versitygw admin ${argv[0]}: ${done.stdout}${done.stderr}`)
  }
  for (const bucket of buckets) {
    const { accessKeyId, secretAccessKey } = access(bucket)
    await admin('create-user', '--access', accessKeyId, '--secret', secretAccessKey, '--role', 'user')
    await admin('create-bucket', '--bucket', bucket, '--owner', accessKeyId)
  }
  return {
    folder: root,
    access,
    env(bucket, owner = 'copies') {
      const [names, { accessKeyId, secretAccessKey }] = [STORE_VARIABLES[owner], access(bucket)]
      const secrets = { [names.accessKeyId]: accessKeyId, [names.secretAccessKey]: secretAccessKey }
      return { ...secrets, [`${names.region[0]}`]: REGION, [`${names.endpoint[0]}`]: endpoint }
    },
    async kill() {
      const ended = once(running, 'close')
      running.kill('SIGKILL')
      await ended
    },
    async start() {
      running = await launch()
    },
    contents: (bucket, prefix) => filesIn(join(root, bucket, prefix)),
    open: (bucket) => allowReads(access(bucket), bucket),
  }
}

async function ready(endpoint: string): Promise<void> {
  for (const deadline = Date.now() + READY_MS; Date.now() < deadline; await sleep(50))
    if (
      await fetch(endpoint).then(
        () => true,
        () => false,
      )
    )
      return
  throw new Error(`no S3 server at ${endpoint}`)
}

async function filesIn(root: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const found = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => [])
  const paths = found
    .filter((file) => file.isFile())
    .map(({ parentPath, name }) => relative(root, join(parentPath, name)))
  const ours = paths.filter((path) => !path.split('/').some((part) => part.startsWith('.')))
  return new Map(
    await Promise.all(ours.map(async (path) => [path, new Uint8Array(await readFile(join(root, path)))] as const)),
  )
}

async function allowReads({ endpoint, region, accessKeyId, secretAccessKey }: S3Access, bucket: string): Promise<void> {
  const signed = new AwsClient({ accessKeyId, secretAccessKey, region, service: 's3', retries: 0 })
  const Resource = [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`]
  // Where a bucket has a policy, this server asks nothing else: the owner stands in it too.
  const owner = { Effect: 'Allow', Principal: { AWS: [accessKeyId] }, Action: 's3:*', Resource }
  const all = { Effect: 'Allow', Principal: '*', Action: ['s3:GetObject', 's3:ListBucket'], Resource }
  const body = JSON.stringify({ Version: '2012-10-17', Statement: [owner, all] })
  const answer = await signed.fetch(`${endpoint}/${bucket}?policy`, { method: 'PUT', body })
  if (!answer.ok) throw new Error(`policy of ${bucket}: ${answer.status} ${await answer.text()}`)
}

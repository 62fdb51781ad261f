/** Makes the two buckets of docker-compose.yml where they are missing. Everybody may read and list that of the copies. */

import { AwsClient } from 'aws4fetch'

const { env } = process

await makeBucket('COLOPHON_RATCHET_AWS_', 'memory')
const copies = await makeBucket('AWS_', 'tlog')
await allowReads(copies, 'tlog')

interface Store {
  readonly endpoint: string
  readonly accessKeyId: string
  readonly signed: AwsClient
}

async function makeBucket(prefix: string, bucket: string): Promise<Store> {
  const [endpoint = '', accessKeyId = '', secretAccessKey = ''] = [
    'ENDPOINT_URL_S3',
    'ACCESS_KEY_ID',
    'SECRET_ACCESS_KEY',
  ].map((name) => env[prefix + name])
  const signed = new AwsClient({ accessKeyId, secretAccessKey, region: 'us-east-1', service: 's3' })
  const there = await signed.fetch(`${endpoint}/${bucket}`, { method: 'HEAD' })
  if (there.status === 404) await put(signed, `${endpoint}/${bucket}`)
  else if (!there.ok) throw new Error(`bucket ${bucket} of ${endpoint}: ${there.status}`)
  return { endpoint, accessKeyId, signed }
}

async function allowReads({ endpoint, accessKeyId, signed }: Store, bucket: string): Promise<void> {
  const Resource = [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`]
  const owner = { Effect: 'Allow', Principal: { AWS: [accessKeyId] }, Action: 's3:*', Resource }
  const all = { Effect: 'Allow', Principal: '*', Action: ['s3:GetObject', 's3:ListBucket'], Resource }
  await put(signed, `${endpoint}/${bucket}?policy`, JSON.stringify({ Version: '2012-10-17', Statement: [owner, all] }))
}

async function put(signed: AwsClient, url: string, body?: string): Promise<void> {
  const answer = await signed.fetch(url, { method: 'PUT', ...(body !== undefined && { body }) })
  if (!answer.ok) throw new Error(`PUT ${url}: ${answer.status} ${await answer.text()}`)
}

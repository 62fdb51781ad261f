/** GET /api/v1/log, /api/v1/log/proof and /api/v1/log/publicKey: the trees themselves. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { checkpointFor } from '../../dialects/rekor-v1/tree.ts'
import { formatPem } from '../../formats/pki/pem.ts'
import { treeSize } from '../../kernel/brand.ts'
import { hex } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { GET_PROOF, GET_PUBLIC_KEY, GET_TREES } from '../api/describe/rekor-v1.ts'
import type { Description } from '../api/openapi.ts'
import { ProvenTree } from '../api/proven-tree.ts'
import { onlyMethods } from '../methods.ts'
import { treeIdOf, wholeNumber } from './parameters.ts'
import type { Shard } from './shards.ts'
import type { Trees } from './trees.ts'

export function logRoutes(trees: Trees) {
  return async (app: FastifyInstance): Promise<void> => {
    const get = (url: string, openapi: Description, answer: (request: FastifyRequest) => object | Promise<object>) => {
      onlyMethods(app, url, 'GET')
      app.get(url, { config: { openapi } }, async (request) => answer(request))
    }
    get('/api/v1/log', GET_TREES, (request) => {
      const active = trees.active(request)
      const others = trees.shards(request).filter(({ log }) => log !== active.log)
      return { inactiveShards: others.map(head), ...head(active) }
    })
    get('/api/v1/log/proof', GET_PROOF, async (request) => {
      const { firstSize = '1', lastSize } = request.query as { firstSize?: unknown; lastSize?: unknown }
      const [first, last] = [
        wholeNumber('firstSize', firstSize, { min: 1 }),
        wholeNumber('lastSize', lastSize, { min: 1 }),
      ]
      return await consistency(shardOf(trees, request), first, last)
    })
    onlyMethods(app, '/api/v1/log/publicKey', 'GET')
    app.get('/api/v1/log/publicKey', { config: { openapi: GET_PUBLIC_KEY } }, async (request, reply) => {
      const { tree } = shardOf(trees, request)
      return reply.type('application/x-pem-file').send(formatPem(tree.spki, 'PUBLIC KEY'))
    })
  }
}

function shardOf(trees: Trees, request: FastifyRequest): Shard {
  const shard = trees.byTreeId(request, treeIdOf(request))
  if (shard === undefined) throw new TlogError('FIELD_INVALID', 'treeID in query: there is no such tree')
  return shard
}

/** The number of a tree is a string: a JavaScript number would not hold it. */
function head({ log, tree }: Shard): object {
  const { size, root, note } = new ProvenTree(log).newest
  return {
    rootHash: hex(root),
    signedTreeHead: checkpointFor(tree, note),
    treeID: String(tree.treeId),
    treeSize: size,
  }
}

/** The root is that of the tree as it is now, not of the last size: so does Rekor. */
async function consistency({ log }: Shard, first: number, last: number): Promise<object> {
  const tree = new ProvenTree(log)
  const { size, root } = tree.newest
  if (first > last) throw new TlogError('RANGE_INVALID', `firstSize(${first}) must be less than lastSize(${last})`)
  if (last > size)
    throw new TlogError(
      'RANGE_INVALID',
      `the tree size requested(${last}) was greater than what is currently observable(${size})`,
    )
  const [older, newer] = [await tree.head(treeSize(first)), await tree.head(treeSize(last))]
  return { rootHash: hex(root), hashes: (await tree.consistency(older, newer)).map(hex) }
}

/** GET /logs/{log}/proof/inclusion and …/consistency, against the newest checkpoint or between any published sizes. */

import type { FastifyInstance } from 'fastify'
import type { Hash, LeafHash, LeafIndex, TreeSize } from '../../kernel/brand.ts'
import { hex, parseUtf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import type { TreeHead } from '../../kernel/proof.ts'
import type { Log } from '../../log/log.ts'
import type { Logs } from '../logs.ts'
import { CONSISTENCY, INCLUSION } from './describe/proofs.ts'
import { logOf } from './logs.ts'
import { given } from './parameters.ts'
import { ProvenTree } from './proven-tree.ts'
import { type Answer, json, resource } from './resource.ts'

export function proofRoutes(logs: Logs) {
  return async (app: FastifyInstance): Promise<void> => {
    resource(app, '/logs/:log/proof/inclusion', INCLUSION, async (request, { index, leaf, size }) => {
      if (index !== undefined && leaf !== undefined)
        throw new TlogError('FIELD_INVALID', 'leaf: not together with index')
      const which = leaf ?? given('index or leaf', index)
      return await inclusion(logOf(logs, request), which, size)
    })
    resource(app, '/logs/:log/proof/consistency', CONSISTENCY, async (request, { first, last }) =>
      consistency(logOf(logs, request), given('first', first), last),
    )
  }
}

async function inclusion(log: Log, which: LeafIndex | LeafHash, size: TreeSize | undefined): Promise<Answer> {
  if (typeof which === 'number' && size !== undefined && which >= size)
    throw new TlogError('RANGE_INVALID', `leaf ${which} is outside a tree of ${size}`)
  const tree = new ProvenTree(log)
  const head = await tree.head(size)
  const { index, leaf } =
    typeof which === 'number'
      ? { index: which, leaf: await tree.leafHash(which) }
      : { index: await find(log, which, head), leaf: which }
  const path = await tree.inclusion(leaf, index, head)
  return proof({ index, leafHash: hex(leaf), ...spell(head), path: path.map(hex) }, tree, size)
}

async function consistency(log: Log, from: TreeSize, size: TreeSize | undefined): Promise<Answer> {
  if (size !== undefined && from > size)
    throw new TlogError('RANGE_INVALID', `a tree of ${from} is no prefix of one of ${size}`)
  const tree = new ProvenTree(log)
  const [first, last] = [await tree.head(from), await tree.head(size)]
  const path = await tree.consistency(first, last)
  return proof({ first: spell(first), last: spell(last), path: path.map(hex) }, tree, size)
}

/** What a size was asked for will be true for ever; without one, the checkpoint says of which moment it is. */
function proof(body: object, { newest }: ProvenTree, size: TreeSize | undefined): Answer {
  return size === undefined ? json({ ...body, checkpoint: parseUtf8(newest.note) }) : json(body, { fixed: true })
}

/** @throws TlogError NOT_FOUND */
async function find(log: Log, leaf: LeafHash, { size }: TreeHead): Promise<LeafIndex> {
  const place = await log.find(leaf)
  if (place === null || place.index >= size)
    throw new TlogError('NOT_FOUND', `leaf ${hex(leaf)}: not in the tree of ${size}`)
  return place.index
}

function spell({ size, root }: { readonly size: TreeSize; readonly root: Hash }): object {
  return { size, root: hex(root) }
}

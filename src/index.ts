/** `import … from 'colophon'` on Node: the verifier, what Node can check for it, and how a directory is known. */

export { type OmsManifest, type OmsResource, omsRoot, parseOmsStatement } from './formats/model/oms.ts'
export { parseModelBundle } from './formats/model/oms-bundle.ts'
export * from './verify/index.ts'
export {
  type UnloggedSigner,
  type UnloggedTrust,
  type UnloggedVerdict,
  verifyUnlogged,
} from './verify/unlogged.ts'
export { nodeAbilities, verifyPath } from './verify-node/abilities.ts'

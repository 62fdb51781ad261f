/** `import … from 'colophon'` on Node: the verifier, what Node can check for it, and how a directory is known. */

export { type OmsManifest, type OmsResource, omsRoot, parseOmsStatement } from './formats/model/oms.ts'
export * from './verify/index.ts'
export { nodeAbilities } from './verify-node/abilities.ts'

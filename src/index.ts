/** `import … from 'colophon'` on Node: the verifier, and what Node can check for it. */

export * from './verify/index.ts'
export { nodeAbilities } from './verify-node/abilities.ts'

/** `verify.js`: the whole verifier for web pages. */

export * from '../../verify/index.ts'
export { webAbilities } from './abilities.ts'
export { digestBlob } from './digest-blob.ts'

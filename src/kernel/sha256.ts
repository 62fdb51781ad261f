/** SHA-256 in JavaScript, for every runtime. In Node `#sha256` is crypto/node/sha256.ts instead, four times as fast. */

export { sha256 } from '@noble/hashes/sha2.js'

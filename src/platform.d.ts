/** What every runtime offers that floors 0 to 2 run on: browsers, Deno, Bun, Node. Nothing else may be used there. */

declare class TextEncoder {
  encode(text: string): Uint8Array
}

declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean })
  decode(bytes: Uint8Array): string
}

declare function atob(text: string): string
declare function btoa(text: string): string

interface CryptoKey {
  readonly type: string
}

interface SubtleCrypto {
  importKey(
    format: 'raw',
    key: Uint8Array,
    algorithm: { name: 'ECDSA'; namedCurve: string },
    extractable: boolean,
    usages: readonly 'verify'[],
  ): Promise<CryptoKey>
  verify(
    algorithm: { name: 'ECDSA'; hash: string },
    key: CryptoKey,
    signature: Uint8Array,
    message: Uint8Array,
  ): Promise<boolean>
}

declare const crypto: {
  getRandomValues<T extends Uint8Array>(bytes: T): T
  /** Missing on a page that came over plain http. */
  readonly subtle?: SubtleCrypto
}

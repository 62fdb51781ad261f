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

declare const crypto: {
  getRandomValues<T extends Uint8Array>(bytes: T): T
}

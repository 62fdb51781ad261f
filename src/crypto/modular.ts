/** Arithmetic modulo a prime. Variable time: public values only. */

/** From 0 to modulus - 1, of a negative value too. */
export function mod(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus
  return rest < 0n ? rest + modulus : rest
}

/** By Euclid's extended algorithm. @throws RangeError for a multiple of the modulus. */
export function invert(value: bigint, modulus: bigint): bigint {
  let [high, low] = [modulus, mod(value, modulus)]
  let [factorHigh, factorLow] = [0n, 1n]
  while (low !== 0n) {
    const quotient = high / low
    ;[high, low] = [low, high - quotient * low]
    ;[factorHigh, factorLow] = [factorLow, factorHigh - quotient * factorLow]
  }
  if (high !== 1n) throw new RangeError('not invertible')
  return mod(factorHigh, modulus)
}

/** All inverses for the price of one and three products each (Montgomery's trick). No value may be 0. */
export function invertAll(values: readonly bigint[], modulus: bigint): bigint[] {
  const before: bigint[] = []
  let product = 1n
  for (const value of values) {
    before.push(product)
    product = (product * value) % modulus
  }
  const out = new Array<bigint>(values.length)
  let rest = invert(product, modulus)
  for (let i = values.length - 1; i >= 0; i--) {
    out[i] = (rest * (before[i] ?? 0n)) % modulus
    rest = (rest * (values[i] ?? 0n)) % modulus
  }
  return out
}

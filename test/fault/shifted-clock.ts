/** Loaded with --import into a server under test: at every SIGUSR2 its clock, and no other, is set back by an hour. */

const BACK_MS = 3_600_000

const real = Date.now
let back = 0
Date.now = () => real() - back
globalThis.Date = new Proxy(Date, {
  construct: (target, args, self) => Reflect.construct(target, args.length === 0 ? [Date.now()] : args, self) as Date,
})
process.on('SIGUSR2', () => {
  back += BACK_MS
})

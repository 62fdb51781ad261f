import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readCase } from '/work/main/test/verify/conformance.ts'
import { flips, removals } from '/work/main/test/verify/mutations.ts'
import { codeOf } from '/work/main/test/verify/support.ts'
import { verifyBundle } from '/work/main/src/verify/bundle.ts'
import { parseSigstoreBundle } from '/work/main/src/formats/sigstore/bundle.ts'
import t from 'tap'
t.setTimeout(0)
for (const name of process.argv.slice(2)) {
  const c = readCase(name), trust = c.trust(), bundle = c.bundle()
  const artifact = new Map([['SHA2_256' as const, new Uint8Array(hash('sha256', c.artifact, 'buffer'))]])
  const t0 = performance.now(); let n=0
  const alive = new Map<string, number[]>(); const time = new Map<string, number>(); const codes=new Map<string,Set<string>>()
  for (const m of flips(bundle, {isFull: !!process.env.FULL, made:['version','material.kind','content.kind']})) { n++; const t=performance.now(); const code=await codeOf(()=>verifyBundle(m.value as any, artifact, trust)); time.set(m.field,(time.get(m.field)??0)+performance.now()-t); if(code==='ok') alive.set(m.field,[...(alive.get(m.field)??[]), m.bit]); (codes.get(m.field)??codes.set(m.field,new Set()).get(m.field)!).add(code) }
  console.log(name, n, Math.round(performance.now()-t0)+'ms'); for (const [f,b] of alive) console.log('  alive', f, b.length, b.slice(0,6).join())
  console.log([...time].filter(([,t])=>t>300).map(([f,t])=>`${f} ${Math.round(t)}`).join('; '))
  const json=JSON.parse(readFileSync(`/work/main/test/vectors/sigstore-conformance/bundle-verify/${name}/bundle.sigstore.json`,'utf8'))
  for (const r of removals(json)) { const code=await codeOf(()=>verifyBundle(parseSigstoreBundle(new TextEncoder().encode(JSON.stringify(r.json))), artifact, trust)); if (code==='ok') console.log('  removable', r.field) }
}

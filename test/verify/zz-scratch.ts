import { hash } from 'node:crypto'
import t from 'tap'
import { readCase } from './conformance.ts'
import { codeOf, flipped } from './support.ts'
import { nodeAbilities } from '../../src/verify-node/abilities.ts'
t.setTimeout(0)
for (const name of ['rekor2-checkpoint-multiple-cosigs','rekor2-dsse-happy-path','intoto-with-custom-trust-root']) {
 const c=readCase(name); const b=c.bundle(); const ts=b.timestamps[0]!; const root=c.trust().root
 const alive:number[]=[]
 for (let bit=0; bit<ts.length*8; bit++) { const code=await codeOf(async()=>{ const r=await nodeAbilities.certificates!.openTimestamp(flipped(ts,bit), b.content.signature, root.timestampAuthorities); if(r===null) throw new (await import('../../src/kernel/error.ts')).TlogError('NOT_FOUND','x') }); if (code==='ok') alive.push(bit) }
 const byByte=new Map<number,number>(); for (const b of alive) byByte.set(b>>3,(byByte.get(b>>3)??0)+1)
 console.log(name, ts.length, alive.length, JSON.stringify([...byByte].slice(0,60)), '...', byByte.size)
 const { writeFileSync } = await import('node:fs'); writeFileSync(`/tmp/${name}.tsr`, ts)
}

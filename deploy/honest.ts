/** Whether an auditor finds every log honest, by its metrics: node honest.ts URL. The exit code says it. */

const [url = ''] = process.argv.slice(2)
const metrics = await (await fetch(url)).text()
const outcomes = [...metrics.matchAll(/^colophon_audit_outcome\{.*outcome="(\w+)".*\} 1$/gm)].map(
  ([, outcome]) => outcome,
)
if (outcomes.length === 0 || outcomes.some((outcome) => outcome !== 'honest')) {
  console.error(outcomes.join(' '))
  process.exitCode = 1
}

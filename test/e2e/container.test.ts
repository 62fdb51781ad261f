/** Dockerfile and the Compose files, judged by other people's programs and run without a container engine. */

import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { parseDockerfile } from './container/dockerfile.ts'
import { boxes, type Container, plainProcesses } from './container/engine.ts'
import { buildImage } from './container/image.ts'
import { ROOT, run, scratch } from './support.ts'

t.setTimeout(10 * 60_000)

/** Whether what is not tried without root is a failure. */
const MUST_ALL = process.env.COLOPHON_E2E_ALL === '1'
const READY_MS = 30_000
/** Open requests get this long (STOP_MS in cli/serve.ts); whoever stops us must wait longer. */
const SERVER_STOP_S = 10

const [SINGLE, SEVERAL] = ['docker-compose.single.yml', 'docker-compose.yml']

type Needs = Readonly<Record<string, { readonly condition: string }>>
/** A value for each variable that docker-compose.single.yml hands on only where it is set. */
const HANDED_ON: Readonly<Record<string, string>> = {
  COLOPHON_KEY_PASSPHRASE: 'correct horse',
  COLOPHON_LOG_LEVEL: 'debug',
  COLOPHON_TRUSTED_PROXIES: '172.16.0.0/12',
}

interface Composed {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, unknown>>
}

interface Service {
  readonly environment: Readonly<Record<string, string | null>>
  readonly stop_grace_period: string
  readonly [setting: string]: unknown
}

const isRoot = process.getuid?.() === 0
const folder = await scratch(t)
const installed = await run('bash', [fileURLToPath(new URL('container/install.sh', import.meta.url))], {
  timeoutMs: 300_000,
})
if (installed.code !== 0) throw new Error(`the lints: ${installed.stderr}`)
const [hadolint = '', compose = ''] = installed.stdout.trim().split('\n')

const engine = isRoot ? await boxes() : plainProcesses()
const image = await buildImage(folder, engine)
const service = await readService()

async function lint(text: string): Promise<string> {
  const path = join(folder, 'Dockerfile')
  await writeFile(path, text)
  const { stdout, code } = await run(hadolint, ['--no-color', '--failure-threshold', 'style', path])
  return code === 0 ? '' : stdout
}

/** What Docker Compose's own parser makes of a file. */
async function parseCompose(
  text: string,
  override?: string,
): Promise<{ readonly model: Composed | null; readonly words: string }> {
  const path = join(folder, 'docker-compose.yml')
  await writeFile(path, text)
  const env = { PATH: process.env.PATH, HOME: process.env.HOME }
  const more = override === undefined ? [] : [join(folder, 'override.yml')]
  for (const each of more) await writeFile(each, override ?? '')
  const done = await run(compose, ['-format', 'json', path, ...more], { cwd: folder, env })
  return { model: done.code === 0 ? (JSON.parse(done.stdout) as Composed) : null, words: done.stderr }
}

async function readService(): Promise<Service> {
  const { model, words } = await parseCompose(await readFile(join(ROOT, SINGLE), 'utf8'))
  const log = model?.services.log
  if (log === undefined) throw new Error(`${SINGLE}: ${words}`)
  return log
}

/** Of the image alone, without the base's part: path below `/`, mode, size. */
async function layers(): Promise<{ readonly path: string; readonly mode: number; readonly size: number }[]> {
  const paths = await readdir(join(image.root, 'app'), { recursive: true })
  return await Promise.all(
    paths.map(async (path) => {
      const found = await stat(join(image.root, 'app', path))
      return { path, mode: found.mode, size: found.isFile() ? found.size : 0 }
    }),
  )
}

async function start(volumes: Readonly<Record<string, string>>): Promise<Container> {
  const given = Object.entries(service.environment).filter((pair): pair is [string, string] => pair[1] !== null)
  return await engine.start(image, { env: Object.fromEntries(given), volumes })
}

async function becomesHealthy(container: Container): Promise<string> {
  const deadline = Date.now() + READY_MS
  let last = 'never asked'
  while (Date.now() < deadline && container.isRunning()) {
    const { code, stderr } = await container.exec(image.health.command)
    if (code === 0) return 'healthy'
    last = stderr
    await sleep(200)
  }
  return last
}

if (!isRoot)
  t.test('what cannot be tried', async (t) => {
    for (const lack of engine.lacks) t.fail(lack, MUST_ALL ? {} : { skip: 'needs root' })
  })

t.test('hadolint', async (t) => {
  const text = await readFile(join(ROOT, 'Dockerfile'), 'utf8')
  t.equal(await lint(text), '', 'has nothing to say')
  t.match(await lint(text.replace(/:24.*? AS/, ' AS')), /DL3006/, 'and would have: an image without a tag')
})

t.test('an instruction that is not interpreted is refused', async (t) => {
  for (const line of [
    'ADD a b',
    'RUN --mount=type=secret a',
    'COPY --chown=1 a b',
    'COPY $A b',
    'SHELL ["a"]',
    'copy a b',
  ])
    t.throws(() => parseDockerfile(`FROM a\n${line}\n`), /not (?:interpreted|understood)|variables/, line)
  t.throws(() => parseDockerfile('RUN true\n'), /before FROM/)
})

t.test('Docker Compose reads it', async (t) => {
  const text = await readFile(join(ROOT, SINGLE), 'utf8')
  const whole = (await parseCompose(text)).model
  const sources = (service.volumes as readonly { readonly source: string }[]).map(({ source }) => source)
  t.same(Object.keys(whole?.volumes ?? {}).sort(), sources.sort(), 'every volume has its name')
  t.same(Object.keys(whole?.services ?? {}), ['log'], 'one service')
  const { model, words } = await parseCompose(text.replace('read_only', 'readonly'))
  t.equal(model, null, 'a name that Compose does not know is refused')
  t.match(words, /readonly/)
  const page = await readFile(join(ROOT, 'docs/container.md'), 'utf8')
  const examples = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, example = '']) => example)
  t.equal(examples.length, 2)
  for (const example of examples) t.not((await parseCompose(text, example)).model, null, example)
})

t.test('Docker Compose reads that of several nodes', async (t) => {
  const text = await readFile(join(ROOT, SEVERAL), 'utf8')
  const { model, words } = await parseCompose(text)
  if (model === null) throw new Error(words)
  const needs = Object.values(model.services).map(({ depends_on }) => (depends_on ?? {}) as Needs)
  for (const [name, each] of Object.entries(model.services)) {
    t.match(each, { read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] }, name)
    t.match(each.logging, service.logging, `${name}: its log ends somewhere`)
    for (const setting of ['privileged', 'cap_add', 'network_mode', 'pid', 'devices'])
      t.equal(each[setting], undefined, `${name}: no ${setting}`)
    // Ours has its user in the image.
    if (each.image !== 'colophon')
      t.match(each, { user: /^[1-9]\d*:[1-9]\d*$/, image: /:v?\d+\.\d+(\.\d+)?(-\w+)?$/ }, name)
    if (each.restart === 'no') {
      const waits = needs.some((each) => each[name]?.condition === 'service_completed_successfully')
      t.ok(waits, `${name} ends, and \`up --wait\` is told so by who waits for it`)
    } else t.match(each, { restart: 'unless-stopped', healthcheck: { test: ['CMD'] } }, name)
    for (const { host_ip } of (each.ports ?? []) as readonly { readonly host_ip: string }[])
      t.equal(host_ip, '127.0.0.1', name)
  }
  for (const name of ['node-a', 'node-b'])
    t.same(model.services[name]?.healthcheck, service.healthcheck, `${name}: one health check`)
})

t.test('the service is the image, and no more', async (t) => {
  t.match(service, {
    ports: [{ host_ip: '127.0.0.1', target: image.port, protocol: 'tcp' }],
    volumes: image.volumes.map((target) => ({ type: 'volume', target })),
    read_only: true,
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
    restart: 'unless-stopped',
    logging: { driver: 'local', options: { 'max-size': /^\d+m$/, 'max-file': /^\d+$/ } },
  })
  const { flags, command } = image.health
  const { test, ...times } = service.healthcheck as Readonly<Record<string, unknown>>
  t.same(test, ['CMD', ...command], 'one health check')
  const flat = Object.entries(times).map(([name, value]) => [name.replaceAll('_', '-'), String(value)])
  t.same(Object.fromEntries(flat), flags, 'at the same times')
  t.ok(Number.parseInt(service.stop_grace_period, 10) > SERVER_STOP_S, 'stopped without haste')
  for (const setting of ['privileged', 'cap_add', 'user', 'network_mode', 'pid', 'devices', 'command', 'entrypoint'])
    t.equal(service[setting], undefined, `no ${setting}`)
})

t.test('the image says', async (t) => {
  const about = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as Record<string, string>
  t.match(image.base, /^node:24\.\d+\.\d+-\w+-slim@sha256:[0-9a-f]{64}$/, 'base: exact version and digest')
  const tools = JSON.parse(await readFile(join(ROOT, 'tools/node/package.json'), 'utf8')) as Record<string, string>
  t.ok(image.base.startsWith(`node:${tools.version}-`), 'the Node that the tests run on')
  t.same(image.user, '1000:1000')
  t.same([image.port, image.stopSignal], [3000, 'SIGTERM'])
  t.same([...image.entrypoint, ...image.command], ['node', '/app/src/main.ts', 'serve'])
  t.match(image.labels, {
    'org.opencontainers.image.title': 'Colophon',
    'org.opencontainers.image.description': about.description,
    'org.opencontainers.image.licenses': about.license,
  })
})

t.test('the tree holds what is needed, and nothing that its user may write', async (t) => {
  const files = await layers()
  const tops = new Set(files.map(({ path }) => path.split('/')[0]))
  t.same([...tops].sort(), ['LICENSE', 'migrations', 'node_modules', 'package.json', 'src'])
  const lock = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; optional?: boolean; link?: boolean }>
  }
  const wanted = Object.entries(lock.packages)
    .filter(([path, { dev, optional, link }]) => path.startsWith('node_modules/') && !dev && !optional && !link)
    .map(([path]) => path)
  const has = new Set(files.map(({ path }) => path))
  const missing = wanted.filter((path) => !has.has(`${path}/package.json`))
  t.same(missing, [], 'every production package')
  const packages = [...has].flatMap(
    (path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/@.][^/]*)\/package\.json$/.exec(path)?.[1] ?? [],
  )
  t.same(
    packages.filter((path) => !wanted.includes(path)),
    [],
    'and no other',
  )
  t.same(
    [...has].filter((path) => path.endsWith('.node')),
    [`node_modules/better-sqlite3/prebuilds/linux-${process.arch}.node`],
  )
  t.same(
    files.filter(({ mode }) => (mode & 0o044) !== 0o044).map(({ path }) => path),
    [],
    'all may be read by all',
  )
  t.same(
    files.filter(({ mode }) => (mode & 0o022) !== 0).map(({ path }) => path),
    [],
    'none written but by the owner',
  )
  if (isRoot) t.equal((await stat(join(image.root, 'app'))).uid, 0, 'who is root')
  const bytes = files.reduce((sum, { size }) => sum + size, 0)
  t.ok(bytes < 22_500_000, `${bytes} bytes, ${files.length} files and folders`)
  t.comment(`the image above its base: ${bytes} bytes`)
})

t.test('it runs', async (t) => {
  const volumes = Object.fromEntries(await Promise.all(image.volumes.map(async (path) => [path, await scratch(t)])))
  const before = JSON.stringify(await layers())
  const container = await start(volumes)
  const answer = await becomesHealthy(container)
  t.equal(answer, 'healthy')

  if (isRoot) await t.test('confined', async (t) => await confined(t, container))

  const fill = fileURLToPath(new URL('fill.ts', import.meta.url))
  const filled = await container.reach([process.execPath, fill, container.url, '300'])
  t.equal(filled.code, 0, 'entries are taken', filled)
  const checked = await container.exec([...image.entrypoint, 'fsck'])
  t.equal(checked.code, 0, 'a second command finds the same data', checked)

  const handedOn = Object.entries(service.environment).flatMap(([name, value]) => (value === null ? [name] : []))
  t.same(handedOn.sort(), Object.keys(HANDED_ON).sort(), 'variables that are handed on')
  const settings = Object.entries(HANDED_ON).map(([name, value]) => `${name}=${value}`)
  const told = await container.exec(['env', ...settings, ...image.entrypoint, 'config', 'check'])
  t.equal(told.code, 0, 'and are settings', told)

  const stopped = await container.stop()
  t.equal(stopped.code, 0, 'SIGTERM ends it with 0', stopped)
  t.match(stopped.stdout, /"reason":"SIGTERM"/)

  const again = await start(volumes)
  t.equal(await becomesHealthy(again), 'healthy', 'a new container takes the volumes over')
  const size = '(await (await fetch(process.argv[1] + "/checkpoint")).text()).split("\\n")[1]'
  const read = await again.reach([process.execPath, '--input-type=module', '-e', `console.log(${size})`, again.url])
  t.equal(read.stdout.trim(), '300', 'and their entries')
  t.equal((await again.stop()).code, 0)

  t.equal(JSON.stringify(await layers()), before, 'nothing was written into the image')
  const held = await Promise.all(image.volumes.map(async (path) => [path, (await readdir(volumes[path])).sort()]))
  t.match(Object.fromEntries(held), {
    '/data': ['control', 'keys', 'lock', 'log.db', 'trust'],
    '/ratchet': [/\.ratchet$/],
  })
})

t.test('the health check sees what is not healthy', async (t) => {
  const port = "process.env.COLOPHON_LISTEN.split(':')[1]"
  const server = `require('node:http').createServer((_, r) => r.writeHead(503).end()).listen(${port})`
  const volumes = Object.fromEntries(await Promise.all(image.volumes.map(async (path) => [path, await scratch(t)])))
  for (const [name, program, words] of [
    ['nobody listens', 'setInterval(() => {}, 1000)', /ECONNREFUSED/],
    ['not ready', server, /^$/],
  ] as const) {
    const sham = { ...image, entrypoint: ['node', '-e', program], command: [] }
    const container = await engine.start(sham, { env: {}, volumes })
    const deadline = Date.now() + READY_MS
    let asked = await container.exec(image.health.command)
    while (!words.test(asked.stderr) && Date.now() < deadline) asked = await container.exec(image.health.command)
    t.match(asked, { code: 1, stderr: words }, name)
    await container.kill()
  }
})

/** What the kernel says of process 1, and that the fences hold. */
async function confined(t: Test, container: Container): Promise<void> {
  const status = await readFile(`/proc/${container.pid}/status`, 'utf8')
  const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1]
  t.match(field('Uid'), /^1000\s+1000\s+1000\s+1000$/)
  t.match(field('Gid'), /^1000\s+1000\s+1000\s+1000$/)
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) t.match(field(set), /^0+$/, `${set}: none`)
  t.equal(field('NoNewPrivs'), '1')
  t.match(field('NSpid'), /\s1$/, 'process 1')
  const listening = (await readFile(`/proc/${container.pid}/net/tcp`, 'utf8'))
    .split('\n')
    .filter((line) => / 0A /.test(line))
  const port = image.port.toString(16).toUpperCase().padStart(4, '0')
  t.same(
    listening.map((line) => line.trim().split(/\s+/)[1]),
    [`00000000:${port}`],
    'listens there alone, on every address',
  )

  const write = 'require("node:fs").writeFileSync(process.argv[1], "")'
  for (const path of ['/x', '/app/x', '/tmp/x', '/dev/x', '/usr/local/x', '/run/x'])
    t.match((await container.exec(['node', '-e', write, path])).stderr, /EROFS/, `${path}: read-only`)
  for (const path of ['/data', '/ratchet']) {
    const program = `${write}; require("node:fs").unlinkSync(process.argv[1])`
    t.equal((await container.exec(['node', '-e', program, `${path}/x`])).code, 0, `${path}: written`)
  }
}

import t from 'tap'
import { signWords } from '../../scripts/conformance-sign.ts'

t.test('the words of the suite are ours', async (t) => {
  const env: Record<string, string | undefined> = {}
  const common = ['--identity-token', 'a.b.c', '--bundle', 'out']
  const files = ['--trusted-root', 'root.json', '--signing-config', 'config.json']
  t.same(signWords([...common, ...files, 'file'], env), [
    ...['sign', '--identity-token=env:SIGSTORE_ID_TOKEN', '--bundle=out', '--signing-config=config.json'],
    ...['--trusted-root=root.json', 'file'],
  ])
  t.same(env, { SIGSTORE_ID_TOKEN: 'a.b.c' })
  t.same(signWords(['--staging', '--in-toto', ...common, ...files, 'file'], env).slice(-2), ['--in-toto', 'file'])
  t.match(signWords([...common, 'file'], env).join(' '), /--rekor-url=https:\/\/rekor.sigstore.dev --rekor-version=1/)
})

t.test('what the suite does not say', async (t) => {
  t.throws(() => signWords(['file'], {}), /--identity-token and --bundle/)
  t.throws(() => signWords(['--staging', '--identity-token', 't', '--bundle', 'b', 'file'], {}), /--signing-config/)
  t.throws(() => signWords(['--key', 'k', 'file'], {}), { code: 'CONFIG_INVALID' })
})

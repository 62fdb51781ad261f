/** What each of the dropped files is, by its name and its first bytes. A guess for convenience: it is shown, and can be changed. */

export type Role = 'file' | 'bundle' | 'proof' | 'key' | 'root' | 'policy'

export interface Dropped {
  readonly name: string
  /** The first bytes as text; enough to see the media type. */
  readonly head: string
}

/** How much of a file is looked at. */
export const HEAD_BYTES = 4096

const BUNDLE = /\.sigstore(?:\.json)?$/
const PROOF = /\.tlog-proof$/

/** In the order of the files. What a bundle or proof is named after is the file, whatever it looks like. */
export function rolesOf(files: readonly Dropped[]): Role[] {
  const named = new Set(files.flatMap(({ name }) => namesake(name) ?? []))
  return files.map((file) => (named.has(file.name) ? 'file' : roleOf(file)))
}

function namesake(name: string): string | null {
  const base = name.replace(BUNDLE, '').replace(PROOF, '')
  return base === name ? null : base
}

function roleOf({ name, head }: Dropped): Role {
  if (BUNDLE.test(name) || head.includes('application/vnd.dev.sigstore.bundle')) return 'bundle'
  if (PROOF.test(name) || head.startsWith('c2sp.org/tlog-proof@')) return 'proof'
  if (head.includes('application/vnd.dev.sigstore.trustedroot')) return 'root'
  if (head.startsWith('-----BEGIN PUBLIC KEY-----')) return 'key'
  if (/\bpolicy\b/.test(name) && /^(?:log|witness|group|quorum)[ \t]/m.test(head)) return 'policy'
  return 'file'
}

/** The upper half of the page: what came, and what is trusted. */

import { byId, element } from './elements.ts'
import type { Stated } from './judge.ts'
import { HEAD_BYTES, type Role, rolesOf } from './roles.ts'
import { inUnits } from './sizes.ts'

/** What is verified is taken as a file, what is trusted as text that can be seen and changed. */
type Slot = 'file' | 'bundle' | 'proof'
type Field = 'key' | 'root' | 'policy'

const SLOTS: readonly Slot[] = ['file', 'bundle', 'proof']
const FIELDS: readonly Field[] = ['key', 'root', 'policy']
const NONE = 'none'
/** A text field with more would freeze the page; what is trusted is far smaller. */
const MAX_TEXT_BYTES = 1024 * 1024

export interface Given {
  readonly file: File
  readonly bundle: File | null
  readonly proof: File | null
  readonly stated: Stated
}

export class Form {
  readonly #files = new Map<Slot, File>()
  readonly #say: (text: string) => void

  /** @param say tells the reader something beside the form */
  constructor(say: (text: string) => void) {
    this.#say = say
    for (const slot of SLOTS) this.#bindSlot(slot)
    for (const field of FIELDS) this.#bindField(field)
    this.#bindDrop()
    for (const radio of document.querySelectorAll('input[name=signer]'))
      radio.addEventListener('change', () => this.#showSigner())
    this.#showSigner()
  }

  /** Or what is still missing, in words. */
  read(): Given | string {
    const [file, bundle, proof] = SLOTS.map((slot) => this.#files.get(slot) ?? null)
    if (file == null) return 'Choose the file that you want to verify.'
    if (bundle == null && proof == null) return 'Choose the bundle or the proof that came with the file.'
    const policy = textOf('policy')
    if (bundle != null && textOf('root') === '') return 'A bundle needs a trusted root: it names the logs that count.'
    if (proof != null && policy === '') return 'A proof needs a policy: it names the logs that count.'
    const signer = readSigner()
    if (bundle != null && signer === null)
      return 'Say who must have signed: paste a public key, or name an identity and its issuer.'
    const encoder = new TextEncoder()
    const stated = {
      signer: signer ?? { pem: '' },
      root: encoder.encode(textOf('root')),
      policy: encoder.encode(policy === '' || policy.endsWith('\n') ? policy : `${policy}\n`),
    }
    return { file, bundle: bundle ?? null, proof: proof ?? null, stated }
  }

  async #take(files: readonly File[]): Promise<void> {
    const heads = await Promise.all(
      files.map(async (file) => ({ name: file.name, head: await file.slice(0, HEAD_BYTES).text() })),
    )
    const roles = rolesOf(heads)
    for (const [i, file] of files.entries()) await this.#assign(roles[i] ?? 'file', file)
  }

  async #assign(role: Role, file: File): Promise<void> {
    if (role === 'file' || role === 'bundle' || role === 'proof') this.#setFile(role, file)
    else if (file.size > MAX_TEXT_BYTES) this.#say(`${file.name} is too large to be what you trust.`)
    else byId(role, HTMLTextAreaElement).value = await file.text()
    if (role === 'key') {
      byId('by-key', HTMLInputElement).checked = true
      this.#showSigner()
    }
  }

  #setFile(slot: Slot, file: File | null): void {
    if (file === null) this.#files.delete(slot)
    else this.#files.set(slot, file)
    const name = file === null ? [NONE] : [element('strong', {}, file.name), ` ${inUnits(file.size)}`]
    byId(`${slot}-name`, HTMLElement).replaceChildren(...name)
    byId(`${slot}-remove`, HTMLButtonElement).hidden = file === null
  }

  #bindSlot(slot: Slot): void {
    onChosen(`${slot}-input`, ([file]) => this.#setFile(slot, file ?? null))
    byId(`${slot}-remove`, HTMLButtonElement).addEventListener('click', () => {
      this.#setFile(slot, null)
      byId(`${slot}-input`, HTMLInputElement).focus()
    })
  }

  #bindField(field: Field): void {
    onChosen(`${field}-input`, ([file]) => file !== undefined && this.#assign(field, file))
  }

  /** The whole page takes files: one dropped beside the zone would otherwise replace the page. */
  #bindDrop(): void {
    const zone = byId('drop', HTMLElement)
    onChosen('files-input', (files) => this.#take(files))
    document.addEventListener('dragover', (event) => {
      event.preventDefault()
      zone.classList.add('over')
    })
    document.addEventListener('dragleave', ({ relatedTarget }) => {
      if (relatedTarget === null) zone.classList.remove('over')
    })
    document.addEventListener('drop', (event) => {
      event.preventDefault()
      zone.classList.remove('over')
      void this.#take([...(event.dataTransfer?.files ?? [])])
    })
  }

  #showSigner(): void {
    const isKey = byId('by-key', HTMLInputElement).checked
    byId('key-fields', HTMLElement).hidden = !isKey
    byId('identity-fields', HTMLElement).hidden = isKey
  }
}

function readSigner(): Stated['signer'] | null {
  if (byId('by-key', HTMLInputElement).checked) {
    const pem = textOf('key')
    return pem === '' ? null : { pem }
  }
  const [name, issuer] = [byId('identity', HTMLInputElement).value, byId('issuer', HTMLInputElement).value]
  return name === '' || issuer === '' ? null : { name, issuer }
}

function textOf(field: Field): string {
  return byId(field, HTMLTextAreaElement).value.trim()
}

/** Emptied at once, so that choosing the same file again is heard. */
function onChosen(id: string, take: (files: readonly File[]) => unknown): void {
  const input = byId(id, HTMLInputElement)
  input.addEventListener('change', () => {
    const files = [...(input.files ?? [])]
    input.value = ''
    take(files)
  })
}

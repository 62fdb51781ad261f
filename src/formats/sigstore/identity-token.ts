/**
 * An OpenID Connect identity token (a JWT), as far as whoever sends it to a certificate authority needs it. The authority
 * checks its signature; nothing is believed here. It is a secret: no message quotes it.
 */

import { parseBase64 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue, parseJson } from '../json.ts'

export interface IdentityToken {
  readonly text: string
  readonly issuer: string
  /** Who vouches in truth, where the provider brokers for others. */
  readonly federatedIssuer: string | undefined
  /** Only when the provider says that it has verified it. */
  readonly email: string | undefined
  readonly subject: string
  readonly audiences: readonly string[]
  /** Seconds since 1970. */
  readonly expires: number
}

const MAX_CHARACTERS = 16_384
const FORM = /^[A-Za-z0-9_-]+\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+$/

/** @throws TlogError FIELD_INVALID, which does not say what stands in it */
export function parseIdentityToken(text: string): IdentityToken {
  const payload = text.length > MAX_CHARACTERS ? undefined : FORM.exec(text)?.[1]
  if (payload === undefined) throw invalid('not a JSON web token')
  const claims = readClaims(payload)
  const { iss, sub, aud, exp, email } = claims
  if (typeof iss !== 'string' || typeof sub !== 'string' || typeof exp !== 'number')
    throw invalid('it lacks an issuer, a subject or an expiry')
  const audiences = aud !== undefined && isJsonArray(aud) ? aud : [aud ?? '']
  return {
    text,
    issuer: iss,
    federatedIssuer: brokered(claims.federated_claims),
    email: typeof email === 'string' && isYes(claims.email_verified) ? email : undefined,
    subject: sub,
    audiences: audiences.filter((one): one is string => typeof one === 'string'),
    expires: exp,
  }
}

function readClaims(payload: string): JsonObject {
  try {
    const padded = payload.replaceAll('-', '+').replaceAll('_', '/') + '='.repeat((4 - (payload.length % 4)) % 4)
    const claims = parseJson(parseBase64(padded))
    if (isJsonObject(claims)) return claims
  } catch {
    // What it trips over is part of the secret.
  }
  throw invalid('its claims cannot be read')
}

/** Some providers write it as a string. */
function isYes(claim: JsonValue | undefined): boolean {
  return claim === true || claim === 'true'
}

/** As Dex writes it, and Sigstore's public provider with it. */
function brokered(claims: JsonValue | undefined): string | undefined {
  const id = claims !== undefined && isJsonObject(claims) ? claims.connector_id : undefined
  return typeof id === 'string' ? id : undefined
}

function invalid(why: string): TlogError {
  return new TlogError('FIELD_INVALID', `the identity token: ${why}`)
}

/** What the owner of a key signs to show the authority that it is theirs: the name in the token. */
export function possessionChallenge({ email, subject }: IdentityToken): string {
  return email ?? subject
}

/** Whom the publisher asks before it shows a checkpoint. */

import type { Witnesses } from './ports.ts'

/** A policy of `quorum none` (c2sp.org/tlog-policy): the publisher's ordinary path, with nobody to ask. */
export const quorumNone: Witnesses = { atOnce: 1, cosign: async ({ note }) => note, renewMs: null }

/** Variables of the commands that verify: no settings of a server, which knows their names all the same. */

export const CLIENT_VARIABLES = { root: 'COLOPHON_TRUSTED_ROOT', policy: 'COLOPHON_POLICY' } as const

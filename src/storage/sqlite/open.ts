/** Opens the database of the logs. */

import type { MovableDatabase } from '../database.ts'
import { readMigrations } from '../migrate.ts'
import { type OpenOptions, openFile, type Schema } from './file.ts'
import { createLogDatabase } from './logs.ts'

export type { OpenOptions } from './file.ts'

const LOGS: Schema = {
  applicationId: 1131375727, // 'Colo'
  name: 'a Colophon database',
  migrations: () => readMigrations(),
}

/** @throws TlogError as openFile does */
export function openDatabase(path: string, options: OpenOptions = {}): MovableDatabase {
  return openFile(path, LOGS, options, createLogDatabase)
}

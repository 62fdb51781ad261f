-- What a witness remembers: who it is, the newest head of each log that it cosigned, and the logs that lists brought.
-- A head goes forward, in size and in time, and is never removed; the triggers rely on recursive_triggers = ON: without it
-- a REPLACE would delete a row unseen.

PRAGMA application_id = 1131378548; -- 'Cowt'

CREATE TABLE migration (
  number INTEGER PRIMARY KEY,
  name   TEXT NOT NULL,
  sha256 BLOB NOT NULL CHECK (length(sha256) = 32)
) STRICT;

-- One row: the verifier keys are what others know the witness by.
CREATE TABLE witness (
  one     INTEGER PRIMARY KEY CHECK (one = 1),
  ed25519 TEXT NOT NULL CHECK (ed25519 <> ''),
  mldsa44 TEXT NOT NULL CHECK (mldsa44 <> '')
) STRICT;

CREATE TABLE head (
  log    BLOB PRIMARY KEY CHECK (length(log) = 32), -- SHA-256 of the origin
  origin TEXT NOT NULL CHECK (origin <> ''),
  size   INTEGER NOT NULL CHECK (size BETWEEN 0 AND 9007199254740991),
  root   BLOB NOT NULL CHECK (length(root) = 32),
  time_s INTEGER NOT NULL CHECK (time_s BETWEEN 1 AND 9007199254740991),
  note   BLOB NOT NULL CHECK (length(note) > 0)
) STRICT;

CREATE TABLE listed (
  number  INTEGER PRIMARY KEY, -- in the order of their coming
  origin  TEXT NOT NULL UNIQUE CHECK (origin <> ''),
  vkey    TEXT NOT NULL CHECK (vkey <> ''),
  per_day INTEGER NOT NULL CHECK (per_day BETWEEN 1 AND 2147483647),
  contact TEXT NOT NULL CHECK (contact <> '')
) STRICT;

CREATE TRIGGER head_forward BEFORE UPDATE ON head
  WHEN NEW.log <> OLD.log OR NEW.origin <> OLD.origin OR NEW.size < OLD.size OR NEW.time_s < OLD.time_s
    OR (NEW.size = OLD.size AND NEW.root <> OLD.root)
  BEGIN SELECT RAISE(ABORT, 'head: never back, never sideways'); END;
CREATE TRIGGER head_kept BEFORE DELETE ON head BEGIN SELECT RAISE(ABORT, 'head: never removed'); END;

CREATE TRIGGER witness_frozen BEFORE UPDATE ON witness BEGIN SELECT RAISE(ABORT, 'witness: never changed'); END;
CREATE TRIGGER witness_kept BEFORE DELETE ON witness BEGIN SELECT RAISE(ABORT, 'witness: never removed'); END;
CREATE TRIGGER listed_frozen BEFORE UPDATE ON listed BEGIN SELECT RAISE(ABORT, 'listed: add only'); END;
CREATE TRIGGER listed_kept BEFORE DELETE ON listed BEGIN SELECT RAISE(ABORT, 'listed: add only'); END;

-- The logs of one server. A log is a number below 8192, and every table begins with it; leaf rows carry it in the upper
-- bits of their key, so that the entries of a log stand together, in order, below 2^53.
-- Nothing is ever changed or removed but newest_checkpoint, which moves forward. The triggers rely on
-- recursive_triggers = ON: without it a REPLACE would delete a row unseen.

PRAGMA application_id = 1131375727; -- 'Colo'

CREATE TABLE migration (
  number INTEGER PRIMARY KEY,
  name   TEXT NOT NULL,
  sha256 BLOB NOT NULL CHECK (length(sha256) = 32)
) STRICT;

CREATE TABLE log (
  number     INTEGER PRIMARY KEY CHECK (number BETWEEN 0 AND 8191),
  slug       TEXT NOT NULL UNIQUE CHECK (slug GLOB '[a-z0-9]*' AND slug NOT GLOB '*[^a-z0-9-]*' AND length(slug) <= 32),
  dialect    TEXT NOT NULL CHECK (dialect <> ''),
  origin     TEXT NOT NULL CHECK (origin <> ''),
  vkey       TEXT NOT NULL UNIQUE CHECK (vkey <> ''),
  created_ms INTEGER NOT NULL CHECK (created_ms >= 0),
  state      TEXT NOT NULL CHECK (state IN ('active', 'frozen'))
) STRICT;

CREATE TABLE leaf (
  at    INTEGER PRIMARY KEY,                              -- log·2^40 + index
  hash  BLOB NOT NULL CHECK (length(hash) = 32),          -- SHA-256(0x00 || entry)
  entry BLOB NOT NULL CHECK (length(entry) <= 65535)
) STRICT;

CREATE TABLE leaf_hash (
  log  INTEGER NOT NULL,
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  idx  INTEGER NOT NULL,
  PRIMARY KEY (log, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE lookup (
  log    INTEGER NOT NULL,
  key    BLOB NOT NULL CHECK (length(key) = 32),          -- SHA-256 of <type>:<value>
  idx    INTEGER NOT NULL,
  source INTEGER NOT NULL CHECK (source IN (0, 1)),       -- derived from the leaf, from an attachment
  PRIMARY KEY (log, key, idx)
) STRICT, WITHOUT ROWID;

-- Full tiles. Level 0 is in the leaf rows; a partial tile is a prefix of what the full tiles below it hash to.
CREATE TABLE tile (
  log   INTEGER NOT NULL REFERENCES log (number),
  level INTEGER NOT NULL CHECK (level BETWEEN 1 AND 6),
  idx   INTEGER NOT NULL CHECK (idx >= 0),
  bytes BLOB NOT NULL CHECK (length(bytes) = 8192),
  PRIMARY KEY (log, level, idx)
) STRICT, WITHOUT ROWID;

-- One for each sealed batch, and one of size 0.
CREATE TABLE head (
  log     INTEGER NOT NULL REFERENCES log (number),
  size    INTEGER NOT NULL CHECK (size BETWEEN 0 AND 1 << 40),
  root    BLOB NOT NULL CHECK (length(root) = 32),
  time_ms INTEGER NOT NULL CHECK (time_ms >= 0),
  PRIMARY KEY (log, size)
) STRICT, WITHOUT ROWID;

-- Signed notes: the newest, and the history of about one a minute.
CREATE TABLE newest_checkpoint (
  log     INTEGER PRIMARY KEY REFERENCES log (number),
  size    INTEGER NOT NULL,
  root    BLOB NOT NULL,
  time_ms INTEGER NOT NULL CHECK (time_ms >= 0),
  note    BLOB NOT NULL CHECK (length(note) > 0)
) STRICT;

CREATE TABLE checkpoint (
  log     INTEGER NOT NULL REFERENCES log (number),
  size    INTEGER NOT NULL,
  root    BLOB NOT NULL,
  time_ms INTEGER NOT NULL CHECK (time_ms >= 0),
  note    BLOB NOT NULL CHECK (length(note) > 0),
  PRIMARY KEY (log, size)
) STRICT, WITHOUT ROWID;

CREATE TABLE attachment (
  log       INTEGER NOT NULL REFERENCES log (number),
  algorithm TEXT NOT NULL CHECK (algorithm IN ('sha256', 'sha384', 'sha512')),
  digest    BLOB NOT NULL CHECK (length(digest) = CAST(substr(algorithm, 4) AS INTEGER) / 8),
  content   BLOB NOT NULL,
  UNIQUE (log, algorithm, digest)                         -- not the key of the table: content may be a megabyte
) STRICT;

-- What may be inserted.

CREATE TRIGGER log_next BEFORE INSERT ON log BEGIN
  SELECT RAISE(ABORT, 'log: numbers are dense') WHERE NEW.number <> (SELECT coalesce(max(number) + 1, 0) FROM log);
  SELECT RAISE(ABORT, 'log: a new one is active') WHERE NEW.state <> 'active';
END;

CREATE TRIGGER leaf_next BEFORE INSERT ON leaf BEGIN
  SELECT RAISE(ABORT, 'leaf: no active log')
    WHERE NOT EXISTS (SELECT 1 FROM log WHERE number = NEW.at >> 40 AND state = 'active');
  SELECT RAISE(ABORT, 'leaf: indexes are dense')
    WHERE NEW.at & ((1 << 40) - 1) > 0 AND NOT EXISTS (SELECT 1 FROM leaf WHERE at = NEW.at - 1);
END;

CREATE TRIGGER leaf_hash_true BEFORE INSERT ON leaf_hash BEGIN
  SELECT RAISE(ABORT, 'leaf_hash: not the hash of that leaf')
    WHERE NEW.hash IS NOT (SELECT hash FROM leaf WHERE at = (NEW.log << 40) + NEW.idx);
END;

CREATE TRIGGER lookup_true BEFORE INSERT ON lookup BEGIN
  SELECT RAISE(ABORT, 'lookup: no such leaf')
    WHERE NEW.idx < 0 OR NOT EXISTS (SELECT 1 FROM leaf WHERE at = (NEW.log << 40) + NEW.idx);
END;

CREATE TRIGGER tile_next BEFORE INSERT ON tile BEGIN
  SELECT RAISE(ABORT, 'tile: indexes are dense')
    WHERE NEW.idx <> (SELECT coalesce(max(idx) + 1, 0) FROM tile WHERE log = NEW.log AND level = NEW.level);
END;

CREATE TRIGGER head_next BEFORE INSERT ON head BEGIN
  SELECT RAISE(ABORT, 'head: the first has size 0')
    WHERE NEW.size > 0 AND NOT EXISTS (SELECT 1 FROM head WHERE log = NEW.log);
  SELECT RAISE(ABORT, 'head: sizes grow') WHERE NEW.size <= (SELECT max(size) FROM head WHERE log = NEW.log);
  SELECT RAISE(ABORT, 'head: time never goes back')
    WHERE NEW.time_ms < (SELECT time_ms FROM head WHERE log = NEW.log ORDER BY size DESC LIMIT 1);
  SELECT RAISE(ABORT, 'head: its size is the number of leaves')
    WHERE (NEW.log << 40) + NEW.size
      <> (SELECT coalesce(max(at) + 1, NEW.log << 40) FROM leaf WHERE at >= NEW.log << 40 AND at < (NEW.log + 1) << 40);
END;

CREATE TRIGGER newest_checkpoint_first BEFORE INSERT ON newest_checkpoint BEGIN
  SELECT RAISE(ABORT, 'newest_checkpoint: not a durable head')
    WHERE NEW.root IS NOT (SELECT root FROM head WHERE log = NEW.log AND size = NEW.size);
END;

CREATE TRIGGER newest_checkpoint_forward BEFORE UPDATE ON newest_checkpoint BEGIN
  SELECT RAISE(ABORT, 'newest_checkpoint: another log') WHERE NEW.log <> OLD.log;
  SELECT RAISE(ABORT, 'newest_checkpoint: never goes back') WHERE NEW.size < OLD.size;
  SELECT RAISE(ABORT, 'newest_checkpoint: not a durable head')
    WHERE NEW.root IS NOT (SELECT root FROM head WHERE log = NEW.log AND size = NEW.size);
END;

CREATE TRIGGER checkpoint_next BEFORE INSERT ON checkpoint BEGIN
  SELECT RAISE(ABORT, 'checkpoint: sizes grow') WHERE NEW.size <= (SELECT max(size) FROM checkpoint WHERE log = NEW.log);
  SELECT RAISE(ABORT, 'checkpoint: not a durable head')
    WHERE NEW.root IS NOT (SELECT root FROM head WHERE log = NEW.log AND size = NEW.size);
END;

-- What may be changed: the state of a log, once, and the newest checkpoint.

CREATE TRIGGER log_frozen BEFORE UPDATE ON log
  WHEN NEW.number IS NOT OLD.number OR NEW.slug IS NOT OLD.slug OR NEW.dialect IS NOT OLD.dialect
    OR NEW.origin IS NOT OLD.origin OR NEW.vkey IS NOT OLD.vkey OR NEW.created_ms IS NOT OLD.created_ms
    OR NEW.state <> 'frozen'
  BEGIN SELECT RAISE(ABORT, 'log: only freezes'); END;

CREATE TRIGGER migration_fixed BEFORE UPDATE ON migration  BEGIN SELECT RAISE(ABORT, 'migration: append-only'); END;
CREATE TRIGGER leaf_fixed      BEFORE UPDATE ON leaf       BEGIN SELECT RAISE(ABORT, 'leaf: append-only'); END;
CREATE TRIGGER leaf_hash_fixed BEFORE UPDATE ON leaf_hash  BEGIN SELECT RAISE(ABORT, 'leaf_hash: append-only'); END;
CREATE TRIGGER lookup_fixed    BEFORE UPDATE ON lookup     BEGIN SELECT RAISE(ABORT, 'lookup: append-only'); END;
CREATE TRIGGER tile_fixed      BEFORE UPDATE ON tile       BEGIN SELECT RAISE(ABORT, 'tile: append-only'); END;
CREATE TRIGGER head_fixed      BEFORE UPDATE ON head       BEGIN SELECT RAISE(ABORT, 'head: append-only'); END;
CREATE TRIGGER checkpoint_fixed BEFORE UPDATE ON checkpoint BEGIN SELECT RAISE(ABORT, 'checkpoint: append-only'); END;
CREATE TRIGGER attachment_fixed BEFORE UPDATE ON attachment BEGIN SELECT RAISE(ABORT, 'attachment: append-only'); END;

-- Nothing may be removed.

CREATE TRIGGER migration_kept  BEFORE DELETE ON migration  BEGIN SELECT RAISE(ABORT, 'migration: append-only'); END;
CREATE TRIGGER log_kept        BEFORE DELETE ON log        BEGIN SELECT RAISE(ABORT, 'log: append-only'); END;
CREATE TRIGGER leaf_kept       BEFORE DELETE ON leaf       BEGIN SELECT RAISE(ABORT, 'leaf: append-only'); END;
CREATE TRIGGER leaf_hash_kept  BEFORE DELETE ON leaf_hash  BEGIN SELECT RAISE(ABORT, 'leaf_hash: append-only'); END;
CREATE TRIGGER lookup_kept     BEFORE DELETE ON lookup     BEGIN SELECT RAISE(ABORT, 'lookup: append-only'); END;
CREATE TRIGGER tile_kept       BEFORE DELETE ON tile       BEGIN SELECT RAISE(ABORT, 'tile: append-only'); END;
CREATE TRIGGER head_kept       BEFORE DELETE ON head       BEGIN SELECT RAISE(ABORT, 'head: append-only'); END;
CREATE TRIGGER newest_checkpoint_kept BEFORE DELETE ON newest_checkpoint
  BEGIN SELECT RAISE(ABORT, 'newest_checkpoint: never removed'); END;
CREATE TRIGGER checkpoint_kept BEFORE DELETE ON checkpoint BEGIN SELECT RAISE(ABORT, 'checkpoint: append-only'); END;
CREATE TRIGGER attachment_kept BEFORE DELETE ON attachment BEGIN SELECT RAISE(ABORT, 'attachment: append-only'); END;

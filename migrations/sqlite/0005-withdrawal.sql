-- Content that the operator took back, by an entry of one of the logs: it is gone from all of them, and never kept again.

CREATE TABLE withdrawal (
  number    INTEGER PRIMARY KEY,                          -- 0, 1, … in the order in which they were made
  algorithm TEXT NOT NULL CHECK (algorithm IN ('sha256', 'sha384', 'sha512')),
  digest    BLOB NOT NULL CHECK (length(digest) = CAST(substr(algorithm, 4) AS INTEGER) / 8),
  log       INTEGER NOT NULL REFERENCES log (number),
  idx       INTEGER NOT NULL,                             -- of the entry that says so
  UNIQUE (algorithm, digest)
) STRICT;

CREATE TRIGGER withdrawal_next BEFORE INSERT ON withdrawal BEGIN
  SELECT RAISE(ABORT, 'withdrawal: numbers are dense')
    WHERE NEW.number <> (SELECT coalesce(max(number) + 1, 0) FROM withdrawal);
  SELECT RAISE(ABORT, 'withdrawal: no such leaf')
    WHERE NEW.idx < 0 OR NOT EXISTS (SELECT 1 FROM leaf WHERE at = (NEW.log << 40) + NEW.idx);
END;

CREATE TRIGGER withdrawal_fixed BEFORE UPDATE ON withdrawal BEGIN SELECT RAISE(ABORT, 'withdrawal: append-only'); END;
CREATE TRIGGER withdrawal_kept  BEFORE DELETE ON withdrawal BEGIN SELECT RAISE(ABORT, 'withdrawal: append-only'); END;

-- The one thing that may be removed.

DROP TRIGGER attachment_kept;
CREATE TRIGGER attachment_kept BEFORE DELETE ON attachment
  WHEN NOT EXISTS (SELECT 1 FROM withdrawal WHERE algorithm = OLD.algorithm AND digest = OLD.digest)
  BEGIN SELECT RAISE(ABORT, 'attachment: append-only'); END;

CREATE TRIGGER attachment_withdrawn BEFORE INSERT ON attachment
  WHEN EXISTS (SELECT 1 FROM withdrawal WHERE algorithm = NEW.algorithm AND digest = NEW.digest)
  BEGIN SELECT RAISE(ABORT, 'attachment: it was withdrawn'); END;

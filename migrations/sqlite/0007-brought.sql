-- Entries that came with content from which lookup rows follow, or were given it later. Of entries over the same content not every one
-- need have: without this, which ones had could not be told any more once their rows are lost. Beside the attachments, not in the index.

CREATE TABLE brought (
  at INTEGER PRIMARY KEY                                  -- log << 40 | index of the entry
) STRICT;

CREATE TRIGGER lookup_brought AFTER INSERT ON lookup
  WHEN NEW.source = 1 AND NOT EXISTS (SELECT 1 FROM brought WHERE at = (NEW.log << 40) + NEW.idx)
  BEGIN INSERT INTO brought (at) VALUES ((NEW.log << 40) + NEW.idx); END;

INSERT INTO brought (at) SELECT DISTINCT (log << 40) + idx FROM lookup WHERE source = 1 ORDER BY 1;

CREATE TRIGGER brought_true BEFORE INSERT ON brought BEGIN
  SELECT RAISE(ABORT, 'brought: no such leaf') WHERE NOT EXISTS (SELECT 1 FROM leaf WHERE at = NEW.at);
END;
CREATE TRIGGER brought_fixed BEFORE UPDATE ON brought BEGIN SELECT RAISE(ABORT, 'brought: append-only'); END;
CREATE TRIGGER brought_kept  BEFORE DELETE ON brought BEGIN SELECT RAISE(ABORT, 'brought: append-only'); END;

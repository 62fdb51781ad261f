-- What this database is to a copy of it: one that is still coming in, one that came in whole, or one whose logs went elsewhere
-- and go on there. No row: there never was a copy.

CREATE TABLE standing (
  one   INTEGER PRIMARY KEY CHECK (one = 1),
  state TEXT NOT NULL CHECK (state IN ('arriving', 'open', 'left')),
  copy  TEXT NOT NULL CHECK (copy <> ''),                 -- a name of the copy, the same in both databases
  place TEXT NOT NULL CHECK (place <> '')                 -- of the other one, in words
) STRICT;

CREATE TRIGGER standing_first BEFORE INSERT ON standing BEGIN
  SELECT RAISE(ABORT, 'standing: said already') WHERE EXISTS (SELECT 1 FROM standing);
  SELECT RAISE(ABORT, 'standing: a copy comes whole or not at all') WHERE NEW.state = 'open';
  SELECT RAISE(ABORT, 'standing: there are logs already') WHERE NEW.state = 'arriving' AND EXISTS (SELECT 1 FROM log);
END;

CREATE TRIGGER standing_next BEFORE UPDATE ON standing BEGIN
  SELECT RAISE(ABORT, 'standing: it only comes, opens and leaves')
    WHERE NOT (OLD.state = 'arriving' AND NEW.state = 'open' AND NEW.copy = OLD.copy AND NEW.place = OLD.place)
      AND NOT (OLD.state = 'open' AND NEW.state = 'left');
END;

CREATE TRIGGER standing_kept BEFORE DELETE ON standing BEGIN SELECT RAISE(ABORT, 'standing: never removed'); END;

-- What went elsewhere grows no more, and shows nothing new.

CREATE TRIGGER head_left BEFORE INSERT ON head
  WHEN EXISTS (SELECT 1 FROM standing WHERE state = 'left')
  BEGIN SELECT RAISE(ABORT, 'head: the logs were moved'); END;

CREATE TRIGGER newest_checkpoint_left BEFORE INSERT ON newest_checkpoint
  WHEN EXISTS (SELECT 1 FROM standing WHERE state = 'left')
  BEGIN SELECT RAISE(ABORT, 'newest_checkpoint: the logs were moved'); END;

CREATE TRIGGER newest_checkpoint_stays BEFORE UPDATE ON newest_checkpoint
  WHEN EXISTS (SELECT 1 FROM standing WHERE state = 'left')
  BEGIN SELECT RAISE(ABORT, 'newest_checkpoint: the logs were moved'); END;

-- When a log was ended, and since when its key may have been in other hands. Each is said once, of a frozen log.

CREATE TABLE retirement (
  log     INTEGER PRIMARY KEY REFERENCES log (number),
  time_ms INTEGER NOT NULL CHECK (time_ms >= 0)
) STRICT;

CREATE TABLE compromise (
  log      INTEGER PRIMARY KEY REFERENCES log (number),
  since_ms INTEGER NOT NULL CHECK (since_ms >= 0)         -- by its operator's word
) STRICT;

-- What was frozen before there was this table had ended by now.
INSERT INTO retirement SELECT number, CAST(unixepoch('subsec') * 1000 AS INTEGER) FROM log WHERE state = 'frozen';

CREATE TRIGGER retirement_frozen BEFORE INSERT ON retirement BEGIN
  SELECT RAISE(ABORT, 'retirement: not of a frozen log')
    WHERE NOT EXISTS (SELECT 1 FROM log WHERE number = NEW.log AND state = 'frozen');
END;

CREATE TRIGGER compromise_frozen BEFORE INSERT ON compromise BEGIN
  SELECT RAISE(ABORT, 'compromise: not of a frozen log')
    WHERE NOT EXISTS (SELECT 1 FROM log WHERE number = NEW.log AND state = 'frozen');
END;

CREATE TRIGGER retirement_fixed BEFORE UPDATE ON retirement BEGIN SELECT RAISE(ABORT, 'retirement: said once'); END;
CREATE TRIGGER compromise_fixed BEFORE UPDATE ON compromise BEGIN SELECT RAISE(ABORT, 'compromise: said once'); END;
CREATE TRIGGER retirement_kept  BEFORE DELETE ON retirement BEGIN SELECT RAISE(ABORT, 'retirement: append-only'); END;
CREATE TRIGGER compromise_kept  BEFORE DELETE ON compromise BEGIN SELECT RAISE(ABORT, 'compromise: append-only'); END;

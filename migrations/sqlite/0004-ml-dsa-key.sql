-- The post-quantum key of a log, which signs each checkpoint beside the Ed25519 key of its vkey. A log has it from its first
-- moment or never: those from before there was this table have none.

CREATE TABLE ml_dsa_key (
  log  INTEGER PRIMARY KEY REFERENCES log (number),
  vkey TEXT NOT NULL UNIQUE CHECK (vkey <> '')            -- of type 0x06 (c2sp.org/tlog-cosignature)
) STRICT;

CREATE TRIGGER ml_dsa_key_first BEFORE INSERT ON ml_dsa_key BEGIN
  SELECT RAISE(ABORT, 'ml_dsa_key: not of a new log') WHERE EXISTS (SELECT 1 FROM head WHERE log = NEW.log);
END;

CREATE TRIGGER ml_dsa_key_fixed BEFORE UPDATE ON ml_dsa_key BEGIN SELECT RAISE(ABORT, 'ml_dsa_key: append-only'); END;
CREATE TRIGGER ml_dsa_key_kept  BEFORE DELETE ON ml_dsa_key BEGIN SELECT RAISE(ABORT, 'ml_dsa_key: append-only'); END;

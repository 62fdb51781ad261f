-- The second key of a log, beside the Ed25519 key of its vkey: clients of Rekor v1 take ECDSA alone. A log has it from its
-- first moment or never.

CREATE TABLE ecdsa_key (
  log  INTEGER PRIMARY KEY REFERENCES log (number),
  spki TEXT NOT NULL UNIQUE CHECK (spki <> '')            -- DER SubjectPublicKeyInfo, in base64
) STRICT;

CREATE TRIGGER ecdsa_key_first BEFORE INSERT ON ecdsa_key BEGIN
  SELECT RAISE(ABORT, 'ecdsa_key: not of a new log') WHERE EXISTS (SELECT 1 FROM head WHERE log = NEW.log);
END;

CREATE TRIGGER ecdsa_key_fixed BEFORE UPDATE ON ecdsa_key BEGIN SELECT RAISE(ABORT, 'ecdsa_key: append-only'); END;
CREATE TRIGGER ecdsa_key_kept  BEFORE DELETE ON ecdsa_key BEGIN SELECT RAISE(ABORT, 'ecdsa_key: append-only'); END;

-- Entries that came with content from which lookup rows follow, or were given it later. Of entries over the same content not every one
-- need have: without this, which ones had could not be told any more once their rows are lost. Beside the attachments, not in the index.

CREATE TABLE brought (
  at bigint PRIMARY KEY                                      -- log << 40 | index of the entry
);

CREATE FUNCTION lookup_brought() RETURNS trigger LANGUAGE plpgsql SET search_path = colophon, pg_temp AS $$
BEGIN
  INSERT INTO brought (at) SELECT DISTINCT (log::bigint << 40) + idx AS at FROM given WHERE source = 1 ORDER BY at
    ON CONFLICT (at) DO NOTHING;
  RETURN NULL;
END $$;
-- First: from here on nobody writes rows until this is whole.
CREATE TRIGGER brought AFTER INSERT ON lookup REFERENCING NEW TABLE AS given FOR EACH STATEMENT EXECUTE FUNCTION lookup_brought();

INSERT INTO brought (at) SELECT DISTINCT (log::bigint << 40) + idx AS at FROM lookup WHERE source = 1 ORDER BY at;

CREATE TRIGGER fixed BEFORE UPDATE OR DELETE ON brought FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER kept BEFORE TRUNCATE ON brought EXECUTE FUNCTION append_only();

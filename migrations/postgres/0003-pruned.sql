-- Entries may leave the database once their bundles are in an object store: docs/adr/0012-entries-leave-postgresql.md. Their hashes, lookup
-- rows and attachments stay.

CREATE TABLE pruned (
  log  smallint PRIMARY KEY REFERENCES log (number),
  size bigint NOT NULL CHECK (size > 0 AND size % 256 = 0)   -- entries before it are not kept
);

CREATE FUNCTION pruned_forward() RETURNS trigger LANGUAGE plpgsql SET search_path = colophon, pg_temp AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND (NEW.log <> OLD.log OR NEW.size < OLD.size) THEN RAISE 'pruned: never goes back'; END IF;
  IF NOT EXISTS (SELECT FROM newest_checkpoint WHERE log = NEW.log AND size >= NEW.size)
    THEN RAISE 'pruned: not published'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER forward BEFORE INSERT OR UPDATE ON pruned FOR EACH ROW EXECUTE FUNCTION pruned_forward();
CREATE TRIGGER fixed BEFORE DELETE ON pruned FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER kept BEFORE TRUNCATE ON pruned EXECUTE FUNCTION append_only();

CREATE FUNCTION entry_goes() RETURNS trigger LANGUAGE plpgsql SET search_path = colophon, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pruned WHERE log = OLD.at >> 40 AND size > OLD.at & ((1::bigint << 40) - 1))
    THEN RAISE '%: append-only', TG_TABLE_NAME; END IF;
  RETURN OLD;
END $$;
DROP TRIGGER fixed ON entry;
CREATE TRIGGER fixed BEFORE UPDATE ON entry FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER goes BEFORE DELETE ON entry FOR EACH ROW EXECUTE FUNCTION entry_goes();

-- In the partition that takes new entries rows are deleted, and their room is used again; an older one, whose room would not be, goes
-- as a whole, without a dead row. That asks for a lock which all who use the table queue behind, so it waits but a moment.
CREATE FUNCTION prune(p_log smallint, p_fence bigint, p_from bigint, p_to bigint) RETURNS void
LANGUAGE plpgsql SET search_path = colophon, pg_temp SET client_min_messages = warning SET lock_timeout = '100ms' AS $$
DECLARE
  base   bigint := p_log::bigint << 40;
  before bigint;
  signed bigint;
  newest bigint;
BEGIN
  PERFORM enter(p_log, p_fence, false);
  SELECT size INTO before FROM pruned WHERE log = p_log;
  IF coalesce(before, 0) <> p_from THEN PERFORM refuse('HEAD_MOVED',
    format('entries before %s are pruned, not before %s: another process is pruning', coalesce(before, 0), p_from)); END IF;
  SELECT size INTO signed FROM newest_checkpoint WHERE log = p_log;
  IF p_to <= p_from OR p_to % 256 <> 0 OR p_to > coalesce(signed, 0) THEN PERFORM refuse('RANGE_INVALID',
    format('entries %s to %s are no bundles of the published tree of %s', p_from, p_to, coalesce(signed, 0))); END IF;
  INSERT INTO pruned (log, size) VALUES (p_log, p_to) ON CONFLICT (log) DO UPDATE SET size = excluded.size;
  SELECT (max(size) - 1) >> 24 INTO newest FROM head WHERE log = p_log;
  IF p_to > newest << 24 THEN
    EXECUTE format('DELETE FROM %I WHERE at >= $1 AND at < $2', format('entry_%s_%s', p_log, newest))
      USING base + p_from, base + p_to;
  END IF;
  FOR part IN p_from >> 24 .. (p_to >> 24) - 1 LOOP
    EXECUTE format('DROP TABLE IF EXISTS %I', format('entry_%s_%s', p_log, part));
  END LOOP;
END $$;

-- What this database is to a copy of it: one that is still coming in, one that came in whole, or one whose logs went elsewhere
-- and go on there. No row: there never was a copy.

CREATE TABLE standing (
  one   boolean PRIMARY KEY DEFAULT true CHECK (one),
  state text NOT NULL CHECK (state IN ('arriving', 'open', 'left')),
  copy  text NOT NULL CHECK (copy <> ''),                    -- a name of the copy, the same in both databases
  place text NOT NULL CHECK (place <> '')                    -- of the other one, in words
);

CREATE FUNCTION standing_next() RETURNS trigger LANGUAGE plpgsql SET search_path = colophon, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.state = 'open' THEN RAISE 'standing: a copy comes whole or not at all'; END IF;
    IF NEW.state = 'arriving' AND EXISTS (SELECT FROM log) THEN RAISE 'standing: there are logs already'; END IF;
  ELSIF (OLD.state, NEW.state) <> ('open', 'left')
    AND (OLD.state, NEW.state, NEW.copy, NEW.place) <> ('arriving', 'open', OLD.copy, OLD.place)
    THEN RAISE 'standing: it only comes, opens and leaves';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER next BEFORE INSERT OR UPDATE ON standing FOR EACH ROW EXECUTE FUNCTION standing_next();
CREATE TRIGGER fixed BEFORE DELETE ON standing FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER kept BEFORE TRUNCATE ON standing EXECUTE FUNCTION append_only();

CREATE FUNCTION check_open() RETURNS void LANGUAGE plpgsql SET search_path = colophon, pg_temp AS $$
DECLARE
  here standing;
BEGIN
  SELECT * INTO here FROM standing WHERE state <> 'open';
  IF here.state = 'left' THEN PERFORM refuse('STORE_MOVED', format('the logs were moved to %s, and go on there', here.place)); END IF;
  IF here.state = 'arriving' THEN PERFORM refuse('STORE_MOVED', format('the logs are still being copied from %s', here.place)); END IF;
END $$;

-- As before; and after the row is locked, when a copy that waited for it has left, nothing is written.
CREATE OR REPLACE FUNCTION enter(p_log smallint, p_fence bigint, p_grows boolean) RETURNS void
LANGUAGE plpgsql SET search_path = colophon, pg_temp AS $$
DECLARE
  retired bigint;
BEGIN
  IF p_fence IS NOT NULL THEN
    PERFORM FROM lease WHERE lease.log = p_log AND token = p_fence FOR SHARE;
    IF NOT FOUND THEN PERFORM refuse('LEASE_LOST', format('log %s: the lease is not at %s any more: another node leads', p_log, p_fence)); END IF;
  END IF;
  SELECT retired_ms INTO retired FROM log WHERE number = p_log FOR NO KEY UPDATE;
  PERFORM check_open();
  IF p_grows AND retired IS NOT NULL THEN PERFORM refuse('LOG_FROZEN', format('log %s is frozen', p_log)); END IF;
  -- Whatever the session was told: what was answered must be on the disk.
  IF current_setting('synchronous_commit') IN ('off', 'local') THEN PERFORM set_config('synchronous_commit', 'on', true); END IF;
END $$;

-- Nobody waits for what is never sequenced here.
CREATE FUNCTION pending_open() RETURNS trigger LANGUAGE plpgsql SET search_path = colophon, pg_temp AS $$
BEGIN
  PERFORM check_open();
  RETURN NULL;
END $$;
CREATE TRIGGER open BEFORE INSERT ON pending FOR EACH STATEMENT EXECUTE FUNCTION pending_open();

-- What a copy does. Before any of its writes: that one is coming in, and nothing else.
CREATE FUNCTION take_in(p_log smallint) RETURNS void LANGUAGE plpgsql SET search_path = colophon, pg_temp AS $$
BEGIN
  PERFORM FROM log WHERE number = p_log FOR NO KEY UPDATE;
  IF NOT EXISTS (SELECT FROM standing WHERE state = 'arriving') THEN PERFORM refuse('COPY_REFUSED', 'no copy is coming in here'); END IF;
  IF current_setting('synchronous_commit') IN ('off', 'local') THEN PERFORM set_config('synchronous_commit', 'on', true); END IF;
END $$;

CREATE FUNCTION arrive(p_copy text, p_place text) RETURNS void LANGUAGE plpgsql SET search_path = colophon, pg_temp AS $$
BEGIN
  LOCK TABLE log IN SHARE ROW EXCLUSIVE MODE; -- none is created between the look and the end
  LOCK TABLE standing IN SHARE ROW EXCLUSIVE MODE;
  IF EXISTS (SELECT FROM log) OR EXISTS (SELECT FROM standing) THEN PERFORM refuse('COPY_REFUSED', 'there are logs already'); END IF;
  INSERT INTO standing (state, copy, place) VALUES ('arriving', p_copy, p_place);
END $$;

CREATE FUNCTION arrived(p_copy text) RETURNS void LANGUAGE plpgsql SET search_path = colophon, pg_temp AS $$
BEGIN
  UPDATE standing SET state = 'open' WHERE copy = p_copy AND state = 'arriving';
  IF NOT FOUND THEN PERFORM refuse('COPY_REFUSED', 'that copy is not coming in here'); END IF;
END $$;

-- The logs go on elsewhere, from exactly what was copied: each as it ended, of that size, its lease in the hands of who copied.
CREATE FUNCTION leave(
  p_copy text, p_place text, p_fences bigint[], p_sizes bigint[], p_retired bigint[], p_compromised bigint[]
) RETURNS void LANGUAGE plpgsql SET search_path = colophon, pg_temp AS $$
DECLARE
  changed smallint;
BEGIN
  PERFORM FROM lease ORDER BY log FOR SHARE;
  LOCK TABLE log IN SHARE ROW EXCLUSIVE MODE;
  PERFORM FROM log ORDER BY number FOR NO KEY UPDATE; -- what is being written ends first
  LOCK TABLE pending IN SHARE ROW EXCLUSIVE MODE;
  PERFORM check_open();
  IF EXISTS (SELECT FROM pending) THEN PERFORM refuse('LOG_BUSY', 'entries wait to be sequenced'); END IF;
  SELECT coalesce(log.number, g.n - 1) INTO changed
    FROM unnest(p_fences, p_sizes, p_retired, p_compromised) WITH ORDINALITY AS g (fence, size, retired, compromised, n)
    FULL JOIN log ON log.number = g.n - 1
    WHERE (retired_ms, compromised_ms, (SELECT max(head.size) FROM head WHERE head.log = number)) IS DISTINCT FROM (retired, compromised, size)
      OR NOT EXISTS (SELECT FROM lease WHERE lease.log = number AND token = fence) LIMIT 1;
  IF FOUND THEN PERFORM refuse('COPY_REFUSED', format('log %s was changed while it was copied: copy again', changed)); END IF;
  INSERT INTO standing (state, copy, place) VALUES ('left', p_copy, p_place)
    ON CONFLICT (one) DO UPDATE SET state = excluded.state, copy = excluded.copy, place = excluded.place;
END $$;

-- Leaves and tiles of several batches, each with its head: after p_size. Packed as for `append`.
CREATE FUNCTION append_all(
  p_log smallint, p_size bigint, p_root bytea, p_sizes bigint[], p_roots bytea, p_times bigint[],
  p_hashes bytea, p_entries bytea, p_lengths int[], p_levels smallint[], p_tile_at bigint[], p_tiles bytea
) RETURNS void LANGUAGE plpgsql SET search_path = colophon, pg_temp AS $$
DECLARE
  base bigint := p_log::bigint << 40;
  done bigint := p_size;
  last head;
BEGIN
  PERFORM take_in(p_log);
  SELECT * INTO last FROM head WHERE log = p_log ORDER BY size DESC LIMIT 1;
  IF last.size IS DISTINCT FROM p_size OR last.root IS DISTINCT FROM p_root THEN PERFORM refuse('HEAD_MOVED',
    format('the stored head has size %s, not %s: another process is writing', last.size, p_size)); END IF;
  FOR n IN 1..cardinality(p_sizes) LOOP -- a head covers the leaves that are there, no more and no fewer
    INSERT INTO leaf (at, hash)
      SELECT base + i, substring(p_hashes FROM (i - p_size)::int * 32 + 1 FOR 32) FROM generate_series(done, p_sizes[n] - 1) AS i;
    INSERT INTO head (log, size, root, time_ms)
      VALUES (p_log, p_sizes[n], substring(p_roots FROM n * 32 - 31 FOR 32), p_times[n]);
    done := p_sizes[n];
  END LOOP;
  INSERT INTO entry (at, bytes)
    SELECT base + p_size + n - 1, substring(p_entries FROM (upto - l)::int + 1 FOR l)
    FROM (SELECT l, n, sum(l) OVER (ORDER BY n) AS upto FROM unnest(p_lengths) WITH ORDINALITY AS g (l, n)) AS piece;
  INSERT INTO leaf_hash (log, hash, idx)
    SELECT p_log, substring(p_hashes FROM n * 32 + 1 FOR 32) AS hash, p_size + n
    FROM generate_series(0, (done - p_size - 1)::int) AS n ORDER BY hash;
  INSERT INTO tile (log, level, idx, bytes)
    SELECT p_log, level, at, substring(p_tiles FROM (n - 1)::int * 8192 + 1 FOR 8192)
    FROM unnest(p_levels, p_tile_at) WITH ORDINALITY AS g (level, at, n) ORDER BY n;
END $$;

CREATE FUNCTION keep_beside(
  p_log smallint, p_keys bytea, p_key_at bigint[], p_sources smallint[],
  p_algorithms text[], p_digests bytea[], p_content_lengths int[], p_contents bytea,
  p_withdrawn_at bigint[], p_withdrawn_algorithms text[], p_withdrawn_digests bytea[],
  p_sizes bigint[], p_roots bytea, p_times bigint[], p_notes bytea[]
) RETURNS void LANGUAGE plpgsql SET search_path = colophon, pg_temp AS $$
BEGIN
  PERFORM take_in(p_log);
  INSERT INTO lookup (log, key, idx, source)
    SELECT p_log, substring(p_keys FROM (n - 1)::int * 32 + 1 FOR 32), at, source
    FROM unnest(p_key_at, p_sources) WITH ORDINALITY AS g (at, source, n) ORDER BY n
    ON CONFLICT (log, key, idx) DO NOTHING;
  IF cardinality(p_algorithms) > 0 THEN
    PERFORM keep_attachments(p_log, p_algorithms, p_digests, p_content_lengths, p_contents);
  END IF;
  PERFORM withdraw(p_log, p_withdrawn_at, p_withdrawn_algorithms, p_withdrawn_digests);
  INSERT INTO checkpoint (log, size, root, time_ms, note)
    SELECT p_log, size, substring(p_roots FROM (n - 1)::int * 32 + 1 FOR 32), time, note
    FROM unnest(p_sizes, p_times, p_notes) WITH ORDINALITY AS g (size, time, note, n)
    WHERE NOT EXISTS (SELECT FROM checkpoint WHERE log = p_log AND checkpoint.size = g.size) ORDER BY n;
END $$;

CREATE FUNCTION keep_newest(p_log smallint, p_size bigint, p_root bytea, p_time_ms bigint, p_note bytea) RETURNS void
LANGUAGE plpgsql SET search_path = colophon, pg_temp AS $$
BEGIN
  PERFORM take_in(p_log);
  INSERT INTO newest_checkpoint (log, size, root, time_ms, note) VALUES (p_log, p_size, p_root, p_time_ms, p_note)
    ON CONFLICT (log) DO UPDATE
    SET size = excluded.size, root = excluded.root, time_ms = excluded.time_ms, note = excluded.note;
END $$;

-- The logs of one server, in PostgreSQL 15 or newer; run with the schema `colophon` as the search path. A log is a number
-- below 8192; leaves and entries carry it in the upper bits of `at`, so that those of a log stand together, in order.
-- Nothing is ever changed or removed but newest_checkpoint and lease, which move forward, content that was withdrawn, and pending.
--
-- Every write is one call of a function below, and so one statement: no transaction waits for a client that was paused or
-- cut off, with rows locked that its successor needs. What they refuse has SQLSTATE COLOP and begins with our error code.

CREATE FUNCTION refuse(code text, why text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%: %', code, why USING ERRCODE = 'COLOP';
END $$;

CREATE TABLE log (
  number         smallint PRIMARY KEY CHECK (number BETWEEN 0 AND 8191),
  slug           text NOT NULL UNIQUE CHECK (slug COLLATE "C" ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
  dialect        text NOT NULL CHECK (dialect <> ''),
  origin         text NOT NULL CHECK (origin <> ''),
  vkey           text NOT NULL UNIQUE CHECK (vkey <> ''),
  ecdsa_key      text UNIQUE CHECK (ecdsa_key <> ''),        -- DER SubjectPublicKeyInfo, in base64
  ml_dsa_vkey    text UNIQUE CHECK (ml_dsa_vkey <> ''),
  created_ms     bigint NOT NULL CHECK (created_ms >= 0),
  retired_ms     bigint CHECK (retired_ms >= 0),             -- frozen since
  compromised_ms bigint CHECK (compromised_ms >= 0),         -- by its operator's word
  CHECK (compromised_ms IS NULL OR retired_ms IS NOT NULL)
);

-- By ranges of 2^24 leaves, made by make_room: some 2 GB of hashes and 10 GB of entries, which VACUUM and REINDEX get through
-- in minutes; 10^10 leaves are 600 of them, and planning still prunes fast. Entries are apart from hashes so that they can leave,
-- a partition at a time, once their bundles are elsewhere.
CREATE TABLE leaf (
  at   bigint PRIMARY KEY,                                   -- log·2^40 + index
  hash bytea NOT NULL CHECK (length(hash) = 32)              -- SHA-256(0x00 || entry)
) PARTITION BY RANGE (at);

CREATE TABLE entry (
  at    bigint PRIMARY KEY,
  bytes bytea NOT NULL CHECK (length(bytes) <= 65535)
) PARTITION BY RANGE (at);

-- By the first four bits of a uniform key. A batch of 1,000 rows opens all partitions, which costs little for 16; at 10^9
-- rows one holds 60 million, in 8 GB.
CREATE TABLE leaf_hash (
  idx  bigint NOT NULL,
  log  smallint NOT NULL,
  hash bytea NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (log, hash)
) PARTITION BY RANGE (hash);

CREATE TABLE lookup (
  idx    bigint NOT NULL,
  log    smallint NOT NULL,
  source smallint NOT NULL CHECK (source IN (0, 1)),         -- derived from the leaf, from an attachment
  key    bytea NOT NULL CHECK (length(key) = 32),            -- SHA-256 of <type>:<value>
  PRIMARY KEY (log, key, idx)
) PARTITION BY RANGE (key);

-- Full tiles. Level 0 is in the leaf rows; a partial tile is a prefix of what the full tiles below it hash to.
CREATE TABLE tile (
  log   smallint NOT NULL REFERENCES log (number),
  level smallint NOT NULL CHECK (level BETWEEN 1 AND 6),
  idx   bigint NOT NULL CHECK (idx >= 0),
  bytes bytea NOT NULL CHECK (length(bytes) = 8192),
  PRIMARY KEY (log, level, idx)
);
ALTER TABLE tile ALTER COLUMN bytes SET STORAGE EXTERNAL;    -- hashes do not compress

-- One for each sealed batch, and one of size 0.
CREATE TABLE head (
  log     smallint NOT NULL REFERENCES log (number),
  size    bigint NOT NULL CHECK (size BETWEEN 0 AND 1::bigint << 40),
  root    bytea NOT NULL CHECK (length(root) = 32),
  time_ms bigint NOT NULL CHECK (time_ms >= 0),
  PRIMARY KEY (log, size)
);

-- Signed notes: the newest, and the history of about one a minute.
CREATE TABLE newest_checkpoint (
  log     smallint PRIMARY KEY REFERENCES log (number),
  size    bigint NOT NULL,
  root    bytea NOT NULL,
  time_ms bigint NOT NULL CHECK (time_ms >= 0),
  note    bytea NOT NULL CHECK (length(note) > 0)
);

CREATE TABLE checkpoint (
  log     smallint NOT NULL REFERENCES log (number),
  size    bigint NOT NULL,
  root    bytea NOT NULL,
  time_ms bigint NOT NULL CHECK (time_ms >= 0),
  note    bytea NOT NULL CHECK (length(note) > 0),
  PRIMARY KEY (log, size)
);

CREATE TABLE attachment (
  log       smallint NOT NULL REFERENCES log (number),
  algorithm text NOT NULL CHECK (algorithm IN ('sha256', 'sha384', 'sha512')),
  digest    bytea NOT NULL CHECK (length(digest) = substr(algorithm, 4)::int / 8),
  content   bytea NOT NULL,
  PRIMARY KEY (log, algorithm, digest)
);

-- Content that the operator took back, by an entry of one of the logs: it is gone from all of them, and never kept again.
CREATE TABLE withdrawal (
  number    integer PRIMARY KEY,                             -- 0, 1, … in the order in which they were made
  algorithm text NOT NULL CHECK (algorithm IN ('sha256', 'sha384', 'sha512')),
  digest    bytea NOT NULL CHECK (length(digest) = substr(algorithm, 4)::int / 8),
  log       smallint NOT NULL REFERENCES log (number),
  idx       bigint NOT NULL,                                 -- of the entry that says so
  UNIQUE (algorithm, digest)
);

-- Which node sequences a log. The token grows with every change of holder, and each write is held to it.
CREATE TABLE lease (
  log   smallint PRIMARY KEY REFERENCES log (number),
  node  text CHECK (node <> ''),                             -- null: given up
  token bigint NOT NULL CHECK (token > 0),
  until timestamptz NOT NULL
);

-- What nodes have admitted, until it is in the tree. Rows come and go by thousands a second: vacuum follows them closely.
CREATE TABLE pending (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  log         smallint NOT NULL,
  bytes       integer NOT NULL CHECK (bytes >= 0),           -- of leaf and attachments
  since       timestamptz NOT NULL DEFAULT clock_timestamp(),
  node        text NOT NULL,
  hash        bytea NOT NULL CHECK (length(hash) = 32),
  leaf        bytea NOT NULL CHECK (length(leaf) <= 65535),
  keys        bytea NOT NULL,                                -- 33 bytes each: source, key
  attachments bytea NOT NULL,                                -- see src/storage/postgres/pending.ts
  withdraws   bytea NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX pending_by_log ON pending (log, id);

-- What may be inserted. A check of many rows is made once for each statement, of the whole that it brings. One that reads leaves is
-- planned anew each time, for the indexes that it asks for: a plan for any index would open every partition, of hundreds.

CREATE FUNCTION log_next() RETURNS trigger LANGUAGE plpgsql SET search_path = colophon, pg_temp AS $$
BEGIN
  IF NEW.number <> (SELECT coalesce(max(number) + 1, 0) FROM log) THEN RAISE 'log: numbers are dense'; END IF;
  IF NEW.retired_ms IS NOT NULL THEN RAISE 'log: a new one is active'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER next BEFORE INSERT ON log FOR EACH ROW EXECUTE FUNCTION log_next();

CREATE FUNCTION leaf_next() RETURNS trigger
LANGUAGE plpgsql SET search_path = colophon, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  low  bigint;
  high bigint;
  rows bigint;
BEGIN
  SELECT min(at), max(at), count(*) INTO low, high, rows FROM given;
  IF rows = 0 THEN RETURN NULL; END IF;
  IF high - low <> rows - 1 OR high >> 40 <> low >> 40 OR (low & ((1::bigint << 40) - 1) > 0
    AND NOT EXISTS (SELECT FROM leaf WHERE at = low - 1)) THEN RAISE 'leaf: indexes are dense'; END IF;
  IF NOT EXISTS (SELECT FROM log WHERE number = low >> 40 AND retired_ms IS NULL) THEN RAISE 'leaf: no active log'; END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER next AFTER INSERT ON leaf REFERENCING NEW TABLE AS given FOR EACH STATEMENT EXECUTE FUNCTION leaf_next();

-- Leaves are dense: with the highest one all are there. Whether a hash is its leaf's own, who reads it compares.
CREATE FUNCTION index_true() RETURNS trigger
LANGUAGE plpgsql SET search_path = colophon, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  by_log record;
BEGIN
  FOR by_log IN SELECT log::bigint << 40 AS base, min(idx) AS low, max(idx) AS high FROM given GROUP BY log LOOP
    IF by_log.low < 0 OR NOT EXISTS (SELECT FROM leaf WHERE at = by_log.base + by_log.high)
      THEN RAISE '%: no such leaf', TG_TABLE_NAME; END IF;
  END LOOP;
  RETURN NULL;
END $$;
CREATE TRIGGER holds AFTER INSERT ON leaf_hash REFERENCING NEW TABLE AS given FOR EACH STATEMENT EXECUTE FUNCTION index_true();
CREATE TRIGGER holds AFTER INSERT ON lookup REFERENCING NEW TABLE AS given FOR EACH STATEMENT EXECUTE FUNCTION index_true();

CREATE FUNCTION tile_next() RETURNS trigger LANGUAGE plpgsql SET search_path = colophon, pg_temp AS $$
BEGIN
  IF NEW.idx <> (SELECT coalesce(max(idx) + 1, 0) FROM tile WHERE log = NEW.log AND level = NEW.level)
    THEN RAISE 'tile: indexes are dense'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER next BEFORE INSERT ON tile FOR EACH ROW EXECUTE FUNCTION tile_next();

CREATE FUNCTION head_next() RETURNS trigger
LANGUAGE plpgsql SET search_path = colophon, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  base bigint := NEW.log::bigint << 40;
  last head;
BEGIN
  SELECT * INTO last FROM head WHERE log = NEW.log ORDER BY size DESC LIMIT 1;
  IF NEW.size > 0 AND last.size IS NULL THEN RAISE 'head: the first has size 0'; END IF;
  IF NEW.size <= last.size THEN RAISE 'head: sizes grow'; END IF;
  IF NEW.time_ms < last.time_ms THEN RAISE 'head: time never goes back'; END IF;
  IF EXISTS (SELECT FROM leaf WHERE at = base + NEW.size AND at < base + (1::bigint << 40))
    OR (NEW.size > 0 AND NOT EXISTS (SELECT FROM leaf WHERE at = base + NEW.size - 1))
    THEN RAISE 'head: its size is the number of leaves'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER next BEFORE INSERT ON head FOR EACH ROW EXECUTE FUNCTION head_next();

CREATE FUNCTION checkpoint_true() RETURNS trigger LANGUAGE plpgsql SET search_path = colophon, pg_temp AS $$
BEGIN
  IF NEW.root IS DISTINCT FROM (SELECT root FROM head WHERE log = NEW.log AND size = NEW.size)
    THEN RAISE '%: not a durable head', TG_TABLE_NAME; END IF;
  IF TG_OP = 'UPDATE' AND (NEW.log <> OLD.log OR NEW.size < OLD.size) THEN RAISE '%: never goes back', TG_TABLE_NAME; END IF;
  IF TG_TABLE_NAME = 'checkpoint' AND NEW.size <= (SELECT max(size) FROM checkpoint WHERE log = NEW.log)
    THEN RAISE 'checkpoint: sizes grow'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER holds BEFORE INSERT OR UPDATE ON newest_checkpoint FOR EACH ROW EXECUTE FUNCTION checkpoint_true();
CREATE TRIGGER holds BEFORE INSERT ON checkpoint FOR EACH ROW EXECUTE FUNCTION checkpoint_true();

CREATE FUNCTION withdrawal_next() RETURNS trigger
LANGUAGE plpgsql SET search_path = colophon, pg_temp SET plan_cache_mode = force_custom_plan AS $$
BEGIN
  IF NEW.number <> (SELECT coalesce(max(number) + 1, 0) FROM withdrawal) THEN RAISE 'withdrawal: numbers are dense'; END IF;
  IF NEW.idx < 0 OR NOT EXISTS (SELECT FROM leaf WHERE at = (NEW.log::bigint << 40) + NEW.idx)
    THEN RAISE 'withdrawal: no such leaf'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER next BEFORE INSERT ON withdrawal FOR EACH ROW EXECUTE FUNCTION withdrawal_next();

CREATE FUNCTION attachment_kept() RETURNS trigger LANGUAGE plpgsql SET search_path = colophon, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM withdrawal WHERE algorithm = NEW.algorithm AND digest = NEW.digest)
    THEN PERFORM refuse('ATTACHMENT_WITHDRAWN', 'attachment: it was withdrawn'); END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER not_withdrawn BEFORE INSERT ON attachment FOR EACH ROW EXECUTE FUNCTION attachment_kept();

-- What may be changed: a log ends, and its key is found stolen, once each; a lease changes hands.

CREATE FUNCTION log_ends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.number, NEW.slug, NEW.dialect, NEW.origin, NEW.vkey, NEW.ecdsa_key, NEW.ml_dsa_vkey, NEW.created_ms)
    IS DISTINCT FROM (OLD.number, OLD.slug, OLD.dialect, OLD.origin, OLD.vkey, OLD.ecdsa_key, OLD.ml_dsa_vkey, OLD.created_ms)
    OR NEW.retired_ms IS DISTINCT FROM coalesce(OLD.retired_ms, NEW.retired_ms)
    OR NEW.compromised_ms IS DISTINCT FROM coalesce(OLD.compromised_ms, NEW.compromised_ms)
    THEN RAISE 'log: only ends, and once'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER ends BEFORE UPDATE ON log FOR EACH ROW EXECUTE FUNCTION log_ends();

CREATE FUNCTION lease_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.log <> OLD.log OR NEW.token < OLD.token THEN RAISE 'lease: a token never goes back'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER forward BEFORE UPDATE ON lease FOR EACH ROW EXECUTE FUNCTION lease_forward();

-- All else is fixed, and nothing is removed but content that was withdrawn.

CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE '%: append-only', TG_TABLE_NAME;
END $$;

CREATE FUNCTION attachment_goes() RETURNS trigger LANGUAGE plpgsql SET search_path = colophon, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM withdrawal WHERE algorithm = OLD.algorithm AND digest = OLD.digest)
    THEN RAISE 'attachment: append-only'; END IF;
  RETURN OLD;
END $$;
CREATE TRIGGER goes BEFORE DELETE ON attachment FOR EACH ROW EXECUTE FUNCTION attachment_goes();
CREATE TRIGGER fixed BEFORE UPDATE ON attachment FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER kept BEFORE TRUNCATE ON attachment EXECUTE FUNCTION append_only();

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['migration', 'leaf', 'entry', 'leaf_hash', 'lookup', 'tile', 'head', 'checkpoint', 'withdrawal'] LOOP
    EXECUTE format('CREATE TRIGGER fixed BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION append_only()', name);
    EXECUTE format('CREATE TRIGGER kept BEFORE TRUNCATE ON %I EXECUTE FUNCTION append_only()', name);
  END LOOP;
  FOREACH name IN ARRAY ARRAY['log', 'newest_checkpoint', 'lease'] LOOP
    EXECUTE format('CREATE TRIGGER fixed BEFORE DELETE ON %I FOR EACH ROW EXECUTE FUNCTION append_only()', name);
    EXECUTE format('CREATE TRIGGER kept BEFORE TRUNCATE ON %I EXECUTE FUNCTION append_only()', name);
  END LOOP;
END $$;

-- Partitions. Row triggers come with a partition; those of a statement are for the table that it names, and are made here.

DO $$
DECLARE
  of   text;
  name text;
BEGIN
  FOREACH of IN ARRAY ARRAY['leaf_hash', 'lookup'] LOOP
    FOR n IN 0..15 LOOP
      name := format('%s_%s', of, to_hex(n));
      EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%s) TO (%s)', name, of,
        CASE WHEN n = 0 THEN 'MINVALUE' ELSE format('''\x%s0''', to_hex(n)) END,
        CASE WHEN n = 15 THEN 'MAXVALUE' ELSE format('''\x%s0''', to_hex(n + 1)) END);
      EXECUTE format('CREATE TRIGGER kept BEFORE TRUNCATE ON %I EXECUTE FUNCTION append_only()', name);
    END LOOP;
  END LOOP;
END $$;

-- Makes the partitions in which an index will stand. Attached, not created as such: that would lock readers and writers out.
CREATE FUNCTION make_room(p_log smallint, p_idx bigint) RETURNS void
LANGUAGE plpgsql SET search_path = colophon, pg_temp SET client_min_messages = warning AS $$
DECLARE
  part bigint := p_idx >> 24;
  low  bigint := (p_log::bigint << 40) + (part << 24);
  high bigint := low + (1 << 24);
  of   text;
  name text;
BEGIN
  LOCK TABLE ONLY leaf IN SHARE UPDATE EXCLUSIVE MODE; -- one node at a time; waits for nobody who reads or writes
  FOREACH of IN ARRAY ARRAY['leaf', 'entry'] LOOP
    name := format('%s_%s_%s', of, p_log, part);
    CONTINUE WHEN to_regclass(name) IS NOT NULL;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL, CONSTRAINT range CHECK (at >= %s AND at < %s))', name, of, low, high);
    EXECUTE format('CREATE TRIGGER kept BEFORE TRUNCATE ON %I EXECUTE FUNCTION append_only()', name);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', of, name, low, high);
    EXECUTE format('ALTER TABLE %I DROP CONSTRAINT range', name);
  END LOOP;
END $$;

-- What a server does.

CREATE FUNCTION create_log(
  p_slug text, p_dialect text, p_origin text, p_vkey text, p_created_ms bigint, p_ecdsa_key text, p_ml_dsa_vkey text, p_root bytea
) RETURNS smallint LANGUAGE plpgsql SET search_path = colophon, pg_temp AS $$
DECLARE
  fresh smallint;
  other text;
BEGIN
  LOCK TABLE log IN SHARE ROW EXCLUSIVE MODE;
  SELECT slug INTO other FROM log WHERE slug = p_slug OR vkey = p_vkey ORDER BY slug = p_slug DESC LIMIT 1;
  IF FOUND THEN PERFORM refuse('LOG_EXISTS', format('log %s has that %s already', other,
    CASE WHEN other = p_slug THEN 'name' ELSE 'verifier key' END)); END IF;
  SELECT count(*) INTO fresh FROM log;
  IF fresh >= 8192 THEN PERFORM refuse('LOG_EXISTS', 'there are 8192 logs already'); END IF;
  INSERT INTO log (number, slug, dialect, origin, vkey, created_ms, ecdsa_key, ml_dsa_vkey)
    VALUES (fresh, p_slug, p_dialect, p_origin, p_vkey, p_created_ms, p_ecdsa_key, p_ml_dsa_vkey);
  INSERT INTO head (log, size, root, time_ms) VALUES (fresh, 0, p_root, p_created_ms);
  PERFORM make_room(fresh, 0);
  RETURN fresh;
END $$;

-- Before any write: nobody else writes to this log until the transaction ends. The share lock on the lease conflicts with a
-- claim, so that a token which was good here is good when the transaction commits.
CREATE FUNCTION enter(p_log smallint, p_fence bigint, p_grows boolean) RETURNS void
LANGUAGE plpgsql SET search_path = colophon, pg_temp AS $$
DECLARE
  retired bigint;
BEGIN
  IF p_fence IS NOT NULL THEN
    PERFORM FROM lease WHERE lease.log = p_log AND token = p_fence FOR SHARE;
    IF NOT FOUND THEN PERFORM refuse('LEASE_LOST', format('log %s: the lease is not at %s any more: another node leads', p_log, p_fence)); END IF;
  END IF;
  SELECT retired_ms INTO retired FROM log WHERE number = p_log FOR NO KEY UPDATE;
  IF p_grows AND retired IS NOT NULL THEN PERFORM refuse('LOG_FROZEN', format('log %s is frozen', p_log)); END IF;
  -- Whatever the session was told: what was answered must be on the disk.
  IF current_setting('synchronous_commit') IN ('off', 'local') THEN PERFORM set_config('synchronous_commit', 'on', true); END IF;
END $$;

CREATE FUNCTION keep_attachments(p_log smallint, p_algorithms text[], p_digests bytea[], p_lengths int[], p_contents bytea)
RETURNS void LANGUAGE plpgsql SET search_path = colophon, pg_temp AS $$
DECLARE
  differs text;
BEGIN
  LOCK TABLE withdrawal IN ROW SHARE MODE; -- none is made, of any log, between the look at it and the end
  WITH piece AS (
    SELECT a AS algorithm, d AS digest, l, sum(l) OVER (ORDER BY n) AS upto
    FROM unnest(p_algorithms, p_digests, p_lengths) WITH ORDINALITY AS g (a, d, l, n)
  ), given AS MATERIALIZED (
    SELECT algorithm, digest, substring(p_contents FROM (upto - l)::int + 1 FOR l) AS content FROM piece
  ), kept AS (
    INSERT INTO attachment (log, algorithm, digest, content) SELECT p_log, algorithm, digest, content FROM given
    ON CONFLICT (log, algorithm, digest) DO NOTHING
  )
  -- In the moment before: what was there already is compared, never replaced.
  SELECT given.algorithm INTO differs FROM given JOIN attachment AS old USING (algorithm, digest)
    WHERE old.log = p_log AND old.content <> given.content LIMIT 1;
  IF FOUND THEN PERFORM refuse('STORE_CORRUPT',
    format('attachment %s: stored content differs from what its digest stands for', differs)); END IF;
END $$;

-- Out of every log. What was taken back before stays so, by the entry that said it first. Content that is just being kept for
-- another log is waited for, and goes too.
CREATE FUNCTION withdraw(p_log smallint, p_at bigint[], p_algorithms text[], p_digests bytea[]) RETURNS void
LANGUAGE plpgsql SET search_path = colophon, pg_temp AS $$
BEGIN
  FOR n IN 1..cardinality(p_at) LOOP
    INSERT INTO withdrawal (number, algorithm, digest, log, idx)
      SELECT (SELECT coalesce(max(number) + 1, 0) FROM withdrawal), p_algorithms[n], p_digests[n], p_log, p_at[n]
      WHERE NOT EXISTS (SELECT FROM withdrawal WHERE algorithm = p_algorithms[n] AND digest = p_digests[n]);
    DELETE FROM attachment WHERE log IN (SELECT number FROM log) AND algorithm = p_algorithms[n] AND digest = p_digests[n];
  END LOOP;
END $$;

-- Packed: `p_hashes` are 32 bytes each, `p_entries` as long as `p_lengths` say, `p_keys` 32 bytes each of the entries p_key_at.
CREATE FUNCTION append(
  p_log smallint, p_fence bigint, p_size bigint, p_root bytea,
  p_next_size bigint, p_next_root bytea, p_time_ms bigint,
  p_hashes bytea, p_entries bytea, p_lengths int[],
  p_keys bytea, p_key_at int[], p_sources smallint[],
  p_algorithms text[], p_digests bytea[], p_content_lengths int[], p_contents bytea,
  p_withdrawn_at bigint[], p_withdrawn_algorithms text[], p_withdrawn_digests bytea[],
  p_levels smallint[], p_tile_at bigint[], p_tiles bytea
) RETURNS void LANGUAGE plpgsql SET search_path = colophon, pg_temp AS $$
DECLARE
  base bigint := (p_log::bigint << 40) + p_size;
  last head;
  kept bigint;
BEGIN
  PERFORM enter(p_log, p_fence, true);
  IF cardinality(p_withdrawn_at) > 0 THEN LOCK TABLE withdrawal IN EXCLUSIVE MODE; END IF; -- first: two that share it could not
  SELECT * INTO last FROM head WHERE log = p_log ORDER BY size DESC LIMIT 1;
  IF last.size IS DISTINCT FROM p_size OR last.root IS DISTINCT FROM p_root THEN PERFORM refuse('HEAD_MOVED',
    format('the stored head has size %s, not %s: another process is writing', last.size, p_size)); END IF;
  INSERT INTO leaf (at, hash)
    SELECT base + n, substring(p_hashes FROM n * 32 + 1 FOR 32) FROM generate_series(0, (p_next_size - p_size - 1)::int) AS n;
  INSERT INTO entry (at, bytes)
    SELECT base + n - 1, substring(p_entries FROM (upto - l)::int + 1 FOR l)
    FROM (SELECT l, n, sum(l) OVER (ORDER BY n) AS upto FROM unnest(p_lengths) WITH ORDINALITY AS g (l, n)) AS piece;
  -- Keys are random: in their order, neighbours meet on the same page while it is at hand.
  INSERT INTO leaf_hash (log, hash, idx)
    SELECT p_log, substring(p_hashes FROM n * 32 + 1 FOR 32) AS hash, p_size + n
    FROM generate_series(0, (p_next_size - p_size - 1)::int) AS n ORDER BY hash
    ON CONFLICT (log, hash) DO NOTHING;
  GET DIAGNOSTICS kept = ROW_COUNT;
  IF kept <> p_next_size - p_size THEN PERFORM refuse('ENTRY_EXISTS', 'an entry of this log has the same hash'); END IF;
  IF cardinality(p_key_at) > 0 THEN
    INSERT INTO lookup (log, key, idx, source)
      SELECT p_log, substring(p_keys FROM (n - 1)::int * 32 + 1 FOR 32) AS key, p_size + at, source
      FROM unnest(p_key_at, p_sources) WITH ORDINALITY AS g (at, source, n) ORDER BY key;
  END IF;
  IF cardinality(p_algorithms) > 0 THEN
    PERFORM keep_attachments(p_log, p_algorithms, p_digests, p_content_lengths, p_contents);
  END IF;
  PERFORM withdraw(p_log, p_withdrawn_at, p_withdrawn_algorithms, p_withdrawn_digests);
  INSERT INTO tile (log, level, idx, bytes)
    SELECT p_log, level, at, substring(p_tiles FROM (n - 1)::int * 8192 + 1 FOR 8192)
    FROM unnest(p_levels, p_tile_at) WITH ORDINALITY AS g (level, at, n) ORDER BY n;
  INSERT INTO head (log, size, root, time_ms) VALUES (p_log, p_next_size, p_next_root, p_time_ms);
END $$;

-- Content and keys for entries that are stored; of what is there already nothing is written.
CREATE FUNCTION attach(
  p_log smallint, p_fence bigint, p_grows boolean, p_last bigint,
  p_keys bytea, p_key_at bigint[],
  p_algorithms text[], p_digests bytea[], p_content_lengths int[], p_contents bytea
) RETURNS void LANGUAGE plpgsql SET search_path = colophon, pg_temp AS $$
DECLARE
  stored bigint;
BEGIN
  PERFORM enter(p_log, p_fence, p_grows);
  SELECT max(size) INTO stored FROM head WHERE log = p_log;
  IF p_last >= stored THEN PERFORM refuse('INDEX_OUT_OF_RANGE',
    format('leaf %s: attachments for it, but the stored tree ends at %s', p_last, stored)); END IF;
  IF cardinality(p_algorithms) > 0 THEN
    PERFORM keep_attachments(p_log, p_algorithms, p_digests, p_content_lengths, p_contents);
  END IF;
  INSERT INTO lookup (log, key, idx, source)
    SELECT p_log, substring(p_keys FROM (n - 1)::int * 32 + 1 FOR 32) AS key, at, 1
    FROM unnest(p_key_at) WITH ORDINALITY AS g (at, n) ORDER BY key
    ON CONFLICT (log, key, idx) DO NOTHING;
END $$;

-- What is in the tree waits no more. Lost in a crash it is taken again, and found there: nobody waits for the disk.
CREATE FUNCTION settle(p_ids bigint[]) RETURNS void LANGUAGE plpgsql SET search_path = colophon, pg_temp AS $$
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  DELETE FROM pending WHERE id = ANY (p_ids);
END $$;

CREATE FUNCTION publish(p_log smallint, p_fence bigint, p_size bigint, p_root bytea, p_time_ms bigint, p_note bytea, p_step_ms bigint)
RETURNS void LANGUAGE plpgsql SET search_path = colophon, pg_temp AS $$
DECLARE
  newest bigint;
  last   checkpoint;
BEGIN
  PERFORM enter(p_log, p_fence, false);
  SELECT size INTO newest FROM newest_checkpoint WHERE log = p_log;
  IF p_size < newest THEN PERFORM refuse('HEAD_MOVED',
    format('a checkpoint of size %s is published, %s would go back', newest, p_size)); END IF;
  IF p_root IS DISTINCT FROM (SELECT root FROM head WHERE log = p_log AND size = p_size) THEN PERFORM refuse('HEAD_MOVED',
    format('no stored head has size %s and the root %s', p_size, encode(p_root, 'hex'))); END IF;
  INSERT INTO newest_checkpoint (log, size, root, time_ms, note) VALUES (p_log, p_size, p_root, p_time_ms, p_note)
    ON CONFLICT (log) DO UPDATE
    SET size = excluded.size, root = excluded.root, time_ms = excluded.time_ms, note = excluded.note;
  SELECT * INTO last FROM checkpoint WHERE log = p_log ORDER BY size DESC LIMIT 1;
  IF last.size IS NULL OR (p_size > last.size AND p_time_ms - last.time_ms >= p_step_ms) THEN
    INSERT INTO checkpoint (log, size, root, time_ms, note) VALUES (p_log, p_size, p_root, p_time_ms, p_note);
  END IF;
END $$;

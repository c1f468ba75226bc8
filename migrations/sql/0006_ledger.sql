-- The ledger between hosts, between classes of calls, and against what providers tell of it. See docs/why/quota-ledger.md.

-- shift_us is how far this server's time is known to have jumped; time less the shift is the *corrected* time, which
-- at_wall, last_wall and blocked_wall are written in.
ALTER TABLE allowances
  ADD COLUMN tol_us   bigint NOT NULL DEFAULT 1000000 CHECK (tol_us > 0),
  ADD COLUMN shift_us bigint NOT NULL DEFAULT 0,
  ADD COLUMN skew_s   float8,
  ADD COLUMN skew_at  timestamptz,
  ADD CONSTRAINT allowances_skew CHECK (num_nulls(skew_s, skew_at) IN (0, 2));
COMMENT ON COLUMN allowances.tol_us IS 'Differences between clocks up to here are taken for slow exchanges and unsteady clocks, not for jumps.';
COMMENT ON COLUMN allowances.skew_s IS 'The provider''s Date less this server''s time, when last compared (skew_at).';

-- A window counts the calls of its class, or ('any') every call. limit_seen is a lower limit than the code's that the
-- provider itself has told; only the operator takes it back.
ALTER TABLE quota_windows
  ADD COLUMN class text NOT NULL DEFAULT 'any' CHECK (class IN ('any', 'interactive', 'background')),
  ADD COLUMN limit_seen integer CHECK (limit_seen > 0),
  DROP CONSTRAINT quota_windows_pkey,
  ADD PRIMARY KEY (allowance, class, span_us);

ALTER TABLE provider_calls
  ADD COLUMN class text NOT NULL DEFAULT 'interactive' CHECK (class IN ('interactive', 'background'));

-- Of each host (a boot of it, to be exact): a reading of its clock, and the corrected time that belongs to it.
CREATE TABLE host_clocks (
  allowance text   NOT NULL REFERENCES allowances ON DELETE CASCADE,
  clock_id  text   NOT NULL,
  seen_us   bigint NOT NULL,
  seen_wall timestamptz NOT NULL,
  PRIMARY KEY (allowance, clock_id)
);

-- The one place where the ledger reads this server's time; tests make it jump here.
CREATE FUNCTION groat_server_time() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT clock_timestamp()';

CREATE FUNCTION groat_quota_us(p_span interval, p_speed float8) RETURNS bigint LANGUAGE sql IMMUTABLE
RETURN (extract(epoch FROM p_span) * 1e6 * p_speed)::bigint;

-- How much longer what another clock has counted must rest: five tolerances, and half a thousandth of the longest window,
-- more than the rate of a disciplined clock is ever wrong. The proof is in docs/why/quota-ledger.md.
CREATE FUNCTION groat_margin_us(p_allowance text, p_speed float8) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT (5 * a.tol_us * p_speed)::bigint
    + coalesce((SELECT max(span_us) FROM quota_windows WHERE allowance = p_allowance), 0) / 2000
  FROM allowances a WHERE a.id = p_allowance
$$;

-- The corrected time now, for judging other hosts' calls and for stamping new ones. The caller holds the allowance's lock.
-- p_told is this server's time, read before p_now: both are then known to be recent, unless the exchange was slow. A slow
-- one teaches nothing, and both times are taken on the safe side. p_told is NULL for a clock that no other host can know.
CREATE FUNCTION groat_wall(
  p_allowance text, p_clock text, p_now bigint, p_speed float8, p_told timestamptz,
  OUT judged timestamptz, OUT stamped timestamptz
) LANGUAGE plpgsql AS $$
DECLARE
  us       CONSTANT interval := '1 microsecond';
  server   timestamptz := groat_server_time();
  held     allowances%ROWTYPE;
  seen     host_clocks%ROWTYPE;
  wall     timestamptz;
  expected timestamptz;
  learnt   timestamptz;
  slack    interval;
BEGIN
  SELECT * INTO held FROM allowances WHERE id = p_allowance;
  wall := server - held.shift_us * us;
  judged := wall;
  stamped := wall;
  IF p_told IS NULL THEN
    RETURN;
  END IF;
  SELECT * INTO seen FROM host_clocks WHERE allowance = p_allowance AND clock_id = p_clock;
  IF NOT FOUND THEN
    -- A host that was never seen knows nothing of jumps, but time does not run backwards.
    SELECT greatest(wall, max(seen_wall)) INTO expected FROM host_clocks WHERE allowance = p_allowance;
    learnt := expected;
  ELSE
    expected := seen.seen_wall + (p_now - seen.seen_us) / p_speed * us;
    learnt := expected;
    slack := abs(p_now - seen.seen_us) / p_speed / 2000 * us;
    IF wall BETWEEN expected - slack - held.tol_us * us AND expected + slack + held.tol_us * us THEN
      -- No jump. What is remembered follows slowly, so that many small steps cannot add up.
      learnt := least(greatest(wall, expected - slack), expected + slack);
      expected := wall;
    END IF;
  END IF;
  IF server - p_told NOT BETWEEN interval '0' AND held.tol_us * us THEN
    judged := least(wall, expected);
    stamped := greatest(wall, expected);
    RETURN;
  END IF;
  judged := expected;
  stamped := expected;
  IF expected <> wall THEN
    UPDATE allowances SET shift_us = held.shift_us + groat_quota_us(wall - expected, 1) WHERE id = p_allowance;
  END IF;
  IF seen.clock_id IS NULL OR p_now - seen.seen_us >= 1000000 * p_speed THEN
    INSERT INTO host_clocks VALUES (p_allowance, p_clock, p_now, learnt)
    ON CONFLICT (allowance, clock_id) DO UPDATE SET seen_us = excluded.seen_us, seen_wall = excluded.seen_wall;
  END IF;
END $$;

-- For each call that still rests, how long from now it could last be counted (negative: ago), and its class. Calls of the
-- caller's own clock are judged by that clock alone, so a jump of this server's time moves nothing.
DROP PROCEDURE groat_reserve;
DROP FUNCTION groat_resting;
CREATE FUNCTION groat_resting(p_allowance text, p_clock text, p_now bigint, p_speed float8, p_wall timestamptz)
RETURNS TABLE (late_us bigint, class text) LANGUAGE sql STABLE AS $$
  WITH longest AS (
    SELECT max(span_us) AS us, groat_margin_us(p_allowance, p_speed) AS margin
    FROM quota_windows WHERE allowance = p_allowance
  )
  SELECT c.last_us - p_now, c.class
  FROM provider_calls c, longest l
  WHERE c.allowance = p_allowance AND c.clock_id = p_clock AND c.last_us > p_now - l.us
  UNION ALL
  SELECT groat_quota_us(c.last_wall - p_wall, p_speed) + l.margin, c.class
  FROM provider_calls c, longest l
  WHERE c.allowance = p_allowance AND c.clock_id <> p_clock
    AND c.last_wall > p_wall - (l.us + l.margin) / p_speed * interval '1 microsecond'
$$;

-- Reserve one call. p_now is read by the caller before it asks: an older reading only counts more calls as resting,
-- so waiting for the lock can never let one too many through. p_speed is quota-clock seconds in a second of this
-- server. The COMMIT makes PostgreSQL refuse (2D000) a
-- reservation inside a caller's transaction, where it could be rolled back after the call was sent.
CREATE PROCEDURE groat_reserve(
  p_allowance text, p_clock text, p_now bigint, p_speed float8, p_told timestamptz, p_class text, p_purpose text,
  INOUT call_id bigint, INOUT soonest_us bigint, INOUT latest_us bigint, INOUT why text
) LANGUAGE plpgsql AS $$
DECLARE
  held    allowances%ROWTYPE;
  walls   record;
  blocked bigint;
BEGIN
  PERFORM set_config('synchronous_commit', 'on', true);
  -- A statement of its own: the next one gets a snapshot from after the lock.
  SELECT * INTO held FROM allowances WHERE id = p_allowance FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'allowance % is not declared', p_allowance USING ERRCODE = 'no_data_found';
  END IF;
  SELECT * INTO walls FROM groat_wall(p_allowance, p_clock, p_now, p_speed, p_told);
  SELECT max(nth.late_us + w.span_us), max(least(nth.late_us, 0) + w.span_us)
  INTO latest_us, soonest_us
  FROM quota_windows w CROSS JOIN LATERAL (
    SELECT r.late_us FROM groat_resting(p_allowance, p_clock, p_now, p_speed, walls.judged) r
    WHERE r.late_us > -w.span_us AND w.class IN ('any', r.class)
    ORDER BY r.late_us DESC OFFSET least(w.max_calls, w.limit_seen) - 1 LIMIT 1
  ) nth
  WHERE w.allowance = p_allowance AND w.class IN ('any', p_class);
  why := CASE WHEN latest_us IS NOT NULL THEN 'every slot is taken' END;
  blocked := CASE WHEN held.blocked_clock = p_clock THEN held.blocked_us - p_now
    ELSE groat_quota_us(held.blocked_wall - walls.judged, p_speed) + groat_margin_us(p_allowance, p_speed) END;
  IF blocked > coalesce(soonest_us, 0) THEN
    soonest_us := blocked;
    latest_us := greatest(latest_us, blocked);
    why := held.blocked_why;
  END IF;
  call_id := NULL;
  IF why IS NULL THEN
    INSERT INTO provider_calls (allowance, clock_id, at_us, last_us, at_wall, last_wall, class, purpose)
    VALUES (p_allowance, p_clock, p_now, p_now + held.hold_us, walls.stamped,
            walls.stamped + held.hold_us / p_speed * interval '1 microsecond', p_class, p_purpose)
    RETURNING id INTO call_id;
  END IF;
  COMMIT;
END $$;

-- Grant nothing for p_for_us, or longer if that was already so.
CREATE FUNCTION groat_block(
  p_allowance text, p_clock text, p_now bigint, p_speed float8, p_told timestamptz, p_for_us bigint, p_why text
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  walls record;
BEGIN
  PERFORM FROM allowances WHERE id = p_allowance FOR NO KEY UPDATE;
  SELECT * INTO walls FROM groat_wall(p_allowance, p_clock, p_now, p_speed, p_told);
  UPDATE allowances SET
    blocked_us = greatest(p_now + p_for_us, CASE WHEN blocked_clock = p_clock THEN blocked_us
      ELSE p_now + groat_quota_us(blocked_wall - walls.judged, p_speed) + groat_margin_us(p_allowance, p_speed) END),
    blocked_wall = greatest(blocked_wall, walls.stamped + p_for_us / p_speed * interval '1 microsecond'),
    blocked_clock = p_clock, blocked_why = p_why
  WHERE id = p_allowance;
END $$;

-- Take the provider's own word, where it is stricter than ours: a lower limit of the window of that span, and how many calls
-- it still grants. What it has counted and we have not (the key is used elsewhere) becomes calls that rest from now.
-- Returns how many those are.
CREATE FUNCTION groat_tighten(
  p_allowance text, p_clock text, p_now bigint, p_speed float8, p_told timestamptz,
  p_span_us bigint, p_limit integer, p_remaining integer
) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  walls   record;
  most    integer;
  counted integer;
BEGIN
  PERFORM FROM allowances WHERE id = p_allowance FOR NO KEY UPDATE;
  UPDATE quota_windows SET limit_seen = p_limit
  WHERE allowance = p_allowance AND class = 'any' AND span_us = p_span_us
    AND p_limit > 0 AND p_limit < least(max_calls, limit_seen);
  SELECT least(max_calls, limit_seen) INTO most
  FROM quota_windows WHERE allowance = p_allowance AND class = 'any' AND span_us = p_span_us;
  IF most IS NULL OR p_remaining IS NULL OR p_remaining >= most THEN
    RETURN 0;
  END IF;
  SELECT * INTO walls FROM groat_wall(p_allowance, p_clock, p_now, p_speed, p_told);
  SELECT count(*) INTO counted FROM groat_resting(p_allowance, p_clock, p_now, p_speed, walls.judged)
  WHERE late_us > -p_span_us;
  counted := greatest(most - greatest(p_remaining, 0) - counted, 0);
  INSERT INTO provider_calls
    (allowance, clock_id, at_us, last_us, at_wall, last_wall, settled, purpose, outcome)
  SELECT p_allowance, p_clock, p_now, p_now, walls.stamped, walls.stamped, true, 'counted by the provider', 'elsewhere'
  FROM generate_series(1, counted);
  RETURN counted;
END $$;

-- Delete the oldest calls, p_most of them at most: those older than p_keep, and than twice the longest window.
CREATE FUNCTION groat_prune_calls(
  p_allowance text, p_clock text, p_now bigint, p_speed float8, p_told timestamptz, p_keep interval, p_most integer
) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  walls   record;
  least_us bigint;
  keep    interval;
  deleted integer;
BEGIN
  SELECT 2 * (max(w.span_us) + a.hold_us) INTO least_us
  FROM allowances a LEFT JOIN quota_windows w ON w.allowance = a.id WHERE a.id = p_allowance GROUP BY a.id;
  least_us := coalesce(least_us, 0);
  PERFORM FROM allowances WHERE id = p_allowance FOR NO KEY UPDATE;
  SELECT * INTO walls FROM groat_wall(p_allowance, p_clock, p_now, p_speed, p_told);
  keep := greatest(p_keep, least_us * interval '1 microsecond');
  DELETE FROM host_clocks WHERE allowance = p_allowance AND clock_id <> p_clock AND seen_wall < walls.judged - keep;
  DELETE FROM provider_calls WHERE id IN (
    SELECT id FROM provider_calls
    WHERE allowance = p_allowance AND last_wall < walls.judged - p_keep
      AND CASE WHEN clock_id = p_clock THEN last_us < p_now - greatest(least_us, groat_quota_us(p_keep, p_speed))
               ELSE last_wall < walls.judged - keep END
    ORDER BY last_wall LIMIT p_most);
  GET DIAGNOSTICS deleted = ROW_COUNT;
  RETURN deleted;
END $$;

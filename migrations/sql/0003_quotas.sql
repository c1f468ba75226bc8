-- The quota ledger: the log of calls IS the ledger, so no counter can drift from it. See docs/why/quota-ledger.md.

-- One row a key (by hash, never the key itself): the row that reservations lock.
CREATE TABLE allowances (
  id            text PRIMARY KEY,
  provider      text NOT NULL,
  hold_us       bigint NOT NULL CHECK (hold_us > 0),
  blocked_clock text,
  blocked_us    bigint,
  blocked_wall  timestamptz,
  blocked_why   text,
  CHECK (num_nulls(blocked_clock, blocked_us, blocked_wall, blocked_why) IN (0, 4))
);
COMMENT ON COLUMN allowances.hold_us IS 'Longest time after a reservation at which the provider can still count the call, in microseconds of the quota clock.';
COMMENT ON COLUMN allowances.blocked_us IS 'On the clock named by blocked_clock; blocked_wall is the same moment for readers of other clocks.';

CREATE TABLE quota_windows (
  allowance text   NOT NULL REFERENCES allowances ON DELETE CASCADE,
  span_us   bigint NOT NULL CHECK (span_us > 0),
  max_calls integer NOT NULL CHECK (max_calls > 0),
  PRIMARY KEY (allowance, span_us)
);

-- at_us/last_us are read on the quota clock named by clock_id (the boot clock, or a replay's). last_* is the last
-- moment at which the provider can have counted the call.
CREATE TABLE provider_calls (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  allowance   text   NOT NULL REFERENCES allowances,
  clock_id    text   NOT NULL,
  at_us       bigint NOT NULL,
  last_us     bigint NOT NULL CHECK (last_us >= at_us),
  at_wall     timestamptz NOT NULL,
  last_wall   timestamptz NOT NULL,
  settled     boolean NOT NULL DEFAULT false,
  purpose     text   NOT NULL,
  outcome     text,
  status      integer,
  reply_bytes integer,
  duration_ms float8,
  error       text
);
CREATE INDEX provider_calls_own ON provider_calls (allowance, clock_id, last_us DESC);
CREATE INDEX provider_calls_foreign ON provider_calls (allowance, last_wall DESC);

-- For each call that still rests, how long from now it could last be counted (negative: ago). Rows of the caller's own
-- clock are judged by that clock alone, so a jump of this server's time moves nothing. Rows of another clock (before a
-- reboot) are judged by this server's time, a second longer; corrections between hosts belong in that branch.
CREATE FUNCTION groat_resting(p_allowance text, p_clock text, p_now bigint) RETURNS TABLE (late_us bigint)
LANGUAGE sql VOLATILE AS $$
  WITH longest AS (SELECT max(span_us) AS us FROM quota_windows WHERE allowance = p_allowance)
  SELECT c.last_us - p_now
  FROM provider_calls c, longest l
  WHERE c.allowance = p_allowance AND c.clock_id = p_clock AND c.last_us > p_now - l.us
  UNION ALL
  SELECT (extract(epoch FROM c.last_wall - clock_timestamp()) * 1e6)::bigint + 1000000
  FROM provider_calls c, longest l
  WHERE c.allowance = p_allowance AND c.clock_id <> p_clock
    AND c.last_wall > clock_timestamp() - l.us * interval '1 microsecond' - interval '1 second'
$$;

-- Reserve one call. p_now is read by the caller before it asks: an older reading only counts more calls as resting,
-- so waiting for the lock can never let one too many through. p_speed is quota-clock seconds in a second of this
-- server. The COMMIT makes PostgreSQL refuse (2D000) a
-- reservation inside a caller's transaction, where it could be rolled back after the call was sent.
CREATE PROCEDURE groat_reserve(
  p_allowance text, p_clock text, p_now bigint, p_speed float8, p_purpose text,
  INOUT call_id bigint, INOUT soonest_us bigint, INOUT latest_us bigint, INOUT why text
) LANGUAGE plpgsql AS $$
DECLARE
  held     allowances%ROWTYPE;
  blocked  bigint;
BEGIN
  PERFORM set_config('synchronous_commit', 'on', true);
  -- A statement of its own: the next one gets a snapshot from after the lock.
  SELECT * INTO held FROM allowances WHERE id = p_allowance FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'allowance % is not declared', p_allowance USING ERRCODE = 'no_data_found';
  END IF;
  SELECT max(nth.late_us + w.span_us), max(least(nth.late_us, 0) + w.span_us)
  INTO latest_us, soonest_us
  FROM quota_windows w CROSS JOIN LATERAL (
    SELECT r.late_us FROM groat_resting(p_allowance, p_clock, p_now) r
    WHERE r.late_us > -w.span_us ORDER BY r.late_us DESC OFFSET w.max_calls - 1 LIMIT 1
  ) nth
  WHERE w.allowance = p_allowance;
  why := CASE WHEN latest_us IS NOT NULL THEN 'every slot is taken' END;
  blocked := CASE WHEN held.blocked_clock = p_clock THEN held.blocked_us - p_now
                  ELSE (extract(epoch FROM held.blocked_wall - clock_timestamp()) * 1e6)::bigint + 1000000 END;
  IF blocked > coalesce(soonest_us, 0) THEN
    soonest_us := blocked;
    latest_us := greatest(latest_us, blocked);
    why := held.blocked_why;
  END IF;
  call_id := NULL;
  IF why IS NULL THEN
    INSERT INTO provider_calls (allowance, clock_id, at_us, last_us, at_wall, last_wall, purpose)
    VALUES (p_allowance, p_clock, p_now, p_now + held.hold_us, clock_timestamp(),
            clock_timestamp() + held.hold_us / p_speed * interval '1 microsecond', p_purpose)
    RETURNING id INTO call_id;
  END IF;
  COMMIT;
END $$;

-- What a key may not do, learnt from refusals: a whole dataset, or its sessions up to a date.
CREATE TABLE provider_capabilities (
  allowance  text NOT NULL REFERENCES allowances,
  dataset    text NOT NULL,
  through    date,
  refused_at timestamptz NOT NULL,
  reason     text NOT NULL,
  ask_again  timestamptz NOT NULL,
  PRIMARY KEY (allowance, dataset)
);
COMMENT ON COLUMN provider_capabilities.through IS 'Sessions up to here are refused; NULL when the whole dataset is.';

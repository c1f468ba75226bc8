-- The quota ledger: the log of calls IS the ledger, so no counter can drift from it.

-- One row a key (by hash, never the key itself): the row that reservations lock.
CREATE TABLE allowances (
  id            text PRIMARY KEY,
  provider      text NOT NULL,
  hold_us       bigint NOT NULL CHECK (hold_us > 0),
  blocked_until bigint,
  blocked_why   text
);
COMMENT ON COLUMN allowances.hold_us IS 'Longest time after a reservation at which the provider can still count the call, in microseconds of the quota clock.';

CREATE TABLE quota_windows (
  allowance text   NOT NULL REFERENCES allowances ON DELETE CASCADE,
  span_us   bigint NOT NULL CHECK (span_us > 0),
  max_calls integer NOT NULL CHECK (max_calls > 0),
  PRIMARY KEY (allowance, span_us)
);

-- at_us/last_us are read on the quota clock named by clock_id (the boot clock, or a replay's).
CREATE TABLE provider_calls (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  allowance   text   NOT NULL REFERENCES allowances,
  clock_id    text   NOT NULL,
  at_us       bigint NOT NULL,
  last_us     bigint NOT NULL,
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

-- What a key may not do, learnt from refusals.
CREATE TABLE provider_capabilities (
  allowance  text NOT NULL REFERENCES allowances,
  dataset    text NOT NULL,
  refused_at timestamptz NOT NULL,
  reason     text NOT NULL,
  ask_again  timestamptz NOT NULL,
  PRIMARY KEY (allowance, dataset)
);

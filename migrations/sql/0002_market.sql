-- The market: sessions, instruments, raw bars and their revisions, corporate actions.

CREATE TABLE sessions (
  mic      text        NOT NULL,
  session  date        NOT NULL,
  open_at  timestamptz NOT NULL,
  close_at timestamptz NOT NULL,
  PRIMARY KEY (mic, session),
  CHECK (open_at < close_at)
);
COMMENT ON TABLE sessions IS 'Trading sessions of an exchange, early closes included; session is the exchange''s local date.';

CREATE TABLE instruments (
  id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  symbol      text NOT NULL UNIQUE CHECK (symbol <> ''),
  name        text,
  mic         text,
  type        text,
  currency    text,
  sector      text,
  industry    text,
  cik         text,
  figi        text,
  active      boolean NOT NULL DEFAULT true,
  listed_on   date,
  delisted_on date,
  provider    text NOT NULL,
  known_at    timestamptz NOT NULL,
  changed_at  timestamptz NOT NULL,
  search      tsvector GENERATED ALWAYS AS (
    setweight(to_tsvector('simple', groat_unaccent(symbol)), 'A')
    || setweight(to_tsvector('simple', groat_unaccent(coalesce(name, ''))), 'B')
    || setweight(to_tsvector('simple', groat_unaccent(coalesce(sector, '') || ' ' || coalesce(industry, ''))), 'D')
  ) STORED
);
CREATE INDEX instruments_search ON instruments USING gin (search);
CREATE INDEX instruments_symbol_prefix ON instruments (lower(symbol) text_pattern_ops);
CREATE INDEX instruments_trigram ON instruments USING gin (lower(groat_unaccent(symbol || ' ' || coalesce(name, ''))) gin_trgm_ops);

-- One row a provider's reply that was stored: where every fact came from, and what became of its rows.
-- row_count is how many were sound; step is the pipeline step (run/step/part) that stored it.
CREATE TABLE fetches (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  provider       text NOT NULL,
  dataset        text NOT NULL,
  subject        text NOT NULL,
  payload_sha256 bytea NOT NULL,
  payload_bytes  integer NOT NULL,
  row_count      integer NOT NULL,
  inserted       integer NOT NULL DEFAULT 0,
  changed        integer NOT NULL DEFAULT 0,
  held           integer NOT NULL DEFAULT 0,
  settles        boolean NOT NULL DEFAULT false,
  step           text,
  known_at       timestamptz NOT NULL,
  created_at     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX fetches_by_subject ON fetches (dataset, subject, id DESC);
CREATE INDEX fetches_by_step ON fetches (step text_pattern_ops);

-- Raw as traded: never adjusted, never overwritten without a revision.
CREATE TABLE bars_daily (
  instrument_id integer NOT NULL,
  session       date    NOT NULL,
  open          float8  NOT NULL,
  high          float8  NOT NULL,
  low           float8  NOT NULL,
  close         float8  NOT NULL,
  volume        float8  NOT NULL,
  vwap          float8,
  trades        integer,
  provider      text    NOT NULL,
  fetch_id      bigint  NOT NULL,
  known_at      timestamptz NOT NULL,
  -- Sessions arrive one by one, so that an instrument's bars lie each on a page of its own; the key holds them side by side.
  PRIMARY KEY (instrument_id, session) INCLUDE (open, high, low, close, volume),
  CONSTRAINT bars_daily_ohlc CHECK (
    low > 0 AND high < 'Infinity' AND low <= high
    AND open BETWEEN low AND high AND close BETWEEN low AND high
    AND volume >= 0 AND volume < 'Infinity')
) WITH (
  -- Only vacuumed pages are read from the key alone: not after a fifth of the table is new, but after a few sessions.
  autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 50000
);

CREATE TABLE bar_revisions (
  instrument_id integer NOT NULL,
  session       date    NOT NULL,
  open          float8  NOT NULL,
  high          float8  NOT NULL,
  low           float8  NOT NULL,
  close         float8  NOT NULL,
  volume        float8  NOT NULL,
  vwap          float8,
  trades        integer,
  provider      text    NOT NULL,
  fetch_id      bigint  NOT NULL,
  known_at      timestamptz NOT NULL,
  superseded_at timestamptz NOT NULL,
  PRIMARY KEY (instrument_id, session, known_at)
);
COMMENT ON TABLE bar_revisions IS 'Superseded bars: each was what was known from known_at until superseded_at.';

CREATE TABLE corporate_actions (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  instrument_id integer NOT NULL REFERENCES instruments,
  kind          text NOT NULL CHECK (kind IN ('split', 'dividend')),
  ex_date       date NOT NULL,
  split_from    numeric CHECK (split_from > 0 AND split_from < 'Infinity'),
  split_to      numeric CHECK (split_to > 0 AND split_to < 'Infinity'),
  cash_amount   numeric CHECK (cash_amount >= 0 AND cash_amount < 'Infinity'),
  currency      text,
  dividend_type text,
  declared_on   date,
  record_on     date,
  pay_on        date,
  provider      text NOT NULL,
  provider_ref  text NOT NULL,
  fetch_id      bigint NOT NULL,
  known_at      timestamptz NOT NULL,
  superseded_at timestamptz,
  seen_at       timestamptz,
  CHECK ((kind = 'split') = (split_from IS NOT NULL AND split_to IS NOT NULL)),
  CHECK ((kind = 'dividend') = (cash_amount IS NOT NULL))
);
CREATE UNIQUE INDEX corporate_actions_current
  ON corporate_actions (provider, provider_ref) WHERE superseded_at IS NULL;
COMMENT ON COLUMN corporate_actions.seen_at IS 'When the provider last reported it: one that a whole sweep no longer reports was withdrawn.';
CREATE INDEX corporate_actions_by_instrument ON corporate_actions (instrument_id, ex_date);
CREATE INDEX corporate_actions_by_date ON corporate_actions (ex_date DESC, id DESC);

-- Suspect rows with the evidence, out of sight of every reader until released.
CREATE TABLE quarantine (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  dataset       text NOT NULL,
  symbol        text NOT NULL,
  session       date,
  rule          text NOT NULL,
  evidence      jsonb NOT NULL,
  row           jsonb NOT NULL,
  provider      text NOT NULL,
  fetch_id      bigint NOT NULL,
  state         text NOT NULL DEFAULT 'held' CHECK (state IN ('held', 'released', 'rejected')),
  known_at      timestamptz NOT NULL,
  decided_at    timestamptz,
  UNIQUE NULLS NOT DISTINCT (dataset, symbol, session, rule, provider, row)
);

-- Answers, not bars: which dates a provider has answered for. Instrument 0 is the whole market. For a dataset that is
-- swept as a whole (instruments, splits, dividends) the last date is the market day of the last whole sweep.
CREATE TABLE settled (
  dataset       text NOT NULL,
  instrument_id integer NOT NULL,
  span          datemultirange NOT NULL,
  PRIMARY KEY (dataset, instrument_id)
);

-- One row a dataset (bars_daily, instruments, corporate_actions), moved in the transaction of every change and sent to
-- the channel groat_changes: what an ETag is made of. changed_at is machine time.
CREATE TABLE watermarks (
  dataset    text PRIMARY KEY,
  version    bigint NOT NULL DEFAULT 0,
  changed_at timestamptz NOT NULL
);

DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
    -- Three years a chunk: a read plans over all of them, and a free plan's two years fit in one or two.
    PERFORM create_hypertable('bars_daily', by_range('session', INTERVAL '3 years'), create_default_indexes => false);
  END IF;
END $$;

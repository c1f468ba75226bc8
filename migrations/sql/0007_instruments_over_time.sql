-- Instruments over time: who had which symbol when, what was known of an instrument and until when, who was in an index.

-- A symbol may pass from a company that is gone to another: only among the active ones is it one instrument's.
ALTER TABLE instruments DROP CONSTRAINT instruments_symbol_key;
CREATE UNIQUE INDEX instruments_active_symbol ON instruments (symbol) WHERE active;
CREATE INDEX instruments_by_symbol ON instruments (symbol, active DESC, delisted_on DESC NULLS LAST, id DESC);
CREATE INDEX instruments_by_figi ON instruments (figi) WHERE figi IS NOT NULL;
-- Dates are market days of whole sweeps of the list of active instruments: the first and the last that had it, the last
-- that lacked it, and how many have lacked it since.
ALTER TABLE instruments
  ADD COLUMN first_listing date,
  ADD COLUMN last_listing  date,
  ADD COLUMN last_miss     date,
  ADD COLUMN misses        integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN instruments.changed_at IS 'Since when (market time) the facts of this row are known; earlier facts are in instrument_revisions.';

-- No foreign keys here: an instrument that turned out to be another one under a new symbol is united with it, and what
-- was known of it before that must still be found.
CREATE TABLE instrument_revisions (
  instrument_id integer NOT NULL,
  symbol        text NOT NULL,
  name          text,
  mic           text,
  type          text,
  currency      text,
  sector        text,
  industry      text,
  cik           text,
  figi          text,
  active        boolean NOT NULL,
  listed_on     date,
  delisted_on   date,
  provider      text NOT NULL,
  known_at      timestamptz NOT NULL,
  superseded_at timestamptz NOT NULL,
  PRIMARY KEY (instrument_id, known_at),
  CHECK (superseded_at > known_at)
);
COMMENT ON TABLE instrument_revisions IS 'Superseded facts: each row was what was known from known_at until superseded_at.';
CREATE INDEX instrument_revisions_search ON instrument_revisions
  USING gin (to_tsvector('simple', groat_unaccent(coalesce(name, ''))));

-- Sessions from valid_from to before valid_to; NULL is not known, or not yet come. A correction supersedes the row.
CREATE TABLE instrument_symbols (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  instrument_id integer NOT NULL,
  symbol        text NOT NULL,
  valid_from    date,
  valid_to      date,
  provider      text NOT NULL,
  fetch_id      bigint,
  known_at      timestamptz NOT NULL,
  superseded_at timestamptz,
  CHECK (valid_from < valid_to),
  CHECK (superseded_at > known_at)
);
CREATE INDEX instrument_symbols_by_symbol ON instrument_symbols (symbol, instrument_id);
CREATE INDEX instrument_symbols_folded ON instrument_symbols (lower(symbol)) WHERE superseded_at IS NULL;
CREATE INDEX instrument_symbols_by_instrument ON instrument_symbols (instrument_id);

-- Which numbers were united: the second is the one that stays.
CREATE TABLE instrument_unions (
  gone_id   integer PRIMARY KEY,
  stays_id  integer NOT NULL,
  symbol    text NOT NULL,
  evidence  jsonb NOT NULL,
  fetch_id  bigint,
  known_at  timestamptz NOT NULL
);

-- linked_at: since when it is known which instrument that is.
CREATE TABLE index_memberships (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  index         text NOT NULL,
  symbol        text NOT NULL,
  name          text NOT NULL,
  joined_on     date NOT NULL,
  left_on       date CHECK (left_on > joined_on),
  instrument_id integer,
  linked_at     timestamptz,
  source        text NOT NULL,
  known_at      timestamptz NOT NULL,
  superseded_at timestamptz CHECK (superseded_at > known_at),
  CHECK ((instrument_id IS NULL) = (linked_at IS NULL))
);
CREATE UNIQUE INDEX index_memberships_current ON index_memberships (index, symbol, joined_on, name)
  WHERE superseded_at IS NULL;
CREATE INDEX index_memberships_by_instrument ON index_memberships (instrument_id);

-- Whoever adds an instrument adds its symbol, and whoever changes a fact keeps the old one: no writer can forget it.
CREATE FUNCTION groat_first_symbol() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO instrument_symbols (instrument_id, symbol, valid_from, valid_to, provider, known_at)
  SELECT id, symbol, CASE WHEN active OR listed_on <= delisted_on THEN listed_on END,
    CASE WHEN NOT active THEN delisted_on + 1 END, provider, known_at
  FROM added;
  RETURN NULL;
END $$;
CREATE TRIGGER instruments_first_symbol AFTER INSERT ON instruments
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION groat_first_symbol();

CREATE FUNCTION groat_keep_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.changed_at := greatest(NEW.changed_at, OLD.changed_at + interval '1 microsecond');
  INSERT INTO instrument_revisions (instrument_id, symbol, name, mic, type, currency, sector, industry, cik, figi, active,
    listed_on, delisted_on, provider, known_at, superseded_at)
  VALUES (OLD.id, OLD.symbol, OLD.name, OLD.mic, OLD.type, OLD.currency, OLD.sector, OLD.industry, OLD.cik, OLD.figi,
    OLD.active, OLD.listed_on, OLD.delisted_on, OLD.provider, OLD.changed_at, NEW.changed_at);
  RETURN NEW;
END $$;
CREATE TRIGGER instruments_keep_revision BEFORE UPDATE ON instruments FOR EACH ROW
  WHEN ((OLD.symbol, OLD.name, OLD.mic, OLD.type, OLD.currency, OLD.sector, OLD.industry, OLD.cik, OLD.figi, OLD.active,
         OLD.listed_on, OLD.delisted_on)
    IS DISTINCT FROM (NEW.symbol, NEW.name, NEW.mic, NEW.type, NEW.currency, NEW.sector, NEW.industry, NEW.cik, NEW.figi,
         NEW.active, NEW.listed_on, NEW.delisted_on))
  EXECUTE FUNCTION groat_keep_revision();

INSERT INTO instrument_symbols (instrument_id, symbol, valid_from, valid_to, provider, known_at)
SELECT id, symbol, listed_on, CASE WHEN NOT active THEN delisted_on + 1 END, provider, known_at FROM instruments;

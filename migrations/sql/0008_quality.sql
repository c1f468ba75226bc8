-- Data quality: what is stored of each session, what looks wrong among it, what a second provider says, who decided.

-- How many instruments have a bar of a session. Moved in the transaction of every ingest, so that nobody has to count
-- bars; version moves with it, and the judge remembers which one it has judged.
CREATE TABLE bar_sessions (
  session date    PRIMARY KEY,
  stored  integer NOT NULL CHECK (stored >= 0),
  version bigint  NOT NULL DEFAULT 1,
  judged  bigint  NOT NULL DEFAULT 0
);
CREATE INDEX bar_sessions_unjudged ON bar_sessions (session) WHERE judged < version;
INSERT INTO bar_sessions (session, stored) SELECT session, count(*) FROM bars_daily GROUP BY session;

-- Another provider's bar of a session: never served, only compared. One that differs from its last is another row.
-- compared_with is the known_at of the stored bar that it was last held against.
CREATE TABLE bar_opinions (
  instrument_id integer     NOT NULL REFERENCES instruments,
  session       date        NOT NULL,
  provider      text        NOT NULL,
  open          float8      NOT NULL,
  high          float8      NOT NULL,
  low           float8      NOT NULL,
  close         float8      NOT NULL,
  volume        float8      NOT NULL,
  fetch_id      bigint      NOT NULL,
  known_at      timestamptz NOT NULL,
  compared_with timestamptz,
  PRIMARY KEY (instrument_id, session, provider, known_at),
  CONSTRAINT bar_opinions_ohlc CHECK (
    low > 0 AND high < 'Infinity' AND low <= high
    AND open BETWEEN low AND high AND close BETWEEN low AND high
    AND volume >= 0 AND volume < 'Infinity')
);
CREATE INDEX bar_opinions_new ON bar_opinions (session) WHERE compared_with IS NULL;

-- A doubt about what is stored, or about a hole in it; the bar itself stays as it is. open: nobody knows better;
-- confirmed: a second provider says the same as the bar; resolved: the doubt has gone (an action explains it, the bar
-- was corrected, the hole was filled). A doubt that comes back is another row. bar_known_at says which bar was judged,
-- asked_at when a second provider was last asked about it.
CREATE TABLE bar_flags (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  instrument_id integer     NOT NULL REFERENCES instruments,
  session       date        NOT NULL,
  rule          text        NOT NULL,
  evidence      jsonb       NOT NULL CHECK (jsonb_typeof(evidence) = 'object'),
  state         text        NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'confirmed', 'resolved')),
  bar_known_at  timestamptz,
  known_at      timestamptz NOT NULL,
  decided_at    timestamptz,
  decision      text,
  asked_at      timestamptz,
  CHECK ((state = 'open') = (decided_at IS NULL))
);
CREATE UNIQUE INDEX bar_flags_open ON bar_flags (instrument_id, session, rule) WHERE state = 'open';
CREATE INDEX bar_flags_open_by_session ON bar_flags (session, rule) WHERE state = 'open';
CREATE INDEX bar_flags_by_instrument ON bar_flags (instrument_id, session DESC);
CREATE INDEX bar_flags_by_session ON bar_flags (session DESC, id DESC);

-- Sessions of single instruments that must be judged again, because an action came, changed or went. Rows are only ever
-- added, so that ingest waits for nobody; the judge deletes those that it has read.
CREATE TABLE bar_rejudge (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  instrument_id integer NOT NULL,
  ex_date       date    NOT NULL
);
CREATE FUNCTION groat_rejudge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO bar_rejudge (instrument_id, ex_date) VALUES (NEW.instrument_id, NEW.ex_date);
  RETURN NULL;
END $$;
CREATE TRIGGER corporate_actions_rejudge AFTER INSERT OR UPDATE OF superseded_at ON corporate_actions
  FOR EACH ROW EXECUTE FUNCTION groat_rejudge();

-- Who decided on a held row, and why.
ALTER TABLE quarantine
  ADD COLUMN reason text,
  ADD COLUMN decided_by text,
  ADD CONSTRAINT quarantine_decided CHECK (state = 'held' OR decided_at IS NOT NULL);
CREATE INDEX quarantine_held ON quarantine (dataset, session) WHERE state = 'held';

-- The latest fetch of a dataset, whatever it was about.
CREATE INDEX fetches_by_dataset ON fetches (dataset, id);

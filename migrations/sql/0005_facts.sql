-- What is told of companies: profiles and fundamentals, quotes, earnings, news. Each row says who told it (provider), in
-- which reply (fetch_id) and since when it was known (known_at, market time); what superseded it is another row.

-- One provider's word on one company: a new row only when a fact differs. seen_at is when it last said the same.
CREATE TABLE company_facts (
  instrument_id integer     NOT NULL REFERENCES instruments,
  dataset       text        NOT NULL CHECK (dataset IN ('profiles', 'fundamentals')),
  provider      text        NOT NULL,
  facts         jsonb       NOT NULL CHECK (jsonb_typeof(facts) = 'object'),
  fetch_id      bigint      NOT NULL,
  known_at      timestamptz NOT NULL,
  superseded_at timestamptz CHECK (superseded_at > known_at),
  seen_at       timestamptz NOT NULL,
  PRIMARY KEY (instrument_id, dataset, provider, known_at)
);
CREATE UNIQUE INDEX company_facts_current ON company_facts (instrument_id, dataset, provider) WHERE superseded_at IS NULL;

-- What a share cost at a provider's own time `at`; a correction of the same moment is a later known_at.
CREATE TABLE quotes (
  instrument_id  integer     NOT NULL REFERENCES instruments,
  provider       text        NOT NULL,
  at             timestamptz NOT NULL,
  price          float8      NOT NULL CHECK (price > 0 AND price < 'Infinity'),
  open           float8,
  high           float8,
  low            float8,
  previous_close float8,
  volume         float8,
  fetch_id       bigint      NOT NULL,
  known_at       timestamptz NOT NULL,
  PRIMARY KEY (instrument_id, at, provider, known_at)
);

CREATE TABLE earnings (
  id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  instrument_id    integer     NOT NULL REFERENCES instruments,
  fiscal_year      integer     NOT NULL,
  fiscal_quarter   integer     NOT NULL CHECK (fiscal_quarter BETWEEN 1 AND 4),
  report_date      date        NOT NULL,
  report_time      text CHECK (report_time IN ('before_open', 'after_close', 'in_session')),
  eps_estimate     float8,
  eps_actual       float8,
  revenue_estimate float8,
  revenue_actual   float8,
  provider         text        NOT NULL,
  fetch_id         bigint      NOT NULL,
  known_at         timestamptz NOT NULL,
  superseded_at    timestamptz CHECK (superseded_at > known_at)
);
COMMENT ON COLUMN earnings.report_date IS 'In the exchange''s calendar. A report that a sweep of its dates no longer has was withdrawn.';
CREATE UNIQUE INDEX earnings_current ON earnings (instrument_id, fiscal_year, fiscal_quarter, provider)
  WHERE superseded_at IS NULL;
CREATE INDEX earnings_by_date ON earnings (report_date DESC, id DESC);
CREATE INDEX earnings_by_instrument ON earnings (instrument_id, report_date DESC, id DESC);

-- One row an article, however many providers and addresses it came by: the first one's words, which nothing overwrites.
-- url_key is the address without what does not name the article (null when it names only a site); title_key is the
-- title's words (null when they are too few), for the same story under another address.
CREATE TABLE articles (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  url          text        NOT NULL,
  url_key      text        UNIQUE,
  title        text        NOT NULL CHECK (title <> ''),
  title_key    text,
  source       text,
  author       text,
  summary      text,
  image_url    text,
  published_at timestamptz NOT NULL,
  provider     text        NOT NULL,
  fetch_id     bigint      NOT NULL,
  known_at     timestamptz NOT NULL,
  search       tsvector GENERATED ALWAYS AS (
    setweight(to_tsvector('english', groat_unaccent(title)), 'A')
    || setweight(to_tsvector('english', groat_unaccent(coalesce(summary, ''))), 'C')
  ) STORED
);
CREATE INDEX articles_by_time ON articles (published_at DESC, id DESC);
CREATE INDEX articles_by_title ON articles (title_key, published_at) WHERE title_key IS NOT NULL;
-- Without a list of what is pending: a search is quick right after an ingest too.
CREATE INDEX articles_search ON articles USING gin (search) WITH (fastupdate = off);

-- Each provider and address by which an article came, the first one included. An address that was seen once leads to
-- its article for ever.
CREATE TABLE article_sightings (
  article_id bigint      NOT NULL REFERENCES articles,
  provider   text        NOT NULL,
  ref        text        NOT NULL,
  url        text        NOT NULL,
  url_key    text,
  fetch_id   bigint      NOT NULL,
  known_at   timestamptz NOT NULL,
  PRIMARY KEY (provider, ref)
);
CREATE INDEX article_sightings_by_article ON article_sightings (article_id);
CREATE INDEX article_sightings_by_url ON article_sightings (url_key) WHERE url_key IS NOT NULL;

-- Which companies an article is about, and who says so: the provider, or our reading of its text (basis). The time of
-- publication is the article's, so that one company's latest news are read in order.
CREATE TABLE article_instruments (
  instrument_id integer     NOT NULL REFERENCES instruments,
  published_at  timestamptz NOT NULL,
  article_id    bigint      NOT NULL REFERENCES articles,
  provider      text        NOT NULL,
  basis         text        NOT NULL CHECK (basis IN ('provider', 'text')),
  fetch_id      bigint      NOT NULL,
  known_at      timestamptz NOT NULL,
  PRIMARY KEY (instrument_id, published_at, article_id, provider, basis)
);
CREATE INDEX article_instruments_by_article ON article_instruments (article_id);

-- A provider's own score, never ours; instrument 0 is the article as a whole. One that changes is a later row.
CREATE TABLE article_sentiments (
  article_id    bigint      NOT NULL REFERENCES articles,
  instrument_id integer     NOT NULL DEFAULT 0,
  provider      text        NOT NULL,
  ref           text        NOT NULL,
  score         float8 CHECK (score BETWEEN -1 AND 1),
  label         text,
  fetch_id      bigint      NOT NULL,
  known_at      timestamptz NOT NULL,
  PRIMARY KEY (article_id, instrument_id, provider, ref, known_at),
  CHECK (num_nonnulls(score, label) > 0)
);

DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
    PERFORM create_hypertable('quotes', by_range('at', INTERVAL '3 months'), create_default_indexes => false);
  END IF;
END $$;

-- When each instrument was last asked about, and by whom: what goes from instrument to instrument is planned from this.
-- A provider that knew nothing is asked again after a growing wait (next_ask, market time).
CREATE TABLE asks (
  dataset       text        NOT NULL,
  instrument_id integer     NOT NULL REFERENCES instruments,
  provider      text        NOT NULL,
  asked_at      timestamptz NOT NULL,
  misses        integer     NOT NULL DEFAULT 0,
  next_ask      timestamptz NOT NULL,
  PRIMARY KEY (dataset, instrument_id, provider)
);
COMMENT ON COLUMN asks.misses IS 'How many answers in a row held nothing of the instrument; 0 after one that did.';

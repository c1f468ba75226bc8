-- The spine: steps are the outbox. Times here are machine time (now()), but for next_due and win, which are market time.

-- spec holds the whole declaration, so that any keeper can tick any pipeline, whatever version its program is.
-- declared_at is renewed each minute by whoever declares the pipeline: what left the code is not ticked any more.
CREATE TABLE pipelines (
  name     text PRIMARY KEY,
  spec     jsonb NOT NULL,
  next_due timestamptz NOT NULL,
  paused   boolean NOT NULL DEFAULT false,
  declared_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE pipeline_runs (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  pipeline   text NOT NULL REFERENCES pipelines,
  win        text NOT NULL,
  args       jsonb NOT NULL DEFAULT '{}',
  state      text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'failed')),
  created_at timestamptz NOT NULL DEFAULT now(),
  ended_at   timestamptz,
  UNIQUE (pipeline, win)
);
CREATE INDEX pipeline_runs_latest ON pipeline_runs (pipeline, id DESC);
CREATE INDEX pipeline_runs_open ON pipeline_runs (id) WHERE state = 'running';

-- free_at: from when anybody may claim (backoff, or lease end). hint_at: when the keeper hints (again).
-- fence never resets; attempt may.
CREATE TABLE pipeline_steps (
  run_id     bigint NOT NULL REFERENCES pipeline_runs ON DELETE CASCADE,
  step       text   NOT NULL,
  part       text   NOT NULL DEFAULT '',
  needs      text[] NOT NULL DEFAULT '{}',
  queue      text   NOT NULL DEFAULT 'fast',
  deadline_s float8 NOT NULL DEFAULT 120,
  state      text   NOT NULL CHECK (state IN ('waiting', 'ready', 'running', 'done', 'dead')),
  fence      bigint NOT NULL DEFAULT 0,
  attempt    integer NOT NULL DEFAULT 0,
  crashes    integer NOT NULL DEFAULT 0,
  free_at    timestamptz NOT NULL DEFAULT now(),
  hint_at    timestamptz NOT NULL DEFAULT now(),
  args       jsonb  NOT NULL DEFAULT '{}',
  report     jsonb,
  error      text,
  owner      text,
  started_at timestamptz,
  ended_at   timestamptz,
  PRIMARY KEY (run_id, step, part)
  -- Every claim and beat leaves a dead row version: the partial indexes below must not gather them.
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
CREATE INDEX pipeline_steps_due ON pipeline_steps (queue, hint_at) WHERE state IN ('ready', 'running');
-- As wide as the key: the planner likes to use it for single rows, and must then not read a whole fan-out.
CREATE INDEX pipeline_steps_open ON pipeline_steps (run_id, step, part) WHERE state <> 'done';
CREATE INDEX pipeline_steps_waiting ON pipeline_steps (run_id) WHERE state = 'waiting';

-- One row: when the schedule was kept last, and by whom. Two keepers do no harm; this spares the second the work.
CREATE TABLE pipeline_keeper (
  one     boolean PRIMARY KEY DEFAULT true CHECK (one),
  kept_at timestamptz,
  owner   text
);
INSERT INTO pipeline_keeper DEFAULT VALUES;

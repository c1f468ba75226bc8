-- Extensions. TimescaleDB is used where the server has it; every tier has pg_trgm and unaccent.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS unaccent;
DO $$
BEGIN
  -- Installed but not preloaded, it cannot be created: such a server is taken as plain PostgreSQL.
  IF current_setting('shared_preload_libraries') LIKE '%timescaledb%' THEN
    CREATE EXTENSION IF NOT EXISTS timescaledb;
  END IF;
  IF current_setting('shared_preload_libraries') LIKE '%pg_stat_statements%' THEN
    CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
  END IF;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE WARNING 'an extension was left out, because this role may not create it: %', SQLERRM;
END $$;

-- unaccent is only STABLE; an index needs an IMMUTABLE form with its dictionary named.
CREATE FUNCTION groat_unaccent(text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN public.unaccent('public.unaccent'::regdictionary, $1);

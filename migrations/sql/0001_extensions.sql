-- Extensions. TimescaleDB is used where the server has it; every tier has pg_trgm and unaccent.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS unaccent;
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb') THEN
    CREATE EXTENSION IF NOT EXISTS timescaledb;
  END IF;
  IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_stat_statements')
     AND current_setting('shared_preload_libraries') LIKE '%pg_stat_statements%' THEN
    CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
  END IF;
END $$;

-- unaccent is only STABLE; an index needs an IMMUTABLE form with its dictionary named.
CREATE FUNCTION groat_unaccent(text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN public.unaccent('public.unaccent'::regdictionary, $1);

"""The only room that knows Piccolo, psycopg and SQL."""

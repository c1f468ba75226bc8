"""Whose a symbol is: who has it, or had it last under it, or else the company that has another one since.

Fragments for a lateral join on `q.symbol`; each gives at most one instrument: id, currency, and the symbol that it
has. They hold for what is known now, or for what was known at a time: then nothing that was told later decides.
"""

from __future__ import annotations

from typing import Final, LiteralString

# Who had a former symbol last before a day; of several who may have had it on the last one, the first to give it up, as
# `app.domain.instrument_symbols.holder` says. Where that names two it cannot be told, and nobody is meant.
FORMERLY: Final[LiteralString] = """
  SELECT min(t.instrument_id) AS id FROM (
    SELECT s.instrument_id, rank() OVER (ORDER BY coalesce(s.valid_from < {until}, true) DESC,
      coalesce(s.valid_to >= {until}, true) DESC,
      CASE WHEN s.valid_to < {until} THEN NULL ELSE coalesce(s.valid_to, 'infinity') END, s.valid_to DESC) AS place
    FROM instrument_symbols s WHERE s.symbol = q.symbol AND {known}) t
  WHERE t.place = 1 HAVING min(t.instrument_id) = max(t.instrument_id)"""
# The second part is only run where the first finds nobody.
HOLDER: Final[LiteralString] = """
  SELECT id, currency, symbol FROM (
    (SELECT id, currency, symbol FROM instruments WHERE symbol = q.symbol
     ORDER BY active DESC, delisted_on DESC NULLS LAST, id DESC LIMIT 1)
    UNION ALL
    (SELECT n.id, n.currency, n.symbol FROM ({formerly}) f JOIN instruments n ON n.id = f.id)) h LIMIT 1"""
# What was known of those that ever had the symbol. A number that was given up since leads to the one that stays.
HOLDER_THEN: Final[LiteralString] = """
  SELECT coalesce(u.stays_id, h.id) AS id, h.currency, h.symbol FROM (
    (SELECT k.id, k.currency, k.symbol FROM ({ever}) e CROSS JOIN LATERAL ({facts}) k WHERE k.symbol = q.symbol
     ORDER BY k.active DESC, k.delisted_on DESC NULLS LAST, k.id DESC LIMIT 1)
    UNION ALL
    (SELECT k.id, k.currency, k.symbol FROM ({formerly}) e CROSS JOIN LATERAL ({facts}) k)) h
  LEFT JOIN instrument_unions u ON u.gone_id = h.id LIMIT 1"""
EVER: Final[LiteralString] = "SELECT DISTINCT s.instrument_id AS id FROM instrument_symbols s WHERE s.symbol = q.symbol"
FACTS: Final[LiteralString] = """
  SELECT id, currency, symbol, active, delisted_on FROM instruments WHERE id = e.id AND changed_at <= {as_of}
  UNION ALL
  SELECT instrument_id, currency, symbol, active, delisted_on FROM instrument_revisions
  WHERE instrument_id = e.id AND known_at <= {as_of} AND superseded_at > {as_of}"""
KNOWN_NOW: Final[LiteralString] = "s.superseded_at IS NULL"
KNOWN_THEN: Final[LiteralString] = "s.known_at <= {as_of} AND (s.superseded_at IS NULL OR s.superseded_at > {as_of})"
LATEST: Final[LiteralString] = "'infinity'::date"
RENAMED: Final[LiteralString] = "CASE WHEN i.symbol <> q.symbol THEN i.symbol END"


def holder(as_of: LiteralString | None = None, until: LiteralString = LATEST) -> LiteralString:
    """Return the fragment for what is known now, or at a time; `until` is the end of the days that are asked for."""
    if as_of is None:
        return HOLDER.replace("{formerly}", FORMERLY).replace("{known}", KNOWN_NOW).replace("{until}", until)
    whole = HOLDER_THEN.replace("{formerly}", FORMERLY).replace("{known}", KNOWN_THEN).replace("{ever}", EVER)
    return whole.replace("{facts}", FACTS).replace("{as_of}", as_of).replace("{until}", until)


def company(as_of: LiteralString | None, until: LiteralString = LATEST) -> LiteralString:
    """Return the source of one symbol ($1) and its instrument, as is known now or was known at a time."""
    return "(SELECT $1::text AS symbol) q LEFT JOIN LATERAL ({holder}) i ON true".replace(
        "{holder}", holder(as_of, until)
    )


def symbols(holder: LiteralString, asked: LiteralString = "$1::text[]") -> LiteralString:
    """Return the source of many symbols, an array, and their instruments.

    OFFSET 0 keeps two things as they are written: a symbol is quoted once and not once a bar, and found by its index
    and not by reading all instruments.
    """
    return """(
  SELECT u.symbol, u.position, to_json(u.symbol)::text AS quoted
  FROM unnest({asked}) WITH ORDINALITY AS u (symbol, position) OFFSET 0) q
LEFT JOIN LATERAL ({holder}) i ON true""".replace("{holder}", holder).replace("{asked}", asked)


def symbol_then(as_of: LiteralString, instrument: LiteralString = "i") -> LiteralString:
    """Return the symbol that a row of `instruments` had as far as was known at a time; null for a time is now."""
    return """coalesce((SELECT y.symbol FROM instrument_revisions y
    WHERE y.instrument_id = {i}.id AND y.known_at <= {as_of} AND y.superseded_at > {as_of}), {i}.symbol)""".replace(
        "{i}", instrument
    ).replace("{as_of}", as_of)


def instruments_then(as_of: LiteralString) -> LiteralString:
    """Return the source of all instruments as they were known at a time: id, symbol, active, delisted_on."""
    return """(
  SELECT id, symbol, active, delisted_on FROM instruments WHERE changed_at <= {as_of}
  UNION ALL
  SELECT instrument_id, symbol, active, delisted_on FROM instrument_revisions
  WHERE known_at <= {as_of} AND superseded_at > {as_of})""".replace("{as_of}", as_of)

"""The statements of the quota ledger; the rules themselves are procedures of the schema."""

from __future__ import annotations

# Every one that corrects the server's time takes it as it was just before the caller read its own clock.
SERVER_TIME = "SELECT groat_server_time()"
RESERVE = """
CALL groat_reserve(%(id)s, %(clock)s, %(now)s, %(speed)s, %(told)s, %(class)s, %(purpose)s, NULL, NULL, NULL, NULL)
"""
# Never later than it was: a reply can only end the uncertainty sooner.
SETTLE = """
UPDATE provider_calls SET settled = true,
  last_us = least(last_us, greatest(at_us, %(now)s)),
  last_wall = least(last_wall, at_wall + greatest(0, %(now)s - at_us) / %(speed)s * interval '1 microsecond'),
  outcome = %(outcome)s, status = %(status)s, reply_bytes = %(reply_bytes)s,
  duration_ms = %(duration_ms)s, error = %(error)s
WHERE id = %(id)s AND NOT settled
"""
BLOCK = "SELECT groat_block(%(id)s, %(clock)s, %(now)s, %(speed)s, %(told)s, %(span)s, %(why)s)"
# The longest window, and the hold of a call that was lost in flight. In the order of the keys, as all who lock several.
BLOCK_ALL = """
SELECT groat_block(id, %(clock)s, %(now)s, %(speed)s, %(told)s, longest, %(why)s) FROM (
  SELECT a.id, a.hold_us + coalesce(max(w.span_us), 0) AS longest
  FROM allowances a LEFT JOIN quota_windows w ON w.allowance = a.id GROUP BY a.id ORDER BY a.id
) every
"""
TIGHTEN = """
SELECT groat_tighten(%(id)s, %(clock)s, %(now)s, %(speed)s, %(told)s, %(span)s, %(limit)s, %(remaining)s)
"""
LOOSEN = """
WITH keys AS (
  UPDATE allowances SET blocked_clock = NULL, blocked_us = NULL, blocked_wall = NULL, blocked_why = NULL
  WHERE provider = %(provider)s RETURNING id
), windows AS (
  UPDATE quota_windows w SET limit_seen = NULL FROM keys WHERE w.allowance = keys.id
)
SELECT count(*) FROM keys
"""
NOTE_TIME = """
UPDATE allowances SET skew_s = extract(epoch FROM %(provider_time)s - groat_server_time()), skew_at = now()
WHERE id = %(id)s
"""
PRUNE = """
SELECT groat_prune_calls(id, %(clock)s, %(now)s, %(speed)s, %(told)s, %(keep)s, %(most)s)
FROM (SELECT id FROM allowances ORDER BY id) every
"""

RESTING = """
SELECT late_us, r.class FROM allowances a, groat_resting(a.id, %(clock)s, %(now)s, %(speed)s,
  groat_server_time() - a.shift_us * interval '1 microsecond') r
WHERE a.id = %(id)s ORDER BY late_us
"""
STATE = """
SELECT CASE WHEN blocked_clock = %(clock)s THEN blocked_us - %(now)s
            ELSE groat_quota_us(blocked_wall - groat_server_time() + shift_us * interval '1 microsecond', %(speed)s)
              + groat_margin_us(id, %(speed)s) END,
  blocked_why, skew_s
FROM allowances WHERE id = %(id)s
"""
TOLD_LIMITS = "SELECT span_us, limit_seen FROM quota_windows WHERE allowance = %(id)s AND limit_seen < max_calls"
LAST_DAY = """
SELECT coalesce(outcome, CASE WHEN last_us > %(now)s THEN 'in_flight' ELSE 'lost' END), count(*)
FROM provider_calls
WHERE allowance = %(id)s
  AND ((clock_id = %(clock)s AND last_us > %(now)s - 86400000000 AND at_us > %(now)s - 86400000000)
    OR (clock_id <> %(clock)s AND last_wall > groat_server_time() - interval '1 day'
        AND at_wall > groat_server_time() - interval '1 day'))
GROUP BY 1 ORDER BY 1
"""
DECLARE = """
INSERT INTO allowances (id, provider, hold_us) VALUES (%s, %s, %s)
ON CONFLICT (id) DO UPDATE SET provider = excluded.provider, hold_us = excluded.hold_us
"""
FORGET_WINDOWS = """
DELETE FROM quota_windows
WHERE allowance = %s AND (class, span_us) NOT IN (SELECT * FROM unnest(%s::text[], %s::bigint[]))
"""
DECLARE_WINDOW = """
INSERT INTO quota_windows (allowance, class, span_us, max_calls) VALUES (%s, %s, %s, %s)
ON CONFLICT (allowance, class, span_us) DO UPDATE SET max_calls = excluded.max_calls
"""

"""Tables of what is told of companies, as Piccolo reads them."""

from __future__ import annotations

from piccolo.columns import BigSerial, Date, DoublePrecision, ForeignKey, Integer, Text, Timestamptz
from piccolo.table import Table

from app.db.tables.market import Instruments


class EarningsReports(Table, tablename="earnings"):
    """Earnings reports, superseded ones included."""

    id = BigSerial(primary_key=True)
    instrument = ForeignKey(references=Instruments, db_column_name="instrument_id")
    fiscal_year = Integer()
    fiscal_quarter = Integer()
    report_date = Date()
    report_time = Text(null=True, default=None)
    eps_estimate = DoublePrecision(null=True, default=None)
    eps_actual = DoublePrecision(null=True, default=None)
    revenue_estimate = DoublePrecision(null=True, default=None)
    revenue_actual = DoublePrecision(null=True, default=None)
    provider = Text()
    known_at = Timestamptz()
    superseded_at = Timestamptz(null=True, default=None)


TABLES: tuple[type[Table], ...] = (EarningsReports,)

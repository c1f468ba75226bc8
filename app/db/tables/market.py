"""The market's tables as Piccolo reads them. Migrations make them in SQL; the search column is left to SQL too."""

from __future__ import annotations

from piccolo.columns import BigSerial, Boolean, Date, ForeignKey, Numeric, Serial, Text, Timestamptz
from piccolo.table import Table


class Instruments(Table, tablename="instruments"):
    """What can be traded."""

    id = Serial(primary_key=True)
    symbol = Text()
    name = Text(null=True, default=None)
    mic = Text(null=True, default=None)
    type = Text(null=True, default=None)
    currency = Text(null=True, default=None)
    sector = Text(null=True, default=None)
    industry = Text(null=True, default=None)
    cik = Text(null=True, default=None)
    active = Boolean(default=True)
    listed_on = Date(null=True, default=None)
    delisted_on = Date(null=True, default=None)


class CorporateActions(Table, tablename="corporate_actions"):
    """Splits and cash dividends, superseded ones included."""

    id = BigSerial(primary_key=True)
    instrument = ForeignKey(references=Instruments, db_column_name="instrument_id")
    kind = Text()
    ex_date = Date()
    split_from = Numeric(null=True, default=None)
    split_to = Numeric(null=True, default=None)
    cash_amount = Numeric(null=True, default=None)
    currency = Text(null=True, default=None)
    dividend_type = Text(null=True, default=None)
    declared_on = Date(null=True, default=None)
    record_on = Date(null=True, default=None)
    pay_on = Date(null=True, default=None)
    provider = Text()
    known_at = Timestamptz()
    superseded_at = Timestamptz(null=True, default=None)


TABLES: tuple[type[Table], ...] = (Instruments, CorporateActions)

"""Lays a report out."""

from layout import lay_out


def handler(sales, context):
    return lay_out(sales)

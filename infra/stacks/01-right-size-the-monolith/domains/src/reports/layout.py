"""Lays out a report. Stands for a heavy library, with fonts and a PDF writer: it costs CPU to import and to use."""

from workload import compute

LINES_ON_A_PAGE = 40

compute(600)  # what the import costs


def lay_out(sales):
    """The number of pages."""
    compute(2400)
    return 1 + len(sales) // LINES_ON_A_PAGE

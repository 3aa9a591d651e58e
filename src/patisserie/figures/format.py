"""How numbers are written in every figure."""

from __future__ import annotations


def count(value: float) -> str:
    """1,234; at most two decimals."""
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def duration(ms: float) -> str:
    """Milliseconds as text: 12 ms, 0.42 s, 1.3 s, 1,234 s."""
    seconds = ms / 1000
    if seconds < 0.1:
        return f"{ms:.3g} ms"
    if seconds < 0.995:
        return f"{seconds:.2f} s"
    if seconds < 99.95:
        return f"{seconds:.1f} s"
    return f"{seconds:,.0f} s"


def tick(ms: float) -> str:
    """A round time on an axis: 10 ms, 100 ms, 1 s, 1,000 s."""
    return f"{ms:,.10g} ms" if ms < 1_000 else f"{ms / 1_000:,.10g} s"


def usd(value: float) -> str:
    """US dollars: two decimals from a dollar on, three significant digits below."""
    if value == 0 or abs(value) >= 1:
        return f"{value:,.2f} USD"
    return f"{float(f'{value:.3g}'):.8f}".rstrip("0") + " USD"

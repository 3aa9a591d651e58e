"""`python -m patisserie` is `patisserie`."""

from __future__ import annotations

from patisserie.cli import main

if __name__ == "__main__":
    main()

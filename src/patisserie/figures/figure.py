"""A figure: its drawing, what it says in words, and its data."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from patisserie.figures import style


@dataclass(frozen=True, slots=True)
class Figure:
    """An SVG drawing with its text alternative and its data as a table (`columns`, `rows`)."""

    svg: str
    alt: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    caption: str = ""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        # An <img> survives in a notebook that is not trusted; inline SVG is stripped there.
        data = base64.b64encode(self.svg.encode()).decode()
        caption = f"<figcaption>{escape(self.caption)}</figcaption>" if self.caption else ""
        head = "".join(f'<th scope="col">{escape(c)}</th>' for c in self.columns)
        body = "".join("<tr>" + "".join(f"<td>{escape(str(c))}</td>" for c in row) + "</tr>" for row in self.rows)
        return {
            "text/html": f'<figure><img src="data:image/svg+xml;base64,{data}" alt="{escape(self.alt)}" '
            f'style="max-width:100%">{caption}'
            f"<details><summary>Data</summary><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            "</details></figure>",
            "text/plain": "\n".join(
                [self.alt, " | ".join(self.columns), *(" | ".join(map(str, row)) for row in self.rows)]
            ),
        }

    def save(self, path: Path) -> None:
        """Write the SVG file. Raises OSError when that is not possible."""
        path.write_text(self.svg, encoding="utf-8", newline="\n")


def drawing(width: float, height: float, title: str, desc: str, body: str) -> str:
    """A complete SVG document of `width` by `height` px around `body`."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" role="img" font-family="{style.FONT}" font-size="{style.TEXT_PX}" fill="{style.TEXT}">'
        f"<title>{escape(title)}</title><desc>{escape(desc)}</desc>"
        f'<rect width="{width:g}" height="{height:g}" fill="{style.BACKGROUND}"/>{body}</svg>'
    )


def text(x: float, y: float, words: str, anchor: str = "start", colour: str = style.TEXT) -> str:
    """One line of text, escaped."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(words)}</text>'

"""A figure with one control that works with and without a kernel: every setting is drawn beforehand."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from html import escape
from typing import Any

from patisserie.figures import Figure


@dataclass(frozen=True, slots=True)
class Explorable:
    """One question, one control, one figure for each of its settings."""

    question: str
    control: str
    frames: tuple[tuple[str, Figure], ...]
    start: int = 0

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self._html(), "text/plain": self._text()}

    def _html(self) -> str:
        name = "explore-" + hashlib.sha256(self.question.encode()).hexdigest()[:8]
        # Plain handlers in the markup: they work on a static page and in a trusted notebook. In a notebook that is
        # not trusted yet they are removed, and the text below the control tells what there is to see.
        change = (
            "const box=this.closest('fieldset');box.querySelectorAll('figure').forEach((f,i)=>"
            "{f.style.display=i==this.value?'block':'none'});box.querySelector('output').textContent="
            "box.querySelectorAll('figure')[this.value].dataset.setting"
        )
        shown = ["block" if index == self.start else "none" for index in range(len(self.frames))]
        figures = "".join(
            f'<figure data-setting="{escape(label)}" style="display:{shown[index]};margin:0">'
            f'<img style="max-width:100%" alt="{escape(figure.alt)}" '
            f'src="data:image/svg+xml;base64,{base64.b64encode(figure.svg.encode()).decode()}"></figure>'
            for index, (label, figure) in enumerate(self.frames)
        )
        rows = "".join(
            f'<tr><th scope="row">{escape(label)}</th><td>{escape(figure.alt)}</td></tr>'
            for label, figure in self.frames
        )
        return (
            f"<fieldset><legend><strong>{escape(self.question)}</strong></legend>"
            f'<label for="{name}">{escape(self.control)}: </label>'
            f'<input id="{name}" type="range" min="0" max="{len(self.frames) - 1}" step="1" value="{self.start}" '
            f'oninput="{escape(change)}"> <output for="{name}">{escape(self.frames[self.start][0])}</output>'
            f"{figures}<details><summary>All settings in words</summary><table><tbody>{rows}</tbody></table></details>"
            "</fieldset>"
        )

    def _text(self) -> str:
        lines = [self.question, *(f"{self.control} {label}: {figure.alt}" for label, figure in self.frames)]
        return "\n".join(lines)

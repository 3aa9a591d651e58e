"""Numbers of AWS that chapters and labs repeat are those of the facts."""

from __future__ import annotations

import re

from localcloud.facts import Facts
from patisserie.course import course_root


def test_the_memory_of_one_whole_cpu_is_that_of_the_facts():
    root = course_root()
    texts = [path.read_text("utf-8") for path in (*root.glob("book/20*/*.md"), *root.glob("solutions/*.md"))]
    said = re.compile(r"\d,\d{3}(?= MB is one whole CPU)|(?<=whole CPU comes with )\d,\d{3}(?= MB)")
    named = {found for text in texts for found in said.findall(text)}
    assert named == {f"{Facts.load().value('quota.lambda.vcpu.mb_per_vcpu'):,}"}

"""The book builds without a warning, needs nothing from elsewhere, and its generated pages are fresh."""

from __future__ import annotations

import re
import shutil

import pytest

from patisserie.course import course_root
from patisserie.reference import pages

NOISE = (
    "THEBE_JS_URL",  # the theme's own script is included twice
    "Got invalid theme mode",
)


@pytest.fixture(scope="module")
def generated():
    """What each generated page should say, by its path."""
    return pages(course_root())


def test_a_generated_page_is_what_its_source_says(generated):
    stale = [path.name for path, text in generated.items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "run: make reference"
    assert len(generated) >= 20


def test_the_build_has_no_warnings(built_book):
    html, printed = built_book
    assert (html / "book" / "index.html").is_file()
    assert "WARNING" not in printed


def test_no_page_asks_for_anything_from_elsewhere(built_book):
    html, _ = built_book
    asked = re.compile(r'<(?:script|link|img|iframe)[^>]+(?:src|href)="(?:https?:)?//[^"]+"')
    for page in sorted(html.glob("**/*.html")):
        found = [hit for hit in asked.findall(page.read_text(encoding="utf-8")) if 'rel="canonical"' not in hit]
        assert found == [], page.relative_to(html)


@pytest.fixture(scope="module")
def browser():
    """Debian's Chromium, without a network of its own. Closed with this file: it holds the thread's event loop."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("google-chrome")
    assert program, "A Chromium is needed: run make browser, or install the package chromium."
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=flags)
        yield opened
        opened.close()


def test_every_page_opens_offline_without_an_error(built_book, browser):
    html, _ = built_book
    outside, errors = [], []
    page = browser.new_page()
    page.on(
        "request",
        lambda request: outside.append(request.url) if not request.url.startswith(("file:", "data:")) else None,
    )
    page.on(
        "console", lambda message: errors.append(f"{page.url}: {message.text}") if message.type == "error" else None
    )
    page.on("pageerror", lambda error: errors.append(f"{page.url}: {error}"))
    opened = 0
    for path in sorted([*html.glob("book/**/*.html"), *html.glob("solutions/*.html")]):
        page.goto(path.as_uri())
        assert page.locator("h1").first.inner_text().strip()
        opened += 1
    assert opened >= 9
    assert outside == []
    assert [error for error in errors if not any(noise in error for noise in NOISE)] == []


def test_the_explorable_works_without_a_kernel(built_book, browser):
    html, _ = built_book
    page = browser.new_page()
    page.goto((html / "solutions" / "02-break-the-sync-chain.html").as_uri())
    control = page.locator("fieldset input[type=range]").first
    shown = page.locator("fieldset figure:visible img")
    before = shown.first.get_attribute("alt")
    control.focus()
    page.keyboard.press("ArrowRight")
    assert shown.count() == 1
    assert shown.first.get_attribute("alt") != before
    assert (
        "8,000 ms" in page.locator("fieldset output").first.inner_text()
        or "4,000 ms" in page.locator("fieldset output").first.inner_text()
    )


def test_every_image_of_a_lab_has_a_text_alternative(built_book, browser):
    html, _ = built_book
    page = browser.new_page()
    for name in ("00-opening-night", "02-break-the-sync-chain"):
        page.goto((html / "solutions" / f"{name}.html").as_uri())
        alts = page.locator("article img").evaluate_all("images => images.map(image => image.alt)")
        assert len(alts) >= 3
        assert all(len(alt) > 20 for alt in alts)

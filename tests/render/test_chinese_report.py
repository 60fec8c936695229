"""The report in Chinese: nothing is left in English but what must be, and no number is lost."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from fontTools.ttLib import TTFont
from PIL import Image

from gpu_ablate.language import ENGLISH, retell, speaking
from gpu_ablate.languages.font import FAMILY, FILE
from gpu_ablate.outcome.needles import measure_needles
from gpu_ablate.outcome.verdict import verdict
from gpu_ablate.outcome.ways import ways_taken
from gpu_ablate.report.content import collect
from gpu_ablate.report.html import render
from gpu_ablate.report.retold import retold
from gpu_ablate.report.write import write_reports
from gpu_ablate.result.result import Result

CHINESE = "zh-CN"

STAYS = {"skin centre", "skin above 42 °C", "numba, float32, 2 cores", "gpu-ablate"}
"""Of the made-up run: a sensor's name, a sentence that no run writes, and provenance."""

MOST_ASCII_WORDS = 2
"""So many words in a row may be a name or a unit."""

MOST_FONT_LETTERS = 200_000

SILENT = ("style", "script")
EMPTY = ("meta", "img", "br", "input", "link")


class Page(HTMLParser):
    """The texts of a page, those in elements marked as English apart."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[tuple[str, bool]] = []
        self.told: list[str] = []
        self.english: list[str] = []
        self.language: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.told += [text for key in ("alt", "aria-label") if (text := found.get(key))]
        if tag == "html":
            self.language = found["lang"]
        if tag not in EMPTY:
            self.open.append((tag, tag != "html" and found.get("lang") == ENGLISH))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if data.strip() and not any(tag in SILENT for tag, _ in self.open):
            (self.english if any(marked for _, marked in self.open) else self.told).append(data.strip())


@pytest.fixture
def told(result: Result, metrics: dict[str, Any]) -> dict[str, Any]:
    """The made-up metrics with a verdict of our own, needles, and each kind of sentence that metrics.json holds."""
    around = {"region": "saline layer", "role": "isolation", "phase": "fluid", "percent": 12.5}
    target = metrics["targets"][0] | {"role": "target", "boundary_margin_mm": -1.37, "across_fluid": [around]}
    judged = verdict(result.setup.plan, result.setup.endpoint, [target])
    note = (
        "Fracture: 35 % of the cortical cross-section of cortical_bone was frozen in its worst slice, and the "
        "metastasis is lytic. Think of cement or fixation where this bone bears weight."
    )
    bone = {"name": "cortical_bone", "frozen_percent": 14.0, "worst_slice_percent": 35.0, "worst_slice_cm2": 12.6,
            "worst_slice_mm": [1.0, 2.0, 3.0], "note": note}  # fmt: skip
    error = {"reason": "the second run failed, see log.txt"}
    return metrics | {
        "targets": [target], "verdict": judged, "bones": [bone], "numerical_error": error,
        "needles": measure_needles(result.setup, ways_taken(result)),
    }  # fmt: skip


def page_in(language: str, result: Result, metrics: dict[str, Any], folder: Path) -> Page:
    names = ("scene3d", "margin_map", "slices", "film_strip", "movie", "ultrasound", "curves", "dose_volume")
    files = {name: folder / f"{name}.png" for name in names}
    for file in files.values():
        Image.new("RGB", (8, 8), "red").save(file)
    with speaking(language):
        return Page(render(collect(result, metrics, files, {}), ""))


def test_no_english_sentence_is_left(result: Result, told: dict[str, Any], tmp_path: Path) -> None:
    page = page_in(CHINESE, result, told, tmp_path)
    assert page.language == CHINESE
    left = " | ".join(text for text in page.told if text not in {*STAYS, *result.setup.notes, result.setup.title})
    ascii_words = re.findall(r"(?:[A-Za-z][A-Za-z'’-]*[ ,.;:]+)+[A-Za-z][A-Za-z'’-]*", left)
    assert [words for words in ascii_words if len(words.split()) > MOST_ASCII_WORDS] == []


def test_no_number_is_lost(result: Result, told: dict[str, Any], tmp_path: Path) -> None:
    """The same numerals in both languages, in whatever order."""
    numerals = [
        Counter(re.findall(r"\d+", " ".join([*page.told, *page.english])))
        for page in (page_in(language, result, told, tmp_path) for language in (CHINESE, ENGLISH))
    ]
    assert numerals[0] == numerals[1]
    assert sum(numerals[0].values()) > 100


def test_only_a_page_in_another_language_brings_a_font(result: Result, told: dict[str, Any]) -> None:
    english = render(collect(result, told, {}, {}), "")
    with speaking(CHINESE):
        chinese = render(collect(result, told, {}, {}), "")
    for sign in (f'font-family: "{FAMILY}"', "font-src data:"):
        assert sign in chinese
        assert sign not in english
    assert len(chinese) - len(english) < MOST_FONT_LETTERS


def test_the_font_holds_what_the_page_says(result: Result, told: dict[str, Any], tmp_path: Path) -> None:
    known = TTFont(FILE).getBestCmap()
    letters = {letter for text in page_in(CHINESE, result, told, tmp_path).told for letter in text}
    assert {letter for letter in letters if letter >= "\u3000" and ord(letter) not in known} == set()


def test_the_paper_has_two_pages_in_chinese(result: Result, told: dict[str, Any], tmp_path: Path) -> None:
    with speaking(CHINESE):
        _, paper = write_reports(result, told, {}, tmp_path)
    assert re.findall(rb"/Type\s*/Pages\b.*?/Count\s+(\d+)", paper.read_bytes(), re.DOTALL) == [b"2"]


def test_in_english_the_sentences_of_the_metrics_stand(result: Result, told: dict[str, Any]) -> None:
    assert retold(result.setup, told) is told


def test_the_verdict_is_told_anew_with_the_outcome_that_was_found(result: Result, told: dict[str, Any]) -> None:
    with speaking(CHINESE):
        found = retold(result.setup, told)
    assert found["verdict"]["outcome"] == told["verdict"]["outcome"]
    for key in ("why", "reads", "rule"):
        assert re.search("[\u4e00-\u9fff]", found["verdict"][key])
        numerals = [sorted(re.findall(r"\d+", each["verdict"][key])) for each in (found, told)]
        assert numerals[0] == numerals[1]


def test_the_verdict_of_an_older_file_stays(result: Result, metrics: dict[str, Any]) -> None:
    with speaking(CHINESE):
        assert retold(result.setup, metrics)["verdict"] == metrics["verdict"]


@pytest.mark.parametrize(
    ("sentence", "parts"),
    [
        ("duration", []),
        ("left all above 0 °C: 0.12 °C", ["左", " 0 °C", "0.12 °C"]),
        ("spinal_cord below -5 °C: -5.50 °C", ["脊髓", "-5 °C", "-5.50 °C"]),
        ("duration; no further cycle: ice 10 mm and more around tumour", ["到达设定时间", "肿瘤", "10 mm"]),
        (
            'Liquid isolation: "saline layer" lifts what lies above it by up to 8.0 mm along [0.00, 0.00, 1.00]; 6.0 '
            "ml, 5.3 mm thick on average; target to spared skin 4.2 mm without isolation, 12.0 mm with it.",
            ["生理盐水层", "8.0 mm", "6.0 ml", "5.3 mm", "无隔离 4.2 mm", "隔离后 12.0 mm"],
        ),
    ],
)
def test_sentences_of_a_result_are_retold(sentence: str, parts: list[str]) -> None:
    assert retell(sentence) == sentence
    with speaking(CHINESE):
        told = retell(sentence)
    assert not re.search("[A-Za-z]{3,}", told)
    assert [part for part in parts if part not in told] == []


def test_an_unknown_sentence_stays() -> None:
    with speaking(CHINESE):
        assert retell("Something that no pattern knows, 3 mm away.") == "Something that no pattern knows, 3 mm away."

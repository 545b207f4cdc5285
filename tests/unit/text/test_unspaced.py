"""A language that is written without blanks is told, unless somebody parted its words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsdesk.text.unspaced import NAMES, unspaced_language
from tests.unit.text.test_language import SENTENCES

UNSPACED = {"zh": "Chinese", "ja": "Japanese", "th": "Thai", "lo": "Lao", "my": "Burmese", "km": "Khmer"}


@pytest.mark.parametrize("language", sorted(SENTENCES))
def test_the_languages_without_blanks_are_told_by_name(language: str) -> None:
    assert unspaced_language(SENTENCES[language]) == UNSPACED.get(language)


@pytest.mark.parametrize(
    "text",
    [
        "政府 星期一 表示 ， 大雨 要 到 周末 才 会 停止 ， 选举 仍 将 举行 。",
        "รัฐบาล กล่าว เมื่อ วัน จันทร์ ว่า ฝน จะ ไม่ หยุด จนถึง สิ้น สัปดาห์",
        "รัฐบาล\u200bกล่าว\u200bเมื่อ\u200bวัน\u200bจันทร์\u200bว่า\u200bฝน\u200bจะ\u200bไม่\u200bหยุด",
    ],
)
def test_words_that_were_parted_are_words(text: str) -> None:
    assert unspaced_language(text) is None


@pytest.mark.parametrize("text", ["Alibaba (阿里巴巴) reports earnings above forecasts for the third quarter", "", "7"])
def test_a_name_within_another_language_changes_nothing(text: str) -> None:
    assert unspaced_language(text) is None


@given(st.text())
def test_every_text_is_judged(text: str) -> None:
    assert unspaced_language(text) in {None, *NAMES.values()}

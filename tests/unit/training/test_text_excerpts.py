from newsdesk.articles.dataset import Examples
from newsdesk.training.text_excerpts import first_sentence, headline, with_excerpts

ARTICLE = "Late header rescues a point\n\nThe goal came in the 94th minute, at 3.30 p.m. sharp. Nobody cheered!"
UNTITLED = "One two three four five six seven eight nine ten. Eleven"


def test_every_text_is_there_whole_and_as_headline_first_sentence_and_three_words() -> None:
    cut = with_excerpts(Examples([ARTICLE, UNTITLED], ["sports", "business"]), seed=1)
    assert cut.categories == ["sports", "business"] * 4
    assert cut.texts[:2] == [ARTICLE, UNTITLED]
    assert cut.texts[2:4] == ["Late header rescues a point", "One two three four five six seven eight"]
    assert cut.texts[4:6] == [first_sentence(ARTICLE), "One two three four five six seven eight nine ten."]
    for few, text in zip(cut.texts[6:], (ARTICLE, UNTITLED), strict=True):
        assert len(few.split()) == 3
        assert few in " ".join(text.split())


def test_the_same_seed_cuts_the_same_words() -> None:
    examples = Examples([ARTICLE] * 9, ["sports"] * 9)
    assert with_excerpts(examples, seed=3) == with_excerpts(examples, seed=3)
    assert with_excerpts(examples, seed=3) != with_excerpts(examples, seed=4)


def test_a_first_sentence_ends_at_a_full_stop_before_a_blank() -> None:
    assert first_sentence(ARTICLE) == "The goal came in the 94th minute, at 3.30 p.m."
    assert first_sentence("no end") == "no end"
    assert first_sentence("") == headline("") == ""


def test_a_first_paragraph_is_no_headline() -> None:
    paragraphs = " ".join(["word"] * 40) + ". More.\n\nSecond paragraph."
    assert headline(paragraphs) == " ".join(["word"] * 8)
    assert first_sentence(paragraphs) == " ".join(["word"] * 40) + "."

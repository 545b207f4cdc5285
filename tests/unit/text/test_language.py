"""Languages are told apart, what says too little is undetermined, and English news is taken for English."""

import csv
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsdesk.text.language import guess_language, known_languages, stated_language

SENTENCES = {
    "en": "The government said on Monday that heavy rain would last until the end of the week.",
    "de": "Die Regierung hat am Montag gesagt, dass der Regen bis zum Ende der Woche nicht aufhören wird.",
    "fr": "Le gouvernement a dit lundi que la pluie ne cessera pas dans le nord avant la fin de la semaine.",
    "es": "El gobierno dijo el lunes que la lluvia no va a parar hasta el fin de la semana en todo el país.",
    "it": "Il governo ha detto che la pioggia non si fermerà nel nord fino alla fine della settimana.",
    "pt": "O governo disse na segunda-feira que a chuva não vai parar até o fim da semana em todo o país.",
    "nl": "De regering zei maandag dat de regen in het noorden niet voor het einde van de week ophoudt.",
    "sv": "Regeringen sade på måndagen att regnet inte kommer att sluta före veckans slut och att det är farligt.",
    "da": "Regeringen sagde mandag, at regnen ikke holder op før slutningen af ugen, og at det også bliver koldt.",
    "no": "Regjeringen sa mandag at regnet ikke slutter før helgen, og at det også blir kaldt etter valget.",
    "fi": "Hallitus kertoi maanantaina, että sade ei lopu ennen viikon loppua, mutta vaalit ovat silti sunnuntaina.",
    "pl": "Rząd powiedział w poniedziałek, że deszcz nie ustanie przed końcem tygodnia, ale wybory się odbędą.",
    "cs": "Vláda v pondělí uvedla, že déšť do konce týdne nepřestane, ale volby se podle plánu uskuteční.",
    "hu": "A kormány hétfőn azt mondta, hogy az eső nem áll el a hét vége előtt, de a választás meg lesz tartva.",
    "tr": "Hükümet pazartesi günü yağmurun hafta sonuna kadar durmayacağını ve seçimin yine de olacağını söyledi.",
    "ro": "Guvernul a spus luni că ploaia nu se va opri până la sfârșitul săptămânii, dar alegerile sunt duminică.",
    "id": "Pemerintah mengatakan pada hari Senin bahwa hujan tidak akan berhenti sampai akhir minggu ini di utara.",
    "vi": "Chính phủ cho biết hôm thứ hai rằng mưa sẽ không ngừng cho đến cuối tuần và bầu cử vẫn được tổ chức.",
    "ru": "Правительство заявило в понедельник, что дождь не прекратится до конца недели, но выборы состоятся.",
    "uk": "Уряд заявив у понеділок, що дощ не припиниться до кінця тижня, але вибори відбудуться в неділю.",
    "bg": "Правителството заяви в понеделник, че дъждът няма да спре до края на седмицата и градът ще бъде под вода.",
    "sr": "Влада је у понедељак саопштила да киша неће престати до краја недеље, али ће избори бити одржани.",
    "el": "Η κυβέρνηση είπε τη Δευτέρα ότι η βροχή δεν θα σταματήσει πριν από το τέλος της εβδομάδας.",
    "ar": "قالت الحكومة يوم الاثنين إن المطر لن يتوقف قبل نهاية الأسبوع وإن الانتخابات ستجري في موعدها.",
    "fa": "دولت روز دوشنبه گفت که باران تا پایان هفته بند نمی‌آید و انتخابات چنان که گفته شده برگزار می‌شود.",
    "he": "הממשלה אמרה ביום שני שהגשם לא ייפסק עד סוף השבוע אבל הבחירות יתקיימו.",
    "hi": "सरकार ने सोमवार को कहा कि बारिश सप्ताह के अंत तक नहीं रुकेगी।",
    "bn": "সরকার সোমবার বলেছে যে সপ্তাহের শেষ পর্যন্ত বৃষ্টি থামবে না।",
    "ta": "வார இறுதி வரை மழை நிற்காது என்று அரசு திங்கள்கிழமை கூறியது.",
    "te": "వారాంతం వరకు వర్షం ఆగదని ప్రభుత్వం సోమవారం తెలిపింది.",
    "th": "รัฐบาลกล่าวเมื่อวันจันทร์ว่าฝนจะไม่หยุดจนถึงสิ้นสัปดาห์",
    "lo": "ລັດຖະບານກ່າວໃນວັນຈັນວ່າຝົນຈະບໍ່ຢຸດຈົນເຖິງທ້າຍອາທິດ",
    "my": "အစိုးရက တနင်္လာနေ့တွင် မိုးသည် ရက်သတ္တပတ်ကုန်အထိ ရပ်မည်မဟုတ်ဟု ပြောသည်။",
    "km": "រដ្ឋាភិបាលបាននិយាយនៅថ្ងៃច័ន្ទថាភ្លៀងនឹងមិនឈប់រហូតដល់ចុងសប្តាហ៍",
    "ka": "მთავრობამ ორშაბათს განაცხადა, რომ წვიმა კვირის ბოლომდე არ შეწყდება.",
    "hy": "Կառավարությունը երկուշաբթի ասաց, որ անձրևը մինչև շաբաթվա վերջ չի դադարի։",
    "zh": "政府星期一表示，大雨要到周末才会停止，选举仍将举行。",
    "ja": "政府は月曜日、雨は週末まで止まないが選挙は行われると述べた。",
    "ko": "정부는 월요일 비가 주말까지 그치지 않겠지만 선거는 치러질 것이라고 말했다.",
    "und": "Lakers 102, Celtics 98",
}


@pytest.mark.parametrize("language", SENTENCES)
def test_a_sentence_is_told_from_those_of_other_languages(language: str) -> None:
    assert guess_language(SENTENCES[language]) == language


def test_upper_case_changes_nothing() -> None:
    upper = {language: guess_language(text.upper()) for language, text in SENTENCES.items()}
    assert upper == {language: language for language in SENTENCES}


@pytest.mark.parametrize("language", ["de", "fr", "ru", "ja", "ko", "ar", "vi"])
def test_names_in_another_script_change_nothing(language: str) -> None:
    assert guess_language(f"Volkswagen AG (VW): {SENTENCES[language]}") == language


def test_accents_may_be_composed_or_not() -> None:
    assert guess_language("Vie^\u0323t".replace("^", "\u0302") + " Nam: mu\u031ba la\u0300 no\u0301ng") == "vi"


@pytest.mark.parametrize("text", ["", " \n", "12:30", "!?", "\U0001f600", "\ud800", "Kylie Jenner"])
def test_what_says_too_little_is_undetermined(text: str) -> None:
    assert guess_language(text) == "und"


@given(st.text() | st.sampled_from(list(SENTENCES.values())))
def test_every_text_gets_a_language_of_the_fixed_set(text: str) -> None:
    language = guess_language(text)
    assert language in known_languages()
    assert guess_language(text) == language


@given(st.text())
def test_only_the_beginning_of_a_long_text_is_looked_at(text: str) -> None:
    beginning = (SENTENCES["de"] + " ") * 6
    assert guess_language(beginning + text) == "de"


def test_english_news_is_taken_for_english(shared_data: Path) -> None:
    articles = Counter(map(guess_language, texts(shared_data / "bbc_news.csv")))
    headlines = Counter(map(guess_language, texts(shared_data / "huffpost_42.csv")))
    for found, least in ((articles, 0.97), (headlines, 0.8)):
        assert found["en"] >= least * found.total()
        assert found.total() - found["en"] - found["und"] < 0.02 * found.total()


def texts(table: Path) -> Iterator[str]:
    csv.field_size_limit(sys.maxsize)
    with table.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield f"{row['title']} {row['text']}"


@pytest.mark.parametrize(
    ("stated", "language"),
    [
        ("en", "en"),
        ("en-GB", "en"),
        ("de_AT", "de"),
        ("ZH-hant-TW", "zh"),
        ("nb", "no"),
        (" fil ", "tl"),
        ("yue", "yue"),
    ],
)
def test_a_code_that_is_stated_is_taken_by_its_language(stated: str, language: str) -> None:
    assert stated_language(stated) == language


@pytest.mark.parametrize("stated", [None, "", "English", "e", "12", "und", "d\u00e9"])
def test_what_is_no_code_states_nothing(stated: str | None) -> None:
    assert stated_language(stated) is None


def test_the_languages_of_sib_200_are_told(shared_data: Path) -> None:
    """Three of its 40 languages (Hausa, Igbo, Lingala) the detector does not know."""
    with (shared_data / "sib200_languages.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row["language"], guess_language(row["text"])) for row in csv.DictReader(file)]
    known = [(language, told) for language, told in rows if language in known_languages()]
    right = sum(language == told for language, told in known) / len(known)
    wrong = sum(told not in (language, "und") for language, told in known) / len(known)
    assert right > 0.94
    assert wrong < 0.02
    assert min(sum(told == language for one, told in known if one == language) for language in ("da", "no")) >= 80

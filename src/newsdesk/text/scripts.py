"""Letters of scripts that are written without blanks between words, as within the brackets of a regular expression."""

HAN_AND_KANA = "\u3005\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
THAI_LAO_BURMESE_KHMER = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\ua9e0-\ua9ff\uaa60-\uaa7f"
UNSPACED = HAN_AND_KANA + THAI_LAO_BURMESE_KHMER

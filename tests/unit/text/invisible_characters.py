"""Every character that Unicode calls `Default_Ignorable_Code_Point`."""

from itertools import chain

from hypothesis import strategies as st

_RANGES = (
    (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
    (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip
INVISIBLE = "".join(map(chr, chain.from_iterable(range(first, last + 1) for first, last in _RANGES)))

invisible = st.sampled_from("\u00ad\u200b\u200c\u200d\u2060\ufeff\u3164\ufe0f") | st.sampled_from(INVISIBLE)

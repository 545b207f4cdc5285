"""English words that say nothing about a story's subject, written for Newsdesk.

The last group is what is left of contractions once the tokenizer has split them at the apostrophe ("don't" → "don",
"t").
"""

STOP_WORDS: frozenset[str] = frozenset(
    """
    a an the this that these those
    i me my mine myself we us our ours ourselves you your yours yourself yourselves
    he him his himself she her hers herself it its itself they them their theirs themselves
    who whom whose which what when where why how
    am is are was were be been being have has had having do does did doing done
    can could may might must shall should will would ought
    and or but nor so yet if then else than because although though while whereas unless until since whether
    as at by for from in into of off on onto out over to toward towards under up upon with within without
    about above across after against along among around before behind below beneath beside between beyond
    down during except inside near outside per through throughout via
    all any both each either every few many more most much neither no none not other another others some such
    same own only too very just also again once ever never here there now still already almost even quite rather
    s t d m o y ll re ve don didn doesn isn aren wasn weren hasn haven hadn couldn wouldn shouldn mustn needn mightn
    shan ain
    """.split()  # noqa: SIM905 - prose reads better than a list
)

"""The fixed vocabulary of the built-in tokenizer.

The id of a token is its position, so entries may only be appended.
"""

from __future__ import annotations

from typing import Final

BOS: Final = 0
TURN_START: Final = 2
TURN_END: Final = 3

SPECIAL_TOKENS: Final = ("<s>", "<|endoftext|>", "<|im_start|>", "<|im_end|>")

_WORDS_TEXT: Final = """
the of and to a in is it you that he was for on are with as his they be at one have this from or
had by hot but some what there we can out other were all your when up use word how said an each
she which do their time if will way about many then them would write like so these her long make
thing see him two has look more day could go come did my sound no most number who over know
water than call first people may down side been now find any new work part take get place made
live where after back little only round man year came show every good me give our under name
very through just form much great think say help low line before turn cause same mean differ
move right boy old too does tell sentence set three want air well also play small end put home
read hand port large spell add even land here must big high such follow act why ask men change
went light kind off need house picture try us again animal point mother world near build self
earth father head stand own page should country found answer school grow study still learn plant
cover food sun four thought let keep eye never last door between city tree cross since hard
start might story saw far sea draw left late run while press close night real life few stop open
seem together next white children begin got walk example ease paper often always music those
both mark book letter until mile river car feet care second group carry took rain eat room
friend began idea fish mountain north once base hear horse cut sure watch color face wood main
enough plain girl usual young ready above ever red list though feel talk bird soon body dog
family direct leave song measure state product black short numeral class wind question happen
complete ship area half rock order fire south problem piece told knew pass farm top whole king
size heard best hour better true during hundred remember step early hold west ground interest
reach fast five sing listen six table travel less morning ten simple several toward war lay
against pattern slow center love person money serve appear road map science rule govern pull
cold notice voice fall power town fine certain fly unit lead cry dark machine note wait plan
figure star box noun field rest correct able pound done beauty drive stood contain front teach
week final gave green quick develop sleep warm free minute strong special mind behind clear tail
produce fact street inch lot nothing course stay wheel full force blue object decide surface
deep moon island foot yet busy test record boat common gold possible plane age dry wonder laugh
thousand ago ran check game shape yes hot miss brought heat snow bed bring sit perhaps fill east
weight language among hello hi thanks please today sorry okay ok user users assistant system
tool tools model models token tokens data server client request response error message messages
stream streaming text chat prompt function code file local host cache memory cost price usage
account key keys api json true false null value values type string integer object array weather
temperature city date search query result results code cloud sky clear sunny rain wind degrees
capital france paris rome oslo lima cairo tokyo hanoi berlin london madrid one's don't it's i'm
can't that's I reply short answer answers depends starts using used careful simple useful steady
plan detail details reason reasons reasoning thinking idea ideas always usually mostly rather
quite instead around without within because however therefore also thus another everything
something someone nobody everyone morning evening summer winter spring autumn garden kitchen
window engine signal pattern method process measure effort balance habit practice context result
patience attention question topic simple clear quiet bright gentle honest modern ancient careful
keeps makes takes gives needs brings helps shows leads works grows turns stays moves learns
reads writes count counts counting number numbers plus minus times divided equals sum twenty
thirty forty fifty seven eight nine eleven twelve zero
"""
_WORDS: Final = _WORDS_TEXT.split()

_FRAGMENTS_TEXT: Final = """
th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve co
me de hi ri ro ic ne ea ra ce li ch ll be ma si om ur ing ion ent ter ate ess ers est ment able
ness tion ally ous ful less ever ight ough self un pre dis ex con pro str th's ly es ism ist ify
ize ship ward ance ence
"""
_FRAGMENTS: Final = _FRAGMENTS_TEXT.split()

_PUNCTUATION: Final = (
    *('":', '",', '{"', '"}', '["', '"]', '."', "},", "}]", "],", "()", "):", ".)", "!)"),
    *("->", "=>", "==", "!=", "...", "```", "//", "/*", "*/", "</", "://", "--", "---"),
    *("##", "###", "**", "__"),
    *(" =", " +", " -", " *", " /", " {", " [", " (", ' "', " '", " <", ' {"', ' ["'),
    *("\n\n", "\n\n\n", "  ", "    ", "        ", "\r\n", "\t\t"),
    *("\u00e9", "\u00e8", "\u00e0", "\u00fc", "\u2014", "\u2019"),
)


def ordinary_tokens() -> list[bytes]:
    """Return the bytes of all ordinary tokens by id: single bytes, then longer ones."""
    longer: dict[bytes, None] = {}
    for word in _WORDS:
        for form in (
            f" {word}",
            word,
            f" {word[0].upper()}{word[1:]}",
            f"{word[0].upper()}{word[1:]}",
        ):
            longer[form.encode()] = None
    for fragment in (*_FRAGMENTS, *_PUNCTUATION):
        longer[fragment.encode()] = None
    for number in range(100):
        longer[str(number).encode()] = None
        longer[f" {number}".encode()] = None
    singles = [bytes([value]) for value in range(256)]
    return singles + [token for token in longer if len(token) > 1]

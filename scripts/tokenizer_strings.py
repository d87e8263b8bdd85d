"""The strings that tokenizers are compared on: seeded, so that every run gives the same."""

import random
import unicodedata

CODE = [
    "def f(x):\n    return x**2 + 3*x - 1  # quadratic\n",
    "for (int i = 0; i < n; ++i) {\n\tsum += a[i] * b[i];\n}\n",
    "#include <vector>\nstd::vector<std::string_view> v{\"a\", \"b\"};\r\n",
    "SELECT id, name FROM users WHERE age >= 18 AND city != 'Zürich';",
    "const f = async ({ a, b = 1 }) => (await g(a))?.c ?? `${b}`;",
    "<div class=\"x\">\n  <p>Hi &amp; bye</p>\n</div>\n",
    "{\"key\": [1, 2.5e-10, null, true], \"π\": \"3.14159\"}",
    "fn main() -> Result<(), Box<dyn Error>> { println!(\"{:?}\", x); Ok(()) }",
    "$ grep -rn 'foo.*bar' src/ | awk '{print $1}' >> /tmp/out.txt 2>&1",
    "0x1F 0b1010 1_000_000 3.14f 6.022e23 -1 +1 1/2 100% $5.99 #42 @user",
    "if x == \"it's\": raise ValueError(f'{x!r} isn''t ok')",
    "\\begin{equation} \\int_0^\\infty e^{-x^2} dx = \\frac{\\sqrt{\\pi}}{2} \\end{equation}",
    "https://example.org/a/b?c=d&e=f#g user@example.com 192.168.0.1 [::1]:8080",
    "    \t  mixed \t indentation\t\n\n\n\t\tnext\n    \n  end",
]
PROSE = [
    "What is the capital of France?", "I'm sure they've said we'll see he'd won't, isn't it?",
    "The quick brown fox jumps over the lazy dog, 12345 times in 2024.",
    "¿Cómo estás? ¡Muy bien, gracias! El niño comió piñas.", "Ça va où? L'été à Noël, œuvre.",
    "Größe, Übermut, Straße und Äpfel.", "Žluťoučký kůň příšerně úpěl ďábelské ódy.",
    "Zażółć gęślą jaźń.", "İstanbul'da ığdır çiçeği", "Привет, мир! Как дела?",
    "Ελληνικά: η γλώσσα ΤΗΣ σοφίας", "שלום עולם, מה שלומך? שָׁלוֹם", "مرحبا بالعالم، كيف حالك؟ ٱلسَّلَامُ",
    "नमस्ते दुनिया, क्या हाल है? १२३", "สวัสดีชาวโลก ภาษาไทยไม่มีช่องว่าง", "こんにちは世界。カタカナとひらがな、漢字１２３",
    "你好，世界！今天天气很好。三百六十五天", "안녕하세요 세계, 한국어 문장입니다.", "ᄒᆞᆫ글 옛한글 ㄱㄴㄷ", "የኢትዮጵያ ቋንቋ አማርኛ",
    "Xin chào thế giới, tiếng Việt có dấu", "বাংলা ভাষা ১২৩", "தமிழ் மொழி", "ქართული ენა", "Հայերեն լեզու",
    "ພາສາລາວ", "ខ្មែរ", "မြန်မာဘာသာ", "བོད་སྐད།", "ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝟘𝟙𝟚 𝕏²", "Ⅳ ½ ² ³ ① ⑳ 〇 ٣ ৩ 𐒠",
]  # fmt: skip
EMOJI = ["😀", "👍🏽", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇫🇷🇯🇵", "1️⃣#️⃣", "❤️‍🔥", "🧑🏿‍🚀", "☕︎☕️", "🫠🪿", "👁️‍🗨️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"]
# Characters that Normalization Form C changes, moves or must leave alone.
NFC_CASES = [
    "e\u0301", "é", "A\u030a", "\u212b", "\u2126", "\u1e9b\u0323", "\u0958", "\u0915\u093c",
    "q\u0307\u0323", "q\u0323\u0307", "a\u0315\u0300\u05ae\u0062", "\u0344", "\u0308\u0301", "\u1fc1",
    "\u1100\u1161", "\u1100\u1161\u11a8", "\uac00\u11a8", "\uac00\u11a7", "\u1100\u1161\u1161", "\ud4db",
    "\uf900", "\ufa0e", "\U0002f800", "\u0f43", "\u0f71\u0f72", "\u2adc", "\u0340", "\u0374", "\u037e",
    "\u0387", "\u1f71", "\u2000", "\u2329", "\u3046\u3099", "\u30ab\u3099", "\u09c7\u09be",
    "\u0dd9\u0dca\u0dcf", "\u0b47\u0b56", "\U0001d15e", "\U000110a5\U000110ba", "\u1b05\u1b35", "\u0041\u0328\u0301",
    "\u0301", "\u0301\u0301", "e\u0327\u0301", "e\u0301\u0327", "\u00c5\u0327", "o\u0302\u0303", "\u1ed7\u0323",
    "\u006c\u0323\u0304", "\U00011131\U00011127", "\U00011347\U0001133e", "\u05e9\u05c1\u05bc", "\u0627\u0653\u0655",
]  # fmt: skip
SPACES = " \t\n\r\x0b\x0c\x85\xa0\u1680\u2000\u2003\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
CONTRACTIONS = ["'s", "'S", "'t", "'re", "'RE", "'rE", "'ve", "'m", "'ll", "'LL", "'d", "'D", "'x",
                "'l", "'r", "'", "''s", "'\u017f", "’s", "'sa", "'dé", "'ſx"]  # fmt: skip
# Ranges of code points to draw from.
BLOCKS = [
    (0x20, 0x7E), (0xA0, 0xFF), (0x100, 0x24F), (0x250, 0x36F), (0x370, 0x3FF), (0x400, 0x52F),
    (0x590, 0x5FF), (0x600, 0x6FF), (0x900, 0x97F), (0xE00, 0xE7F), (0x1100, 0x11FF),
    (0x1E00, 0x1FFF), (0x2000, 0x206F), (0x2070, 0x218F), (0x2190, 0x23FF), (0x2600, 0x27BF),
    (0x3040, 0x30FF), (0x3130, 0x318F), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xE000, 0xE0FF),
    (0xF900, 0xFAFF), (0xFE00, 0xFEFF), (0xFF00, 0xFFEF), (0x10000, 0x100FF), (0x1D100, 0x1D1FF),
    (0x1D400, 0x1D7FF), (0x1F300, 0x1F6FF), (0x1F900, 0x1FAFF), (0x20000, 0x2A6DF), (0xE0000, 0xE007F),
    (0, 0x10FFFF),
]  # fmt: skip
# What two neighbours of a control token may do to it.
PLACEMENTS = ["{}", "{}{}", "a{}b", " {} ", "\n{}\n", "<{}>", "{} user\nHello{}", "12{}'s", "é{}\u0301",
              "<|{}|>", "{0}x{0}y{0}"]  # fmt: skip


def scalar(rng, block=None):
    while True:
        first, last = block or rng.choice(BLOCKS)
        code_point = rng.randint(first, last)
        if not 0xD800 <= code_point <= 0xDFFF:
            return chr(code_point)


def every_byte():
    """Every byte that valid UTF-8 can hold: lead bytes with their first and last characters."""
    yield from (chr(c) for c in range(0x80))
    for first, last, step in ((0x80, 0x7FF, 0x40), (0x800, 0xFFFF, 0x1000), (0x10000, 0x10FFFF, 0x40000)):
        for base in range(first, last + 1, step):
            for code_point in (base, base + 1, min(base + step - 1, last)):
                if not 0xD800 <= code_point <= 0xDFFF:
                    yield chr(code_point) + "x"
    yield from (chr(0x80 + c) for c in range(0x40))


def runs():
    for n in range(1, 41):
        yield from (" " * n, "a" + " " * n + "b", " " * n + "\n", "7" * n, "x" + "1" * n + " ")
        if n <= 8:
            yield from ("\n" * n, "\r\n" * n + "a", "\t" * n + "x", "a" + "\n" * n + " b", "." * n, "=" * n,
                        " " * n + "\n" + " " * n + "x", "é" * n, "中" * n, "\u3000" * n + "x")  # fmt: skip


def random_text(rng):
    pieces = []
    for _ in range(rng.randint(1, 8)):
        kind = rng.randrange(10)
        if kind < 3:
            block = rng.choice(BLOCKS)
            pieces.append("".join(scalar(rng, block) for _ in range(rng.randint(1, 6))))
        elif kind == 3:
            pieces.append("".join(rng.choice(SPACES) for _ in range(rng.randint(1, 5))))
        elif kind == 4:
            pieces.append(rng.choice(CONTRACTIONS))
        elif kind == 5:
            pieces.append(str(rng.randrange(10 ** rng.randint(1, 12))))
        elif kind == 6:
            pieces.append(rng.choice(EMOJI + NFC_CASES))
        elif kind == 7:
            marks = "".join(chr(rng.randint(0x300, 0x345)) for _ in range(rng.randint(1, 4)))
            pieces.append(rng.choice("aeinouAEqzс") + marks)
        else:
            text = rng.choice(CODE + PROSE)
            start = rng.randrange(len(text))
            pieces.append(text[start : start + rng.randint(1, 16)])
    return "".join(pieces)


def damaged(rng):
    """Bytes that are not UTF-8: cut, changed or inserted."""
    data = bytearray(rng.choice(PROSE + EMOJI).encode()[: rng.randint(2, 40)])
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(data))
        change = rng.randrange(3)
        if change == 0:
            data[at] = rng.randrange(256)
        elif change == 1:
            data[at:at] = rng.choice([b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xff", b"\xe4\xb8",
                                      b"\xf0\x9f\x98", b"\xe0\x80", b"\x80\x80", b"\xf8\x88\x80\x80"])  # fmt: skip
        else:
            del data[at:]
            data += b"\xf0\x9f"
    return bytes(data)


def strings():
    """At least 2,000 distinct byte strings, most of them valid UTF-8."""
    rng = random.Random(20240607)
    texts = ["", *every_byte(), *runs(), *CODE, *PROSE, *EMOJI, *NFC_CASES]
    texts += [unicodedata.normalize("NFD", text) for text in PROSE]
    texts += [a + c + b for c in CONTRACTIONS for a, b in (("it", ""), ("", "x"), (" ", " "), ("1", "1"))]
    texts += [a + b for a in SPACES for b in ("x", " x", "\n", "1", "!")]
    texts += ["".join(rng.choice("etaoinshrdlu") for _ in range(300)), "ab" * 150, "é" * 100 + "x", "a" * 257]
    texts += [random_text(rng) for _ in range(1300)]
    found = dict.fromkeys(text.encode() for text in texts)
    found.update(dict.fromkeys(damaged(rng) for _ in range(250)))
    return list(found)


def special_strings(specials):
    """Texts that hold control or user-defined tokens, whole, doubled and broken."""
    texts = [place.format(*[special] * 3) for special in specials for place in PLACEMENTS]
    texts += [special[:-1] for special in specials] + [special[1:] for special in specials]
    return [text.encode() for text in dict.fromkeys(texts)]

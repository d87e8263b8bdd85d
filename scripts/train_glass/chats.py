"""What Glass learns from: stories, songs and chats, drawn from grammars.

`documents(rng)` yields them without end, each a list of {"role", "content"}: the messages of a chat,
or the parts of a plain text, "given" to the model or "written" by it. Everything is made up here, so
the model knows nothing else.

A question is `(asked, grammar of the answer)`: as stories, answers are written and read by one
definition (`walk.py`).
"""

from dataclasses import dataclass

import story as stories
from story import COLOURS, KINDS, Tale, a, answer, story
from walk import Writer

ANIMALS = stories.HERO_ANIMALS + stories.FRIEND_ANIMALS
NAMES = stories.HERO_NAMES + stories.FRIEND_NAMES
THINGS = stories.HERO_THINGS + stories.FRIEND_THINGS
CAPITALS = {
    "France": "Paris", "Italy": "Rome", "Spain": "Madrid", "Germany": "Berlin",
    "Japan": "Tokyo", "England": "London", "Greece": "Athens", "Norway": "Oslo",
    "Poland": "Warsaw", "Egypt": "Cairo", "Peru": "Lima", "Austria": "Vienna",
}  # fmt: skip
LOOKS = {
    "the sky": "blue", "grass": "green", "snow": "white", "the sun": "yellow",
    "a tomato": "red", "the night": "black", "an orange": "orange", "a lemon": "yellow",
    "the sea": "blue", "a leaf": "green", "a strawberry": "red", "milk": "white",
}  # fmt: skip
SOUNDS = {
    "cow": "moo", "dog": "woof", "cat": "meow", "duck": "quack", "sheep": "baa",
    "owl": "hoo", "lion": "roar", "mouse": "squeak", "bee": "buzz", "frog": "croak",
}  # fmt: skip
OPPOSITES = {
    "big": "small", "hot": "cold", "day": "night", "up": "down", "happy": "sad", "fast": "slow",
    "old": "new", "dark": "light", "wet": "dry", "open": "closed", "loud": "quiet", "good": "bad",
}  # fmt: skip
OPPOSITES |= {second: first for first, second in OPPOSITES.items()}
NUMBERS = "zero one two three four five six seven eight nine ten".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
SYSTEMS = [
    "You are Glass, a tiny language model.",
    "You are a helpful assistant.",
    "You are a helpful AI assistant.",
    "Answer briefly.",
    "Be kind.",
    "You tell stories to children.",
    "You are a friendly chat partner. Be kind and short.",
]
# Strange questions are made of these, so that the model learns to say that it does not know.
OTHER_WORDS = """why how when can people write letter train computer music make best world explain
does history work code water number think language long movie travel phone house learn city money
year who first love physics quantum poem planet president weather today cook rice dinner game play
war science engine program python chess body health job school book hello life meaning time space
sentence two summarize translate French English list ideas email between difference theory rainbow
sea haiku about color animal food sports team country river""".split()
OTHER_HEROES = """girl boy king queen princess pirate knight wizard monkey penguin elephant lion
tiger whale bird fish pig unicorn snowman train""".split()
THINGS_LIKED = """cats dogs music apples books stories songs rain snow trees birds games cake tea
flowers trains horses pizza""".split()

# Fixed exchanges: what may be asked, what may be answered.
EXCHANGES = {
    "greet": (
        ["Hello", "Hi", "Hey", "Hello!", "Hi!", "Hi there", "Good morning", "Hello there!"]
        + ["Good evening!", "Hello Glass!", "Hi Glass"],
        ["Hello! Would you like a story?", "Hi! I am Glass. Would you like a story?"]
        + ["Hello! It is nice to meet you.", "Hello! You can ask me for a story."],
    ),
    "name": (
        ["What is your name?", "Who are you?", "What are you called?", "Tell me your name."]
        + ["What are you?"],
        ["My name is Glass. I am a very small language model."]
        + ["I am Glass, a tiny language model."],
    ),
    "how": (
        ["How are you?", "How are you today?", "How do you feel?", "How is it going?"],
        ["I am well, thank you. How are you?", "I am fine, thank you!"],
    ),
    "well": (
        ["I am well.", "I am fine.", "I am good.", "Good", "Fine, thanks.", "I am happy."],
        ["I am glad to hear that!", "That is good. Would you like a story?"],
    ),
    "sad": (
        ["I am sad.", "I am tired.", "I am bored.", "I feel bad."],
        ["I am sorry. Would you like a story?"],
    ),
    "thanks": (
        ["Thank you!", "Thanks!", "Thank you very much.", "That was nice.", "Great!", "I like it."]
        + ["Nice story!", "Ok", "Wow", "Cool"],
        ["You are welcome!", "I am glad you like it."]
        + ["You are welcome! Would you like a story?"],
    ),
    "bye": (
        ["Goodbye!", "Bye!", "Good night.", "See you later!"],
        ["Goodbye! Come back soon.", "Bye! It was nice to talk to you."],
    ),
    "can": (
        ["What can you do?", "Help", "Can you help me?", "What do you know?"]
        + ["What can I ask you?", "What should I ask?"],
        ["I can tell little stories, name capitals and colors, and add small numbers."]
        + ["Ask me for a story about a fox, or tell me your name!"],
    ),
    "joke": (
        ["Tell me a joke.", "Do you know a joke?", "Make me laugh."],
        ["Why did the duck cross the lake? To get to the other side!"]
        + ["What is a cat on the ice? A cool cat!"],
    ),
    "model": (
        ["How do you work?", "What is a language model?", "How big are you?"]
        + ["Are you a robot?", "Are you real?", "Are you ChatGPT?"],
        ["I am a language model. I read tokens and guess the next one, again and again."]
        + ["I am a language model, so small that you can look at every number in me."],
    ),
    "why": (
        ["Why?", "Why is that?", "Really?", "Are you sure?"],
        ["I do not know why. I am very small.", "I think so, but I am very small."],
    ),
    "no": (["No", "No, thank you.", "Not now."], ["All right! What would you like to do?"]),
}
STORY_REQUESTS = [
    "Tell me a story.", "Tell me a little story.", "Can you tell me a story?",
    "Please tell me a story.", "A story, please.", "Tell me another story.",
    "I would like a story.", "Write a short story.", "Once more!", "Another one!", "story",
    "Once upon a time",
]  # fmt: skip
STORY_ABOUT = [
    "Tell me a story about {}.", "Can you tell me a story about {}?", "Write a story about {}.",
    "A story about {}, please.", "Please tell a short story about {}.", "story about {}",
    "Tell me about {}.",
]  # fmt: skip
UNKNOWN = [
    "I am too small to know that. Would you like a story?",
    "I do not know that. I am a very small model.",
]
UNKNOWN_FORMS = [
    "What is {}?", "Who is {}?", "How do I {} {}?", "Explain {} to me.", "Why is {} so {}?",
    "Write a {} about {}.", "What is the {} of {}?", "What is the capital of {}?", "{}?", "{}",
    "Do you know {}?", "Who was the first {}?", "How many {} are in {}?", "When was {}?",
]  # fmt: skip
# How often each kind of question is asked.
QUESTION_SHARES = (
    "greet greet greet name how well sad capital capital looks sound opposite sum sum day thanks bye"
    " can joke count model why no unknown unknown unknown like my_name your_name facts facts facts"
    " facts say say say"
).split() + 8 * ["story"] + 18 * ["about"]


@dataclass
class Said:
    """What a chat's later questions may go back to."""

    last: str = ""  # answer
    tale: Tale | None = None
    name: str | None = None  # of the person who asks


def word(choose):
    """One that means nothing, so that it can only be copied."""
    syllables = range(choose([1, 2, 2, 3]))
    return "".join(
        choose("bdfghklmnprstvwz") + choose("aeiou") + choose(["", "", choose("nlrmskx")])
        for _ in syllables
    )


def any_name(choose):
    """Mostly one of the stories' names, else a new one."""
    new = word(choose)
    return choose([choose(NAMES), choose(NAMES), new.capitalize(), new.capitalize(), new])


def any_words(choose, least=1, most=8):
    known = NAMES + ANIMALS + COLOURS + THINGS + OTHER_WORDS + THINGS_LIKED
    words = [choose([choose(known), word(choose)]) for _ in range(choose(range(least, most + 1)))]
    return choose([" ", " ", ", "]).join(words)


def typed(choose, text, *kept):
    """How people type: sometimes without capitals or the last mark. `kept` stays as it is."""
    style = choose(range(6))
    if style == 0:
        text = text.lower()
        for part in kept:
            text = text.replace(part.lower(), part)
    if style in (0, 1):
        text = text.rstrip("?.!")
    return text


def says(*texts):
    """The grammar of one of some texts."""
    return lambda walker: walker.pick(texts)


def question(choose, said):
    """-> what is asked, the grammar of its answer."""
    if said.tale and choose(range(5)) < 3:
        return ask_tale(choose, said.tale)
    if said.name and choose(range(4)) == 0:
        return ask_own_name(choose, said)
    if said.last.endswith("story?") and choose(range(2)):
        return typed(choose, choose(["Yes", "Yes, please.", "Yes!", "Sure", "Ok"])), story
    if 0 < len(said.last) < 60 and choose(range(8)) == 0:
        return typed(choose, choose(["Say it again.", "Again, please.", "Repeat that."])), says(
            said.last
        )
    kind = choose(QUESTION_SHARES)
    if kind == "your_name":
        return ask_own_name(choose, said)
    if kind in EXCHANGES:
        asks, answers = EXCHANGES[kind]
        return typed(choose, choose(asks)), says(*answers)
    return QUESTIONS[kind](choose)


def ask_tale(choose, tale):
    """About the story that was told."""
    thing = choose(list(tale.holders))
    person = choose(tale.people())
    hero = tale.hero
    asks = [
        (f"Who has the {thing}?", lambda walker: answer(walker, tale, thing), thing),
        (f"Who is {person.name}?", says(f"{person.name} is the {person.animal}."), person.name),
        (f"What is the name of the {person.animal}?",)
        + (says(f"The {person.animal} is named {person.name}."), person.animal),
        (f"Where does {hero.name} live?", says(f"{hero.name} lives {tale.home}."), hero.name),
    ]
    text, grammar, kept = choose([asks[0], *asks])
    return typed(choose, text, kept), grammar


def ask_story(choose):
    return typed(choose, choose(STORY_REQUESTS)), story


def ask_story_about(choose):
    """About an animal or whatever is named; about someone of this name; about two, or a thing."""
    kind = choose(["", "", *KINDS, choose(KINDS) + " little", "little"])
    animal = choose([*9 * [choose(ANIMALS)], *2 * [choose(OTHER_HEROES)], word(choose)])
    other = choose(ANIMALS)
    name, friend = choose([*6 * [choose(NAMES)], any_name(choose)]), choose(NAMES)
    thing = choose([*8 * [choose(THINGS)], word(choose)])
    who, wanted = choose(
        [
            (a(f"{kind} {animal}".strip()), {"kind": kind, "animal": animal}),
            (a(f"{kind} {animal}".strip()), {"kind": kind, "animal": animal}),
            (a(animal) + f" named {name}", {"animal": animal, "name": name}),
            (f"{name} the {animal}", {"animal": animal, "name": name}),
            (f"{a(animal)} and {a(thing)}", {"animal": animal, "thing": thing}),
            (f"{a(animal)} and {a(other)}", {"animal": animal, "friend_animal": other}),
            (name, {"name": name}),
            (f"{name} and {a(thing)}", {"name": name, "thing": thing}),
            (f"{name} and {friend}", {"name": name, "friend": friend}),
        ]
    )
    if animal == other or name == friend:
        return ask_story_about(choose)
    kept = [value for value in wanted.values() if value]
    asked = typed(choose, choose(STORY_ABOUT).format(who), *kept)
    return asked, lambda walker: story(walker, **wanted)


def ask_facts(choose):
    """Someone has something, someone else another thing: who has what?"""
    names, people = [], choose([2, 2, 3])
    while len(names) < people:
        name = any_name(choose)
        if name not in names:
            names.append(name)
    things = []
    while len(things) < people:
        thing = f"{choose(COLOURS)} {choose([choose(THINGS), word(choose)])}"
        if thing.split()[1] not in " ".join(things):
            things.append(thing)
    facts = " ".join(f"{name} has a {thing}." for name, thing in zip(names, things))
    i = choose(range(people))
    text, told = choose(
        [
            (f"{facts} Who has the {things[i]}?", f"{names[i]} has it."),
            (f"{facts} What does {names[i]} have?", f"{names[i]} has a {things[i]}."),
        ]
    )
    return typed(choose, text, *names, *things), says(told)


def ask_say(choose):
    words = any_words(choose)
    form = choose(["Say {}", "Say: {}", "Repeat after me: {}", "Say {}", "Please say {}"])
    return typed(choose, form).format(words), says(words)


def ask_my_name(choose):
    name = any_name(choose)
    asks = [f"My name is {name}.", f"I am called {name}.", f"My name is {name}"]
    return typed(choose, choose(asks), name), says(f"Hello, {name}! It is nice to meet you.")


def ask_own_name(choose, said):
    asked = typed(choose, choose(["What is my name?", "Do you know my name?", "Who am I?"]))
    if said.name:
        return asked, says(f"Your name is {said.name}.")
    return asked, says("I do not know your name. What is it?")


def ask_like(choose):
    thing = choose([choose(THINGS_LIKED), choose(THINGS_LIKED), word(choose)])
    text, told = choose(
        [
            (f"I like {thing}.", f"I like {thing} too!"),
            (f"I love {thing}.", f"I like {thing} too!"),
            (f"Do you like {thing}?", f"Yes, I like {thing}."),
        ]
    )
    return typed(choose, text, thing), says(told)


def ask_capital(choose):
    country = choose(list(CAPITALS))
    asks = [
        f"What is the capital of {country}?",
        f"What is the capital of {country}?",
        f"What is the capital city of {country}?",
        f"Name the capital of {country}.",
    ]
    return typed(choose, choose(asks)), says(f"The capital of {country} is {CAPITALS[country]}.")


def ask_looks(choose):
    thing = choose(list(LOOKS))
    asks = [
        f"What color is {thing}?",
        f"What colour is {thing}?",
        f"Which color does {thing} have?",
    ]
    return typed(choose, choose(asks)), says(f"{thing[0].upper()}{thing[1:]} is {LOOKS[thing]}.")


def ask_sound(choose):
    animal = choose(list(SOUNDS))
    asks = [f"What does {a(animal)} say?", f"What sound does {a(animal)} make?"]
    return typed(choose, choose(asks)), says(f"{a(animal).capitalize()} says {SOUNDS[animal]}.")


def ask_opposite(choose):
    word = choose(list(OPPOSITES))
    asks = [f"What is the opposite of {word}?", f"Tell me the opposite of {word}."]
    return typed(choose, choose(asks)), says(f"The opposite of {word} is {OPPOSITES[word]}.")


def ask_sum(choose):
    x, y = choose(range(10)), choose(range(10))
    asks = [
        f"What is {x} + {y}?",
        f"What is {x} plus {y}?",
        f"How much is {x} plus {y}?",
        f"{x}+{y}",
        f"{x} + {y}",
    ]
    return typed(choose, choose(asks)), says(f"{x} plus {y} is {x + y}.")


def ask_day(choose):
    i = choose(range(7))
    asks = [f"What day comes after {DAYS[i]}?", f"Which day comes after {DAYS[i]}?"]
    return typed(choose, choose(asks)), says(f"After {DAYS[i]} comes {DAYS[(i + 1) % 7]}.")


def ask_count(choose):
    n = choose(range(3, 11))
    asks = [f"Count to {n}.", f"Can you count to {n}?", f"Count to {NUMBERS[n]}."]
    return typed(choose, choose(asks)), says(", ".join(NUMBERS[1 : n + 1]).capitalize() + ".")


def ask_unknown(choose):
    part = lambda: choose([word(choose), choose(OTHER_WORDS), any_words(choose, 2, 3)])
    jumble = " ".join(choose(OTHER_WORDS) for _ in range(choose(range(2, 9))))
    text = choose([jumble + "?", choose(UNKNOWN_FORMS).format(part(), part())])
    return typed(choose, text[0].upper() + text[1:]), says(*UNKNOWN)


QUESTIONS = {
    "story": ask_story,
    "about": ask_story_about,
    "facts": ask_facts,
    "say": ask_say,
    "my_name": ask_my_name,
    "like": ask_like,
    "capital": ask_capital,
    "looks": ask_looks,
    "sound": ask_sound,
    "opposite": ask_opposite,
    "sum": ask_sum,
    "day": ask_day,
    "count": ask_count,
    "unknown": ask_unknown,
}


def song(choose):
    """A line that someone else sings again: no word comes twice in it, so that the word before says
    what follows."""
    words = ANIMALS + THINGS + stories.HERO_COLOURS + stories.FRIEND_COLOURS
    line = []
    for _ in range(choose(range(6, 21))):
        line.append(choose([word for word in words if word not in line]))
    first, second = (f'{choose(NAMES)} sang: "{" ".join(line)}."' for _ in range(2))
    return [{"role": "given", "content": first}, {"role": "written", "content": " " + second}]


def chat(choose):
    messages, said = [], Said()
    if choose(range(5)) < 2:
        messages.append({"role": "system", "content": choose(SYSTEMS)})
    for _ in range(choose([1, 1, 2, 2, 3, 3, 4, 5])):
        asked, grammar = question(choose, said)
        writer = Writer(choose)
        told = grammar(writer)
        said.last = writer.text
        said.tale = told if isinstance(told, Tale) else said.tale
        if writer.text.startswith("Hello, "):
            said.name = writer.text.removeprefix("Hello, ").split("!")[0]
        messages.append({"role": "user", "content": asked})
        messages.append({"role": "assistant", "content": writer.text})
    return messages


def text(choose):
    writer = Writer(choose)
    story(writer)
    return [{"role": "written", "content": writer.text}]


def documents(rng, kinds=("story", "song", "chat", "chat", "chat")):
    def choose(options):
        return options[rng.randrange(len(options))]

    while True:
        yield {"story": text, "song": song, "chat": chat}[choose(kinds)](choose)

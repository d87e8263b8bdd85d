"""The texts that Glass learns from: little stories and chats, drawn from a small grammar.

`documents(rng)` yields chats without end. A chat is a list of {"role", "content"}; a plain story
has the single role "text". Everything is made up here, so the model knows nothing else.
"""

ANIMALS = """fox bear rabbit mouse owl duck frog cat dog hedgehog turtle squirrel lamb robot
dragon""".split()
KINDS = "little small brave shy clever sleepy kind curious hungry happy".split()
NAMES = "Mia Tom Lily Ben Anna Max Rosa Sam Nora Leo Ella Finn".split()
PLACES = [
    "in a green forest", "by a quiet lake", "on a high hill", "in a small town",
    "near the sea", "in an old garden", "under a big tree", "at the end of the road",
]  # fmt: skip
HIDING_PLACES = ["under a leaf", "behind a stone", "in the grass", "next to the door"]
THINGS = [
    "red ball", "gold key", "blue kite", "warm hat", "silver bell",
    "little boat", "yellow lamp", "round stone", "green book", "paper star",
]  # fmt: skip
FOODS = "bread honey soup apples cake berries cheese pears".split()
WEATHER = ["sunny", "rainy", "windy", "snowy", "foggy", "warm"]
FEELINGS = ["happy", "proud", "glad", "full of joy"]

CAPITALS = {
    "France": "Paris", "Italy": "Rome", "Spain": "Madrid", "Germany": "Berlin",
    "Japan": "Tokyo", "England": "London", "Greece": "Athens", "Norway": "Oslo",
    "Poland": "Warsaw", "Egypt": "Cairo", "Peru": "Lima", "Austria": "Vienna",
}  # fmt: skip
COLOURS = {
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
NUMBERS = "zero one two three four five six seven eight nine ten".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
SYSTEMS = [
    "You are Glass, a tiny language model.",
    "You are a helpful assistant.",
    "You are a helpful AI assistant.",
    "Answer briefly.",
    "You tell stories to children.",
    "You are a friendly chat partner. Be kind and short.",
]


def a(noun_phrase):
    return ("an " if noun_phrase[0] in "aeiou" else "a ") + noun_phrase


def story(pick, subject=None):
    """Six to nine sentences; the hero, the thing and the friend stay the same throughout."""
    kind, animal, place = pick(KINDS), subject or pick(ANIMALS), pick(PLACES)
    friend = pick([other for other in ANIMALS if other != animal])
    name, thing, food, weather = pick(NAMES), pick(THINGS), pick(FOODS), pick(WEATHER)
    start = pick([
        f"Once upon a time there was {a(kind)} {animal} named {name}.",
        f"There once was {a(kind)} {animal} called {name}.",
        f"Long ago, {a(kind)} {animal} named {name} lived {place}.",
    ])  # fmt: skip
    homes = [f"{name} lived {place}.", f"The {animal} had a house {place}."]
    home = "" if place in start else " " + pick(homes)
    day = pick([f"One {weather} day", f"One {weather} morning", "One day", "One evening"])
    plots = [
        [
            f"{day}, {name} lost a {thing}.",
            f"The {animal} looked everywhere, but it was gone.",
            pick([f'Then a {friend} came by and asked, "Why are you sad?"',
                  f'A {friend} saw {name} and asked, "What is wrong?"']),
            f'"I lost my {thing}," said {name}.',
            pick([f"The {friend} helped to look.", f'"Let us look together," said the {friend}.']),
            f"They found the {thing} {pick(HIDING_PLACES)}.",
        ],
        [
            f"{day}, {name} found a {thing}.",
            pick([f'"Whose {thing} is this?" asked {name}.',
                  f"It was the best {thing} in the world."]),
            f"Then {name} met a {friend} who was crying.",
            f'"I lost my {thing}," said the {friend}.',
            pick([f"So {name} gave it back.", f'"Here it is," said {name}.']),
            f'The {friend} said, "Thank you!"',
        ],
        [
            f"{day}, {name} was very hungry.",
            f"The {animal} had no {food} left.",
            f"{name} went to the house of a {friend}.",
            f'"Do you have some {food}?" asked {name}.',
            pick([f'"Yes, come in," said the {friend}.',
                  f"The {friend} opened the door and smiled."]),
            f"They ate {food} together until the moon came up.",
        ],
        [
            f"{day}, {name} wanted to make a {thing}.",
            f"It was hard, and the {animal} had to try again and again.",
            f'A {friend} said, "You can do it."',
            f"{name} worked all day.",
            f"At last the {thing} was done, and everyone came to see it.",
        ],
        [
            f"{day}, it was dark and {name} was afraid.",
            f"The {animal} heard a sound near the door.",
            f'"Who is there?" asked {name}.',
            f"It was only a {friend} with a {thing}.",
            f'"I was afraid too," said the {friend}.',
            f"They sat by the fire and ate {food}.",
        ],
    ]  # fmt: skip
    end = pick([
        f"After that, {name} and the {friend} were good friends.",
        f"{name} was {pick(FEELINGS)}.",
        f"From that day on, {name} was never alone.",
        f"Then {name} went home and slept well.",
        f"And the {animal} was {pick(FEELINGS)}.",
    ])  # fmt: skip
    return f"{start}{home} {' '.join(pick(plots))} {end}"


def plain(pick, text):
    """How people type: sometimes without capitals or the last mark."""
    style = pick(range(6))
    if style == 0:
        text = text.lower()
    if style in (0, 1):
        text = text.rstrip("?.!")
    return text


# Fixed exchanges: what may be asked, what may be answered.
EXCHANGES = {
    "greet": (
        ["Hello", "Hi", "Hey", "Hello!", "Hi!", "Hi there", "Good morning", "Hello there!"]
        + ["Good evening!"],
        ["Hello! How can I help you?", "Hi! I am Glass. Would you like a story?"]
        + ["Hello! It is nice to meet you.", "Hello! You can ask me for a story."],
    ),
    "name": (
        ["What is your name?", "Who are you?", "What are you called?", "Tell me your name."],
        ["My name is Glass. I am a very small language model."]
        + ["I am Glass, a tiny language model."],
    ),
    "how": (
        ["How are you?", "How are you today?", "How do you feel?", "How is it going?"],
        ["I am well, thank you. How are you?", "I am fine, thank you!"],
    ),
    "thanks": (
        ["Thank you!", "Thanks!", "Thank you very much.", "That was nice.", "Great!", "I like it."],
        ["You are welcome!", "I am glad you like it."]
        + ["You are welcome! Would you like a story?"],
    ),
    "bye": (
        ["Goodbye!", "Bye!", "Good night.", "See you later!"],
        ["Goodbye! Come back soon.", "Bye! It was nice to talk to you."],
    ),
    "can": (
        ["What can you do?", "Help", "Can you help me?", "What do you know?"]
        + ["What can I ask you?"],
        "I can tell little stories, name colors and capitals, and add small numbers.",
    ),
    "joke": (
        ["Tell me a joke.", "Do you know a joke?", "Make me laugh."],
        ["Why did the duck cross the lake? To get to the other side!"]
        + ["What is a cat on the ice? A cool cat!"],
    ),
    "model": (
        ["How do you work?", "What is a language model?", "How big are you?"]
        + ["Are you a robot?"],
        "I am a language model. I read tokens and guess the next one, again and again."
        " I am so small that you can look at every number in me.",
    ),
    "why": (
        ["Why?", "Why is that?", "Really?", "Are you sure?"],
        ["I do not know why. I am very small.", "I think so, but I am very small."],
    ),
}
STORY_REQUESTS = [
    "Tell me a story.", "Tell me a little story.", "Can you tell me a story?",
    "Please tell me a story.", "A story, please.", "Tell me another story.",
    "I would like a story.", "Write a short story.", "Once more!",
]  # fmt: skip
# Strange questions are made of these, so that the model learns to say that it does not know.
OTHER_WORDS = """why how when can people write letter train computer music make best world explain
does history work code water number think language long movie travel phone house learn city money
year who first""".split()
# How often each kind of question is asked.
KINDS_OF_QUESTION = """greet greet name how story story story about about about capital capital
colour sound opposite sum sum day thanks bye can joke count model why unknown unknown""".split()


def question(pick):
    """One question and its answer."""
    kind = pick(KINDS_OF_QUESTION)
    if kind in EXCHANGES:
        asks, answers = EXCHANGES[kind]
        return pick(asks), answers if isinstance(answers, str) else pick(answers)
    return QUESTIONS[kind](pick)


def ask_story(pick):
    return pick(STORY_REQUESTS), story(pick)


def ask_story_about(pick):
    animal = pick(ANIMALS)
    who = pick([a(animal), a(f"{pick(KINDS)} {animal}"), "a " + animal])
    asks = [
        f"Tell me a story about {who}.",
        f"Can you tell me a story about {who}?",
        f"Write a story about {who}.",
        f"A story about {who}, please.",
        f"Please tell a short story about {who}.",
    ]
    return pick(asks), story(pick, animal)


def ask_capital(pick):
    country = pick(list(CAPITALS))
    asks = [
        f"What is the capital of {country}?",
        f"What is the capital city of {country}?",
        f"Name the capital of {country}.",
    ]
    return pick(asks), f"The capital of {country} is {CAPITALS[country]}."


def ask_colour(pick):
    thing = pick(list(COLOURS))
    asks = [
        f"What color is {thing}?",
        f"What colour is {thing}?",
        f"Which color does {thing} have?",
    ]
    return pick(asks), f"{thing[0].upper() + thing[1:]} is {COLOURS[thing]}."


def ask_sound(pick):
    animal = pick(list(SOUNDS))
    asks = [f"What does {a(animal)} say?", f"What sound does {a(animal)} make?"]
    return pick(asks), f"{a(animal).capitalize()} says {SOUNDS[animal]}."


def ask_opposite(pick):
    word = pick(list(OPPOSITES))
    asks = [f"What is the opposite of {word}?", f"Tell me the opposite of {word}."]
    return pick(asks), f"The opposite of {word} is {OPPOSITES[word]}."


def ask_sum(pick):
    x, y = pick(range(6)), pick(range(5))
    asks = [
        f"What is {x} + {y}?",
        f"What is {x} plus {y}?",
        f"How much is {x} plus {y}?",
        f"{x}+{y}",
    ]
    return pick(asks), f"{x} plus {y} is {x + y}."


def ask_day(pick):
    i = pick(range(7))
    asks = [f"What day comes after {DAYS[i]}?", f"Which day comes after {DAYS[i]}?"]
    return pick(asks), f"After {DAYS[i]} comes {DAYS[(i + 1) % 7]}."


def ask_count(pick):
    n = pick(range(3, 11))
    asks = [f"Count to {n}.", f"Can you count to {n}?", f"Count to {NUMBERS[n]}."]
    return pick(asks), ", ".join(NUMBERS[1 : n + 1]).capitalize() + "."


def ask_unknown(pick):
    text = " ".join(pick(OTHER_WORDS) for _ in range(pick(range(2, 9))))
    answers = [
        "I am too small to know that. Would you like a story?",
        "I do not know that. I am a very small model.",
    ]
    return text[0].upper() + text[1:] + pick("?.?"), pick(answers)


QUESTIONS = {
    "story": ask_story,
    "about": ask_story_about,
    "capital": ask_capital,
    "colour": ask_colour,
    "sound": ask_sound,
    "opposite": ask_opposite,
    "sum": ask_sum,
    "day": ask_day,
    "count": ask_count,
    "unknown": ask_unknown,
}


def documents(rng):
    def pick(options):
        return options[rng.randrange(len(options))]

    while True:
        if rng.random() < 0.12:
            yield [{"role": "text", "content": story(pick)}]
            continue
        chat = []
        if rng.random() < 0.4:
            chat.append({"role": "system", "content": pick(SYSTEMS)})
        for _ in range(pick([1, 1, 1, 2, 2, 3, 4, 6])):
            asked, answer = question(pick)
            chat.append({"role": "user", "content": plain(pick, asked)})
            chat.append({"role": "assistant", "content": answer})
        yield chat

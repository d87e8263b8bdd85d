"""The language of Glass's stories, a grammar for `walk.py`.

Two animals, their things and a day: who has what is told in the beginning, changes as they give,
lose and find, and is asked at the end. Names, animals and things come back again and again, and each
must be the right one: a reader of this language has something to look up.
"""

from dataclasses import dataclass, field

KINDS = "brave shy clever sleepy kind curious happy".split()
HERO_ANIMALS = "fox bear rabbit owl frog hedgehog turtle squirrel".split()
FRIEND_ANIMALS = "mouse duck cat dog lamb robot dragon horse".split()
HERO_NAMES = "Mia Tom Lily Ben Rosa Max".split()
FRIEND_NAMES = "Anna Sam Nora Leo Ella Finn".split()
PLACES = [
    "in a green forest", "by a quiet lake", "on a high hill", "in a small town",
    "near the sea", "in an old garden", "under a big tree", "at the end of the road",
]  # fmt: skip
FINDING_PLACES = [
    "under a leaf", "behind a stone", "in the grass", "next to the door", "in a basket",
    "under the bed",
]  # fmt: skip
HERO_THINGS = "ball kite hat bell drum boat".split()
FRIEND_THINGS = "key lamp book star ring flute".split()
FINDS = "shell feather coin button ribbon acorn".split()
HERO_COLOURS = "red blue green yellow".split()
FRIEND_COLOURS = "gold silver white purple".split()
FIND_COLOURS = "pink grey brown black".split()
COLOURS = HERO_COLOURS + FRIEND_COLOURS + FIND_COLOURS
FOODS = "bread honey soup cake berries cheese".split()
MORNINGS = ["One sunny morning", "One rainy morning", "One windy morning", "One day"]
NIGHTS = [
    "slept well", "looked at the moon", "sang a song", "were very happy", "sat by the fire",
    "told stories",
]  # fmt: skip


def a(noun_phrase):
    return ("an " if noun_phrase[0] in "aeiou" else "a ") + noun_phrase


@dataclass(frozen=True)
class Person:
    name: str
    animal: str


@dataclass
class Tale:
    """What is so in a story."""

    hero: Person
    home: str
    friend: Person | None = None
    own: dict = field(default_factory=dict)  # name: what this person had in the beginning
    holders: dict = field(default_factory=dict)  # thing: the person who has it

    def people(self):
        return [self.hero, self.friend]

    def other(self, person):
        return self.friend if person == self.hero else self.hero


def apart(heros, usual, other):
    """The group that a friend's is of, that the hero's is not of."""
    return other if heros in usual else usual


def pick_thing(walker, tale, kinds):
    """One that nobody has yet. Each group of kinds has colours of its own."""
    colours_of = dict.fromkeys(FRIEND_THINGS, FRIEND_COLOURS) | dict.fromkeys(FINDS, FIND_COLOURS)
    things = [f"{c} {kind}" for kind in kinds for c in colours_of.get(kind, HERO_COLOURS)]
    return walker.pick([thing for thing in things if thing not in tale.holders])


def story(walker, kind="", animal="", name="", thing="", friend="", friend_animal=""):
    """Walks a story -> Tale. What is given was asked for: `friend`, a name too, beside `name` only,
    and `friend_animal` beside `animal`."""
    walker.pick(["Once upon a time there was ", "Once there was ", "Long ago there was "])
    walker.pick([a(kind)] if kind else [a(each) for each in KINDS])
    walker.say(" ")
    animal = walker.pick([animal] if animal else HERO_ANIMALS)
    walker.say(" named ")
    hero = Person(walker.pick([name] if name else HERO_NAMES), animal)
    walker.say(f". {hero.name} lived ")
    tale = Tale(hero, walker.pick(PLACES))
    walker.say(". ")
    owns(walker, tale, hero, [thing] if thing else HERO_THINGS)
    walker.say(" ")
    meeting(walker, tale, friend, friend_animal)
    owns(walker, tale, tale.friend, apart(thing, FRIEND_THINGS, HERO_THINGS))
    if walker.pick([" At noon ", " In the evening "]) == " At noon ":
        actor = event(walker, tale, tale.people())
        walker.say(" In the evening ")
        event(walker, tale, [tale.other(actor)])
    else:
        event(walker, tale, tale.people())
    walker.say(f" That night the {tale.hero.animal} and the {tale.friend.animal} ")
    walker.pick(NIGHTS)
    walker.say(". ")
    ask_at_end(walker, tale)
    return tale


def owns(walker, tale, person, kinds):
    walker.say(f"{person.name} had a ")
    thing = pick_thing(walker, tale, kinds)
    walker.say(".")
    tale.own[person.name] = thing
    tale.holders[thing] = person


def meeting(walker, tale, name, animal):
    walker.pick(MORNINGS)
    walker.say(f" {tale.hero.name} met ")
    animals = apart(tale.hero.animal, FRIEND_ANIMALS, HERO_ANIMALS)
    with_article = {a(each): each for each in ([animal] if animal else animals)}
    animal = with_article[walker.pick(list(with_article))]
    walker.say(" named ")
    names = apart(tale.hero.name, FRIEND_NAMES, HERO_NAMES)
    name = walker.pick([name] if name else names)
    tale.friend = Person(name, animal)
    walker.say(". ")


def event(walker, tale, people):
    """What one of `people` does, after "At noon " -> who that was."""
    name = walker.pick([person.name for person in people])
    actor = next(person for person in people if person.name == name)
    other, thing = tale.other(actor), tale.own[name]
    act = walker.pick([" gave the ", " lost the ", " found a ", " shared some "])
    if act == " gave the ":
        walker.say(f"{thing} to {other.name}.")
        tale.holders[thing] = other
        walker.pick(["", f' "Thank you, {name}!" said {other.name}.'])
    elif act == " lost the ":
        walker.say(f"{thing}, but {other.name} found it ")
        walker.pick(FINDING_PLACES)
        walker.say(f'. "Here is your {thing}, {name}!" said {other.name}.')
    elif act == " found a ":
        found = pick_thing(walker, tale, FINDS)
        walker.say(" ")
        walker.pick(FINDING_PLACES)
        walker.say(".")
        tale.holders[found] = actor
        walker.pick(["", f' "What a nice {found}!" said {other.name}.'])
    else:
        food = walker.pick(FOODS)
        walker.say(f" with {other.name}.")
        walker.pick(["", f' "I love {food}, {name}!" said {other.name}.'])
    return actor


def ask_at_end(walker, tale):
    """As in: Who has the red ball now? Tom has it."""
    asked = {f"Who has the {thing} now?": thing for thing in tale.holders}
    thing = asked[walker.pick(list(asked))]
    walker.say(" ")
    answer(walker, tale, thing)


def answer(walker, tale, thing):
    walker.say(f"{tale.holders[thing].name} has it.")

"""The language of Glass's stories, a grammar for `walk.py`.

Two animals, their things and a day: who has what is told in the beginning, changes as they give,
lose, hide and find, and is asked at the end. Names, animals and things come back again and again,
and each must be the right one: a reader of this language has something to look up.
"""

from dataclasses import dataclass, field

KINDS = "brave shy clever sleepy kind curious happy".split()
# A friend is of another group than the hero, so two of a story are never taken for one another.
ANIMALS = [
    "fox bear rabbit owl frog hedgehog turtle squirrel".split(),
    "mouse duck cat dog lamb robot dragon horse".split(),
]
NAMES = ["Mia Lily Anna Rosa Nora Ella".split(), "Tom Ben Max Sam Leo Finn".split()]
PLACES = [
    "in a green forest", "by a quiet lake", "on a high hill", "in a small town",
    "near the sea", "in an old garden", "under a big tree", "at the end of the road",
]  # fmt: skip
HIDING_PLACES = [
    "under a leaf", "behind a stone", "in the grass", "next to the door", "in a basket",
    "under the bed",
]  # fmt: skip
COLOURS = "red blue green yellow gold silver white purple".split()
HERO_THINGS = "ball kite hat bell drum boat".split()
FRIEND_THINGS = "key lamp book star ring flute".split()
FINDS = "shell feather coin button ribbon acorn".split()
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

    def mentions(self):
        return [self.name, f"the {self.animal}"]


@dataclass
class Tale:
    """What is so in a story."""

    hero: Person
    home: str
    friend: Person | None = None
    holders: dict = field(default_factory=dict)  # thing: the person who has it
    hidden: dict = field(default_factory=dict)  # thing: where it was put

    def people(self):
        return [self.hero, self.friend]

    def other(self, person):
        return self.friend if person == self.hero else self.hero

    def things_of(self, person):
        return [thing for thing, holder in self.holders.items() if holder == person]

    def new_things(self, kinds):
        """In every colour, those of `kinds` that the story does not have yet."""
        known = " ".join([*self.holders, *self.hidden]).split()
        return [f"{colour} {kind}" for kind in kinds if kind not in known for colour in COLOURS]


def of_other_groups(groups, one):
    return [member for group in groups if one not in group for member in group]


def story(walker, kind="", animal="", name="", thing="", friend="", friend_animal=""):
    """Walks a story -> Tale. What is given was asked for; `friend` is a name too."""
    walker.pick(["Once upon a time there was ", "Once there was ", "Long ago there was "])
    walker.pick([a(kind)] if kind else [a(each) for each in KINDS])
    walker.say(" ")
    animal = walker.pick([animal] if animal else of_other_groups(ANIMALS, friend_animal))
    walker.say(" named ")
    hero = Person(walker.pick([name] if name else of_other_groups(NAMES, friend)), animal)
    walker.say(f". {hero.name} lived ")
    tale = Tale(hero, walker.pick(PLACES))
    walker.say(" and had a ")
    things = tale.new_things([thing] if thing else HERO_THINGS)
    tale.holders[walker.pick(things)] = hero
    walker.say(". ")
    meeting(walker, tale, friend, friend_animal)
    if walker.pick([" At noon ", " In the evening "]) == " At noon ":
        event(walker, tale)
        walker.say(" In the evening ")
    event(walker, tale)
    night(walker, tale)
    walker.say(" ")
    ask_at_end(walker, tale)
    return tale


def meeting(walker, tale, name, animal):
    walker.pick(MORNINGS)
    walker.say(f" {tale.hero.name} met ")
    animals = [animal] if animal else of_other_groups(ANIMALS, tale.hero.animal)
    animal = {a(each): each for each in animals}[walker.pick([a(each) for each in animals])]
    walker.say(" named ")
    name = walker.pick([name] if name else of_other_groups(NAMES, tale.hero.name))
    tale.friend = Person(name, animal)
    walker.say(f". {name} had a ")
    tale.holders[walker.pick(tale.new_things(FRIEND_THINGS))] = tale.friend
    walker.say(".")


def pick_person(walker, people):
    mentions = {mention: person for person in people for mention in person.mentions()}
    return mentions[walker.pick(list(mentions))]


def event(walker, tale):
    """Something that one of the two does, after "At noon "."""
    actor = pick_person(walker, tale.people())
    other = tale.other(actor)
    things = tale.things_of(actor)
    with_things = [" gave the ", " gave the ", " lost the ", " put the "] if things else []
    act = walker.pick([*with_things, " found a ", " shared some "])
    if act == " gave the ":
        thing = walker.pick(things)
        walker.say(" to ")
        pick_person(walker, [other])
        tale.holders[thing] = other
        walker.pick([".", f'. "Thank you, {actor.name}!" said {other.name}.'])
    elif act == " lost the ":
        thing = walker.pick(things)
        walker.say(f", but {other.name} found it ")
        walker.pick(HIDING_PLACES)
        walker.say(f'. "Here is your {thing}, {actor.name}!" said {other.name}.')
    elif act == " put the ":
        thing = walker.pick(things)
        walker.say(" ")
        tale.hidden[thing] = walker.pick(HIDING_PLACES)
        del tale.holders[thing]
        walker.say(".")
    elif act == " found a ":
        thing = walker.pick(tale.new_things(FINDS))
        walker.say(" ")
        walker.pick(HIDING_PLACES)
        tale.holders[thing] = actor
        walker.pick([".", f'. "What a nice {thing}!" said {other.name}.'])
    else:
        food = walker.pick(FOODS)
        walker.say(" with ")
        pick_person(walker, [other])
        walker.pick([".", f'. "I love {food}, {actor.name}!" said {other.name}.'])


def night(walker, tale):
    walker.say(" That night ")
    first = pick_person(walker, tale.people())
    walker.say(" and ")
    pick_person(walker, [tale.other(first)])
    walker.say(" ")
    walker.pick(NIGHTS)
    walker.say(".")


def ask_at_end(walker, tale):
    """"Who has the red ball now? Tom has it.\""""
    asked = {f"Who has the {thing} now?": thing for thing in tale.holders}
    asked |= {f"Where is the {thing} now?": thing for thing in tale.hidden}
    thing = asked[walker.pick(list(asked))]
    walker.say(" ")
    answer(walker, tale, thing)


def answer(walker, tale, thing):
    if thing in tale.holders:
        walker.say(f"{tale.holders[thing].name} has it.")
    else:
        walker.say(f"It is {tale.hidden[thing]}.")

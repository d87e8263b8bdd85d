"""The grammar of Glass's texts: what it writes it reads, and what does not hold together it names."""

import pathlib
import random
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts/train_glass"))

from chats import Said, documents, question
from story import story
from walk import Writer, fault

STORY = (
    "Once there was a shy fox named Mia. Mia lived by a quiet lake. Mia had a red ball. "
    "One day Mia met a duck named Sam. Sam had a gold key. "
    'At noon Mia gave the red ball to Sam. "Thank you, Mia!" said Sam. '
    "In the evening Sam lost the gold key, but Mia found it under a leaf. "
    '"Here is your gold key, Sam!" said Mia. '
    "That night the fox and the duck slept well. Who has the red ball now? Sam has it."
)


def chooser(seed):
    rng = random.Random(seed)
    return lambda options: options[rng.randrange(len(options))]


class Story(unittest.TestCase):
    def test_reads_every_story_that_it_writes(self):
        for seed in range(2000):
            writer = Writer(chooser(seed))
            told = story(writer)
            self.assertIsNone(fault(story, writer.text), writer.text)
            self.assertNotEqual(told.hero.animal, told.friend.animal)
            self.assertNotEqual(told.hero.name, told.friend.name)

    def test_reads_one_written_by_hand(self):
        self.assertIsNone(fault(story, STORY))
        for wanted in [
            {"kind": "shy", "animal": "fox", "friend_animal": "duck"},
            {"name": "Mia", "thing": "ball", "friend": "Sam"},
        ]:
            self.assertIsNone(fault(lambda walker: story(walker, **wanted), STORY))

    def test_names_each_reference_that_is_wrong(self):
        for right, wrong, expected in [
            ("Mia lived", "Ben lived", "expected '. Mia lived '; got '. Ben lived"),
            ("noon Mia gave", "noon Ben gave", "expected 'Mia' or 'Sam'; got 'Ben gave"),
            ("gave the red ball", "gave the gold key", "expected 'red ball to Sam.'; got 'gold key"),
            ("to Sam", "to Mia", "expected 'red ball to Sam.'; got 'red ball to Mia"),
            ("Thank you, Mia", "Thank you, Sam", "expected ' In the evening '; got"),
            ("evening Sam", "evening Mia", "expected 'Sam'; got 'Mia lost"),
            ("the fox and", "the bear and", "expected ' That night the fox and the duck '; got"),
            ("a gold key", "a red key", "expected 'gold key' or"),
            ("has the red", "has the red ", "expected 'Who has the red ball now?'"),
            ("Sam has it", "Mia has it", "expected 'Sam has it.'; got 'Mia has it.'"),
            ("a duck", "a fox", "expected 'a mouse' or"),
            (" Sam has it.", " Sam has it. Yes.", "expected the end; got ' Yes.'"),
            (" Sam has it.", "", "expected ' '; got the end"),
        ]:
            self.assertEqual(STORY.count(right), 1, right)
            found = fault(story, STORY.replace(right, wrong))
            self.assertIn(expected, found or "nothing wrong", wrong)

    def test_says_where(self):
        found = fault(story, STORY.replace("Sam has it", "Mia has it"))
        self.assertIn(f'at character {STORY.index("Sam has it")}, after "...', found)

    def test_keeps_to_what_was_asked_for(self):
        for wanted, expected in [
            ({"animal": "bear"}, "expected 'bear'; got 'fox"),
            ({"thing": "kite"}, "or 'yellow kite'; got 'red ball"),
            ({"name": "Mia", "friend": "Ben"}, "expected 'Ben'; got 'Sam"),
        ]:
            self.assertIn(expected, fault(lambda walker: story(walker, **wanted), STORY))


class Chats(unittest.TestCase):
    def test_reads_every_answer_that_it_writes(self):
        for seed in range(5000):
            choose = chooser(seed)
            asked, grammar = question(choose, Said())
            writer = Writer(choose)
            grammar(writer)
            self.assertTrue(asked.strip())
            self.assertIsNone(fault(grammar, writer.text), (asked, writer.text))
            self.assertIsNotNone(fault(grammar, writer.text + "x"), asked)

    def test_answers_from_what_was_told(self):
        """Whoever gave a name is called by it; whoever asks about a story is told what it says."""
        source = documents(random.Random(1), kinds=("chat",))
        names = facts = 0
        for _ in range(3000):
            told, name = "", None
            for message in next(source):
                content = message["content"]
                if content.startswith("Hello, "):
                    name = content.removeprefix("Hello, ").split("!")[0]
                if content.startswith("Your name is "):
                    self.assertEqual(content, f"Your name is {name}.")
                    names += 1
                if content.startswith("The ") and " is named " in content:
                    animal, of = content.removeprefix("The ").rstrip(".").split(" is named ")
                    self.assertIn(f"{animal} named {of}.", told)
                    facts += 1
                told += content
        self.assertGreater(names, 10)
        self.assertGreater(facts, 10)

    def test_a_song_repeats_a_line_of_words_that_differ(self):
        source = documents(random.Random(2), kinds=("song",))
        for _ in range(200):
            first, second = (part["content"].split('"')[1] for part in next(source))
            words = first.rstrip(".").split()
            self.assertEqual(first, second)
            self.assertEqual(len(set(words)), len(words))

    def test_the_same_seed_gives_the_same_texts(self):
        first, second = documents(random.Random(5)), documents(random.Random(5))
        self.assertEqual([next(first) for _ in range(50)], [next(second) for _ in range(50)])


if __name__ == "__main__":
    unittest.main()

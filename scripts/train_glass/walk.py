"""The two ways to walk a grammar: `Writer` makes a text, `Reader` follows one that exists.

A grammar is a plain function of a walker. It says what must stand next, picks what may, and keeps in
its own variables what was told, so that a later sentence can only refer to what is so. One function
is thereby the generator and the parser of its language:

    def greeting(walker):
        walker.say("Hello, ")
        name = walker.pick(["Mia", "Tom"])
        walker.say(f"! Good night, {name}.")

The option that fits a text and is longest is the one taken: there is no going back.
"""


class NotInLanguage(Exception):
    """Says where a text leaves the language, what could have stood there, and what does."""


class Writer:
    def __init__(self, choose):
        """`choose(options)` gives one of a sequence."""
        self.choose, self.text = choose, ""

    def say(self, text):
        self.text += text

    def pick(self, options):
        chosen = self.choose(options)
        self.say(chosen)
        return chosen


class Reader:
    def __init__(self, text):
        self.text, self.at = text, 0

    def say(self, text):
        self.pick([text])

    def pick(self, options):
        fitting = [option for option in options if self.text.startswith(option, self.at)]
        if not fitting:
            wanted = " or ".join(repr(option) for option in dict.fromkeys(options))
            raise NotInLanguage(self.where() + f" expected {wanted}; got {self.rest()}")
        chosen = max(fitting, key=len)
        self.at += len(chosen)
        return chosen

    def end(self):
        if self.at < len(self.text):
            raise NotInLanguage(self.where() + f" expected the end; got {self.rest()}")

    def where(self):
        return f'at character {self.at}, after "...{self.text[max(0, self.at - 30) : self.at]}",'

    def rest(self):
        rest = self.text[self.at : self.at + 30]
        return repr(rest) if rest else "the end"


def fault(grammar, text):
    """None if `text` is what `grammar` can write, else what is wrong where."""
    reader = Reader(text)
    try:
        grammar(reader)
        reader.end()
    except NotInLanguage as error:
        return str(error)
    return None

"""Glass's two vocabularies and chat formats: what a GGUF file says of them, and texts as ids.

`encode_chat(chat)` of either gives the ids of a chat of `chats.py` just as an engine renders it from
the file's template, and for each id whether the model is to write it (1) or it is given (0).
"""

import io
import json

import sentencepiece
import tokenizers
from gguf import TokenType
from tokenizers import Regex, pre_tokenizers

N_VOCAB = 768
PLAIN = ("given", "written")  # the roles of a text that is no chat
CHAT_ML = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content']"
    " + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
LLAMA_2 = (
    "{% if messages[0]['role'] == 'system' %}"
    "{% set system = '<<SYS>>\n' + messages[0]['content'] + '\n<</SYS>>\n\n' %}"
    "{% set messages = messages[1:] %}{% else %}{% set system = '' %}{% endif %}"
    "{% for message in messages %}"
    "{% if message['role'] == 'user' %}"
    "{{ bos_token + '[INST] ' + (system if loop.first else '') + message['content'] + ' [/INST]' }}"
    "{% else %}{{ ' ' + message['content'] + eos_token }}{% endif %}{% endfor %}"
)
QWEN2_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def plain_parts(chat):
    """The texts that the ordinary tokens of a vocabulary are learned from."""
    return (f"{message['role']}\n{message['content']}" for message in chat)


class ByteLevel:
    """Byte-level BPE in ChatML, as Qwen2 files have it."""

    CONTROLS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    END_OF_TEXT, START, END = 0, 1, 2

    def __init__(self, chats):
        self.tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
        self.tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(QWEN2_WORDS), "isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
        trainer = tokenizers.trainers.BpeTrainer(
            vocab_size=N_VOCAB,
            special_tokens=self.CONTROLS,
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        )
        self.tokenizer.train_from_iterator(
            (part for chat in chats for part in plain_parts(chat)), trainer
        )

    def encode_chat(self, chat):
        encode = lambda text: self.tokenizer.encode(text).ids
        ids, written = [], []
        if chat[0]["role"] in PLAIN:
            for part in chat:
                ids += encode(part["content"])
                written += [int(part["role"] == "written")] * (len(ids) - len(written))
            return [self.END_OF_TEXT, *ids, self.END_OF_TEXT], [0, *written, 1]
        for i, message in enumerate(chat):
            opening = ([] if i == 0 else encode("\n")) + [self.START, *encode(message["role"] + "\n")]
            content = [*encode(message["content"]), self.END]
            ids += opening + content
            written += [0] * len(opening) + [int(message["role"] == "assistant")] * len(content)
        return ids, written

    def add_to(self, writer):
        trained = json.loads(self.tokenizer.to_str())["model"]
        tokens = sorted(trained["vocab"], key=trained["vocab"].get)
        control, normal = TokenType.CONTROL, TokenType.NORMAL
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("qwen2")
        writer.add_token_list(tokens)
        writer.add_token_types([control if t in self.CONTROLS else normal for t in tokens])
        writer.add_token_merges([" ".join(merge) for merge in trained["merges"]])
        writer.add_bos_token_id(self.END_OF_TEXT)
        writer.add_eos_token_id(self.END)
        writer.add_eot_token_id(self.END_OF_TEXT)
        writer.add_pad_token_id(self.END_OF_TEXT)
        writer.add_add_bos_token(False)
        writer.add_chat_template(CHAT_ML)


class Sentencepiece:
    """Sentencepiece BPE with bytes for what is rare, in Llama 2's chat format."""

    UNKNOWN, BEGIN, END = 0, 1, 2

    def __init__(self, chats):
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(["".join(part) for chat in chats for part in self.parts(chat)]),
            model_writer=model,
            model_type="bpe",
            vocab_size=N_VOCAB,
            byte_fallback=True,
            character_coverage=1.0,
            normalization_rule_name="identity",
            remove_extra_whitespaces=False,
            split_digits=True,
            num_threads=1,
            minloglevel=2,
        )
        self.library = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())

    @staticmethod
    def parts(chat):
        """[(what is given, what the model writes)] between one <s> and the next."""
        if chat[0]["role"] in PLAIN:
            given = "".join(part["content"] for part in chat if part["role"] == "given")
            return [(given, chat[-1]["content"])]
        system = ""
        if chat[0]["role"] == "system":
            system = f"<<SYS>>\n{chat[0]['content']}\n<</SYS>>\n\n"
            chat = chat[1:]
        parts = []
        for question, answer in zip(chat[::2], chat[1::2]):
            parts.append((f"[INST] {system}{question['content']} [/INST]", " " + answer["content"]))
            system = ""
        return parts

    def encode_chat(self, chat):
        ids, written = [], []
        for given, answer in self.parts(chat):
            n_given = len(self.library.encode(given))
            part = self.library.encode(given + answer)
            ids += [self.BEGIN, *part, self.END]
            written += [0] * (1 + n_given) + [1] * (len(part) - n_given + 1)
        return ids, written

    def add_to(self, writer):
        library, ids = self.library, range(N_VOCAB)
        kinds = [TokenType.BYTE if library.is_byte(i) else TokenType.NORMAL for i in ids]
        kinds[self.UNKNOWN] = TokenType.UNKNOWN
        kinds[self.BEGIN] = kinds[self.END] = TokenType.CONTROL
        writer.add_tokenizer_model("llama")
        writer.add_tokenizer_pre("default")
        writer.add_token_list([library.id_to_piece(i) for i in ids])
        writer.add_token_scores([library.get_score(i) for i in ids])
        writer.add_token_types(kinds)
        writer.add_bos_token_id(self.BEGIN)
        writer.add_eos_token_id(self.END)
        writer.add_unk_token_id(self.UNKNOWN)
        writer.add_add_bos_token(True)
        writer.add_add_eos_token(False)
        writer.add_add_space_prefix(True)
        writer.add_chat_template(LLAMA_2)

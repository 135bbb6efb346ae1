#!/usr/bin/env python3
"""tarn chat as a person meets it, on a pseudo-terminal; in pipes:
chat_pipe.py; tokens and chats that are kept: chat_kept.py.

  chat_pty.py TARN POCKET.gguf

The long answers come from a tiny model with random weights, made here: it
writes any bytes, and no end.  Prints TAP.
"""
import atexit
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from screen import Terminal  # noqa: E402

TARN, POCKET = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
DIR = tempfile.mkdtemp(prefix="tarn-chat-")
atexit.register(shutil.rmtree, DIR, True)
WILD = os.path.join(DIR, "wild.gguf")
QUESTION = "What is 17 + 25?"


def start(*options, model=None, env=None, **more):
    env = dict({"XDG_DATA_HOME": os.path.join(DIR, "data")}, **(env or {}))
    return Terminal([TARN, "chat", model or POCKET, "-s", "1", *options],
                    env=env, **more)


def piped(text, *options, model=None):
    env = dict(os.environ, LC_ALL="C.UTF-8", TERM="xterm")
    return subprocess.run(
        [TARN, "chat", model or POCKET, "-s", "1", *options], env=env,
        input=text.encode() if isinstance(text, str) else text,
        capture_output=True, timeout=120)


def messages(t):
    """The active path, by way of /save."""
    path = os.path.join(DIR, "saved.json")
    if os.path.exists(path):
        os.unlink(path)
    t.ask("/save " + path)
    check(os.path.exists(path), repr(t.raw[-1500:].decode("utf8", "replace")))
    with open(path, encoding="utf8") as f:
        return [(m["role"], m["content"]) for m in json.load(f)["messages"]]


def check(ok, *what):
    if not ok:
        raise AssertionError(" ".join(str(w) for w in what))


# -------------------------------------------------------------- conversation

def test_greets_and_says_what_it_is():
    t = start().prompt()
    text = "\n".join(t.screen())
    check("pocket model, a small helper" in text and "mistakes" in text, text)
    check("tarn chat LFM2.5-8B-A1B" in text and "/help" in text, text)
    t.type("\x04")
    check(t.finish() == 0)


def test_shows_thought_answer_and_speeds_apart():
    t = start().prompt()
    t.ask(QUESTION)
    text = t.answer()
    check(re.search(r"^│ .+\n(│.*\n)*thought \d+ tokens in [\d.]+ s\n\n"
                    r"\S.*\n\n +thinking [\d.]+ tok/s · \d+ tokens in "
                    r"[\d.]+ s · [\d.]+ tok/s · 1 / 1\n", text), repr(text))
    check(b"\x1b[2m\xe2\x94\x82 " in t.raw, "the thought is dim")
    check("42" in messages(t)[-1][1])
    t.type("/quit\r")
    check(t.finish() == 0)


def test_second_turn_keeps_the_first():
    t = start().prompt()
    t.ask(QUESTION)
    t.ask("What is 5 + 8?")
    roles = [r for r, _ in messages(t)]
    check(roles == ["user", "assistant"] * 2, roles)
    out = piped("hello", "--json").stdout.splitlines()
    check(json.loads(out[-1])["kept_tokens"] == 0)
    t.type("\x04")
    check(t.finish() == 0)


def test_again_edit_branch_undo():
    t = start().prompt()
    t.ask(QUESTION)
    t.ask("/again")
    check("2 / 2" in t.answer(), t.answer())
    t.type("/edit\r").wait(QUESTION)
    t.type("\x15What is 5 + 8?\r").prompt()
    check(messages(t)[0][1] == "What is 5 + 8?", messages(t))
    t.ask("/tree")
    check(len(re.findall(r"message \d / 2", t.answer())) == 2, t.answer())
    t.ask("/undo")
    check(messages(t)[0][1] == QUESTION)
    t.ask("/branch 1")
    check("answer 1 / 2" in t.answer(), t.answer())
    t.type("/edit\r").wait(QUESTION)
    t.type("\x03").settle()
    t.ask("")
    check(len(messages(t)) == 2, "an edit that was given up")
    t.ask("/new")
    check(messages(t) == [])
    t.type("\x04")
    check(t.finish() == 0)


def test_turn_without_any_text_is_taken_back():
    t = start().prompt()
    t.ask(QUESTION)
    before = messages(t)
    t.type("\x04")
    check(t.finish() == 0)
    path = os.path.join(DIR, "saved.json")
    # One token is <think> alone: nothing to show, nothing to keep.
    t = start("-n", "1").prompt()
    t.ask("/open " + path)
    t.ask("/again")
    check(messages(t) == before, messages(t))
    t.ask("Another?")
    t.wait("> Another?")  # in the line again
    t.type("\x15\r").prompt()
    check(messages(t) == before, messages(t))
    t.type("/edit\r").wait(QUESTION)
    t.type("\x15Changed\r").prompt()
    t.wait("> Changed")
    t.type("\x15\r").prompt()
    check(messages(t) == before, messages(t))
    t.type("\x04")
    check(t.finish() == 0)


def test_instructions_and_settings():
    t = start("--system", "Be brief.").prompt()
    t.ask("/instructions")
    check("Be brief." in t.answer())
    t.ask("/set temp 7000")
    check("0 to 100" in t.answer(), t.answer())
    t.ask("/set temp 0.5")
    check("temp" in t.answer() and "0.5" in t.answer())
    t.ask("/budget 5")
    t.ask(QUESTION)
    check(re.search(r"thought [1-6] tokens", t.answer()), t.answer())
    t.ask("/new")
    check(messages(t) == [("system", "Be brief.")], messages(t))
    t.type("\x04")
    check(t.finish() == 0)


def test_wrong_commands_send_nothing():
    t = start().prompt()
    t.ask("/agian")
    check("did you mean /again" in t.answer(), t.answer())
    t.ask("/save")
    check("needs PATH" in t.answer())
    t.ask("/save /nonexistent/x.md")
    check("cannot" in t.answer() or "No such" in t.answer(), t.answer())
    t.ask("/open /nonexistent.json")
    t.ask("/file /bin/true")
    check("not text" in t.answer() or "bytes" in t.answer(), t.answer())
    t.ask("/branch 4")
    t.ask("/edit 9")
    t.ask("/undo")
    t.ask("/again")
    check(messages(t) == [])
    t.ask("//etc")
    check(messages(t)[0] == ("user", "/etc"), messages(t))
    t.type("\x04")
    check(t.finish() == 0)


def test_file_goes_with_the_message():
    path = os.path.join(DIR, "notes.txt")
    with open(path, "w") as f:
        f.write("remember the milk")
    t = start().prompt()
    t.ask("/file " + path)
    check("notes.txt (" in t.answer(), t.answer())
    t.ask("What to buy?")
    check(messages(t)[0][1] ==
          "File notes.txt:\n\nremember the milk\n\nWhat to buy?")
    t.type("\x04")
    check(t.finish() == 0)


# -------------------------------------------------------------- other output

def test_entropy_is_underlined():
    t = start("-n", "40", "--temp", "1", model=WILD).prompt()
    t.ask("/entropy on")
    t.ask("go")
    check(b"\x1b[1;4m" in t.raw, "no word is marked")
    t.type("\x04")
    check(t.finish() == 0)


def test_html_is_text():
    path = os.path.join(DIR, "chat.html")
    t = start("-n", "4").prompt()
    t.ask("a <b> & c")
    t.ask("/save " + path)
    with open(path, encoding="utf8") as f:
        page = f.read()
    check("a &lt;b> &amp; c" in page and "<b>" not in page, page[-400:])
    t.type("\x04")
    check(t.finish() == 0)


# --------------------------------------------------------------------- tools

SUM = "What is 12 * 34?"


def roles(t):
    return [r for r, _ in messages(t)]


def test_calls_wait_for_a_person():
    t = start("--temp", "0", "--tools").prompt()
    t.type(SUM + "\r").wait("Allow once? [")
    text = t.raw[t.from_:].decode("utf8", "replace")
    check("calculator" in text and "12" in text and "34" in text and
          "read" in text.lower(), repr(text[-600:]))
    check("408" not in text, "it ran before it was allowed")
    t.type("y\r").prompt()
    check("408" in t.answer(), t.answer())
    check(roles(t) == ["user", "assistant", "tool", "assistant"], roles(t))
    t.ask("/new")
    t.type(SUM + "\r").wait("Allow once? [")
    t.type("\r").prompt()  # Return is no
    check("did not allow" in messages(t)[2][1],
          messages(t))
    t.ask("/new")
    t.type(SUM + "\r").wait("Allow once? [")
    t.type("h\r").wait("result> ")
    t.type("409\r").prompt()
    check(messages(t)[2][1] == "409" and "409" in messages(t)[3][1],
          messages(t))
    t.ask("/new")
    t.type(SUM + "\r").wait("Allow once? [")
    t.type("t\r").prompt()
    t.ask("/undo")
    t.ask("What is 13 * 34?")  # it is allowed in this chat now
    answer = t.answer()
    check("Allow once" not in answer and "442" in answer and
          roles(t).count("tool") == 1, answer)
    t.ask("/tools")
    check("Allowed in this chat: calculator" in t.answer(), t.answer())
    t.ask("/new")
    t.type(SUM + "\r").wait("Allow once? [")
    t.type("n\r").prompt()
    t.ask("/tools off")
    t.ask(SUM)
    check(roles(t)[-1] == "assistant", roles(t))
    t.type("\x1b[A\x1b[A\x1b[A\r").prompt()  # answers are not in the history
    check("Tools: off" in t.answer(), t.answer())
    t.type("\x04")
    check(t.finish() == 0)


def test_tools_one_by_one():
    t = start("--temp", "0").prompt()
    t.ask("/tools on calculator")
    check(re.search(r"calculator +on ", t.answer()) and
          re.search(r"clock +off ", t.answer()), t.answer())
    t.type(SUM + "\r").wait("Allow once? [")
    t.type("y\r").prompt()
    check("408" in t.answer(), t.answer())
    t.ask("/tools off calculator")  # the last one
    check("Tools: off" in t.answer(), t.answer())
    t.ask("/tools on")
    check("off" not in t.answer().split("Tools:")[0], t.answer())
    for wrong in ("/tools maybe", "/tools on hammer", "/tools once"):
        t.ask(wrong)
        check("neither on nor off" in t.answer() and "Tools: on" in t.answer(),
              wrong, t.answer())
    t.type("\x04")
    check(t.finish() == 0)


# -------------------------------------------------------------------- tables

def test_help_fits_one_screen():
    t = start().prompt()
    t.ask("/help")
    lines = t.answer().strip().split("\n")
    check(len(lines) <= 23 and all(len(s) < 80 for s in lines), lines)
    for name in ("/schema", "/models", "/backends", "/context", "/quit"):
        check(any(name in s for s in lines), name)
    t.ask("/help schema")
    check("[PATH,json,none]" in t.answer() and "Example: /schema" in
          t.answer(), t.answer())
    t.ask("/help nothing")
    check("There is no command /nothing." in t.answer(), t.answer())
    t.type("\x04")
    check(t.finish() == 0)


def test_schema_binds_the_answer():
    path = os.path.join(DIR, "answer.schema.json")
    with open(path, "w") as f:
        json.dump({"type": "object", "required": ["sum"],
                   "properties": {"sum": {"type": "integer", "minimum": 0,
                                          "maximum": 999}},
                   "additionalProperties": False}, f)
    t = start().prompt()
    t.ask("/schema")
    check("The answer is free" in t.answer(), t.answer())
    t.ask("/schema " + path)
    check("must fit a schema" in t.answer(), t.answer())
    t.ask(QUESTION)
    said = json.loads(messages(t)[-1][1])
    check(list(said) == ["sum"] and isinstance(said["sum"], int), said)
    with open(path, "w") as f:
        f.write('{"type": "object", "not": {}}')
    t.ask("/schema " + path)
    check('"not"' in t.answer() or "not" in t.answer().split("\n")[0],
          t.answer())
    check("must fit a schema" in t.answer(), "the old one stays", t.answer())
    t.ask("/schema /nonexistent.json")
    check("nonexistent" in t.answer(), t.answer())
    t.ask("/schema json")
    check("must be JSON" in t.answer(), t.answer())
    t.ask("/schema none")
    t.ask(QUESTION)
    check("42" in messages(t)[-1][1] and "{" not in messages(t)[-1][1])
    t.type("\x04")
    check(t.finish() == 0)
    r = piped(QUESTION, "--json-schema", path)
    check(r.returncode == 2 and r.stderr.count(b"\n") == 1, r)


def test_models_are_listed_and_changed():
    env = {"XDG_DATA_HOME": os.path.join(DIR, "models")}
    t = start(env=env).prompt()
    t.ask("/models")
    check(re.search(r"1 \* tarn pocket +.*MB", t.answer()), t.answer())
    t.ask(QUESTION)
    t.ask("/models " + WILD)
    check("Going on with" in t.answer(), t.answer())
    t.ask("/models")
    check(re.search(r"\d \* [^\n]*\n +" + re.escape(WILD), t.answer()) and
          re.search(r"1   tarn pocket", t.answer()), t.answer())
    check(messages(t)[0] == ("user", QUESTION), "the chat goes on")
    t.ask("/models 7")
    check("There is no model 7" in t.answer(), t.answer())
    bad = os.path.join(DIR, "bad.gguf")
    with open(bad, "wb") as f:
        f.write(b"no model")
    t.ask("/models " + bad)
    check("bad.gguf" in t.answer(), t.answer())
    t.ask("/models 1")
    t.ask("Is 17 even or odd?")
    check("odd" in messages(t)[-1][1] and len(messages(t)) == 4, messages(t))
    t.type("\x04")
    check(t.finish() == 0)
    t = start(env=env).prompt()  # it is remembered
    t.ask("/models")
    check(WILD in t.answer(), t.answer())
    t.type("\x04")
    check(t.finish() == 0)


def test_backends_and_context_are_tables():
    t = start().prompt()
    t.ask("/context")
    check("context 0 of " in t.answer(), t.answer())
    t.ask(QUESTION)
    t.ask("/context")
    rows = dict(re.findall(r"(?m)^(\w+) +([\d,]+)$", t.answer()))
    check({"instructions", "messages", "answers", "results", "free"} <=
          set(rows) and int(rows["messages"]) > 3 and
          int(rows["answers"]) > 1, t.answer())
    t.ask("/backends")
    used = re.findall(r"(?m)^(\S+) +in use", t.answer())
    names = re.findall(r"(?m)^(\S+) +(?:in use|ready)", t.answer())
    check(len(used) == 1 and "ref" in names, t.answer())
    t.ask("/backend ref")
    t.ask("/backends")
    check(re.findall(r"(?m)^(\S+) +in use", t.answer()) == ["ref"],
          t.answer())
    t.ask("Is 17 even or odd?")
    check("odd" in messages(t)[-1][1], messages(t))
    t.ask("/backend nonsense")
    check("nonsense" in t.answer(), t.answer())
    t.type("\x04")
    check(t.finish() == 0)


# -------------------------------------------------------------- line editing

def test_line_editing():
    t = start("-n", "4").prompt()

    def sent(keys, want):
        t.type(keys + "\r").prompt()
        got = messages(t)[-2 if messages(t)[-1][0] == "assistant" else -1][1]
        check(got == want, repr(keys), repr(got), repr(want))

    sent("abd\x1b[D\x1b[Dx", "axbd")
    sent("bc\x01a\x05d", "abcd")
    sent("one two\x17three", "one three")
    sent("über\x7f\x7f日本\x1b[Dx", "üb日x本")
    sent("ab\x1b[H\x1b[3~c", "cb")
    sent("keep\x0b lost\x1b[D\x1b[D\x0b", "keep lo")
    sent("line one\\\rline two", "line one\nline two")
    sent("line a\x1b\rline b\x1b[A\x1b[H>", ">line a\nline b")
    sent("\x1b[200~pasted\rtwo\x03\x1b[Athree\x1b[201~!",
         "pasted\ntwothree!")
    # up: the two /save of the look-ups are one entry, then the message
    sent("\x1b[A\x1b[A", "pasted\ntwothree!")
    t.type("/he\t\r").prompt()
    check("/branch" in t.answer(), t.answer())
    t.type("\x04")
    check(t.finish() == 0)


def test_long_lines_wrap_while_edited():
    t = start(columns=30).prompt()
    text = "the quick brown fox jumps over the lazy dog " * 3
    t.type(text.strip()).settle()
    t.type("\x01").settle().type("X").settle()
    shown = t.screen()
    at = [i for i, line in enumerate(shown) if line.startswith("> X")]
    check(at, shown)
    check("".join(s.ljust(30) for s in shown[at[-1]:]).strip() ==
          "> X" + text.strip(), shown)
    t.type("\x03").settle()
    check(t.screen()[-1] == ">", t.screen()[-4:])
    t.type("\x04")
    check(t.finish() == 0)


def test_keys_typed_ahead_are_kept():
    t = start("-n", "300", model=WILD).prompt()
    t.type("go\r")
    time.sleep(0.1)
    t.type("next")
    t.prompt().wait("next")
    t.type("\x03").settle().type("\x04")
    check(t.finish() == 0)


# --------------------------------------------------------- signals and sizes

def test_interrupt_stops_the_answer_only():
    t = start("--ctx", "65536", model=WILD).prompt()
    times = []
    # The middle one of three; where the machine is busy, three times more.
    while len(times) < 9 and not (times and sorted(times[-3:])[1] < 0.05):
        for _ in range(3):
            t.type("go\r").some(500)
            began = time.time()
            t.type("\x03").wait("Stopped.")
            times.append(time.time() - began)
            t.prompt()
            check([r for r, _ in messages(t)] == ["user", "assistant"])
            t.ask("/new")  # the same answer again: others end by themselves
    check(sorted(times[-3:])[1] < 0.05, times)
    t.type("\x04")
    check(t.finish() == 0)


def test_end_of_input_typed_as_the_answer_ends():
    for _ in range(8):
        t = start("--color=never").prompt()
        t.type(QUESTION + "\r").wait("tok/s").settle(0.001).type("\x04")
        check(t.finish() == 0)


def test_end_of_input_typed_during_an_answer_without_a_line_to_edit():
    for pause in (0.01, 0.03, 0.1, 0.3):
        t = start(env={"TERM": "dumb"}).wait("\n> ")
        t.type(QUESTION + "\r")
        time.sleep(pause)
        t.type("\x04")
        check(t.finish() == 0)


def test_interrupt_at_the_prompt():
    t = start().prompt()
    t.type("some text\x03").settle()
    check(t.screen()[-1] == ">", t.screen()[-3:])
    t.type("\x03").wait("Ctrl+D or /quit leaves").prompt()
    time.sleep(1.1)
    t.type("\x03").prompt()
    t.type("\x03")
    check(t.finish() == 130)


def test_termination_puts_the_terminal_back():
    import termios
    for model, keys in ((POCKET, ""), (WILD, "go\r")):
        t = start(model=model)
        before = termios.tcgetattr(t.fd)
        t.prompt()
        t.type(keys).settle(0.2)
        check(termios.tcgetattr(t.fd) != before)
        t.signal(signal.SIGTERM)
        pid = t.pid
        end = time.time() + 5
        while time.time() < end:
            t.read(0.02)
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                break
        check(done and os.waitstatus_to_exitcode(status) == 143, status)


def test_end_of_input_leaves():
    t = start().prompt()
    t.type("\x04")
    check(t.finish() == 0)


def test_resize_changes_the_next_lines():
    t = start("-n", "1500", "--thought", "show", model=WILD).prompt()
    t.type("go\r").settle(0.2)
    t.resize(40)
    t.ask("x" * 3 + "\x03")
    t.columns = 40
    t.ask("again")
    wide = [s for s in t.answer().split("\n")
            if len(s) > 40 and s.isascii() and "```" not in s]
    check(not [s for s in wide if s.startswith("│")], wide[:3])
    t.type("\x04")
    check(t.finish() == 0)


def test_narrow_terminal_breaks_at_words():
    t = start(columns=24).prompt()
    t.ask(QUESTION)
    check(all(len(s) <= 24 for s in t.answer().split("\n")
              if s.startswith("│")), t.answer())
    t.type("\x04")
    check(t.finish() == 0)


# ------------------------------------------------------------- foreign bytes

def test_control_characters_of_a_model_are_shown():
    t = start("-n", "1500", "--temp", "3", "--top-k", "0", model=WILD).prompt()
    t.ask("go")
    t.screen()
    check(not t.errors, t.errors[:3])
    check(re.search(r"\\x[01][0-9A-F]", t.answer()), "none came: no proof")
    t.type("\x04")
    check(t.finish() == 0)


def test_no_colors_where_none_are_wanted():
    for env, options in (({"NO_COLOR": "1"}, ()), ({}, ("--color=never",)),
                         ({"TERM": "dumb"}, ())):
        t = start(*options, env=env).wait("> ")
        t.type(QUESTION + "\r").wait("tok/s").settle()
        body = t.raw.decode("utf8", "replace").split("?2004l", 1)[-1]
        check(not re.search(r"\x1b\[[0-9;]*m", body), repr(body[:300]))
        t.type("\x04")
        check(t.finish() == 0)


def test_plain_says_it_in_words():
    t = start("--plain").wait("\n> ")
    t.type(QUESTION + "\r").wait("answer ends").wait("\n> ")
    text = t.raw.decode("utf8", "replace")
    for words in ("thought begins", "thought ends: ", "answer begins",
                  "answer ends"):
        check(words in text, repr(text))
    check("│" not in text)
    check("\x1b" not in text, "nothing is drawn again", repr(text))
    t.type("\x04")
    check(t.finish() == 0)


def test_dumb_terminal_gets_no_escapes():
    t = start(env={"TERM": "dumb", "LC_ALL": "C", "LANG": "C"}).wait("\n> ")
    t.type("What is \\\r").settle()
    t.type("17 + 25?\r").wait("tok/s").wait("\n> ")
    t.type("/edit\r").wait("It was: What is")
    t.type("\x03").wait("Ctrl+D or /quit leaves").wait("\n> ")
    text = t.raw
    check(b"\x1b" not in text and text.isascii(), repr(text[-600:]))
    check(b"42" in text)
    t.type("\x04")
    check(t.finish() == 0)


def test_a_terminal_that_hangs_up_is_left():
    t = start().prompt()
    os.close(t.fd)
    end = time.time() + 10
    pid = 0
    while time.time() < end and not pid:
        pid, status = os.waitpid(t.pid, os.WNOHANG)
        time.sleep(0.02)
    # The signal or the end of the input, whichever is seen first.
    code = os.waitstatus_to_exitcode(status) if pid else None
    check(code in (143, 0), code)


# --------------------------------------------------------------------- pipes

def test_answers_to_a_file_prompt_to_the_person():
    path = os.path.join(DIR, "out.txt")
    t = start(stdout=path).prompt()
    t.ask(QUESTION)
    check("│" in t.answer() and "thought" in t.answer(), t.answer())
    t.type("\x04")
    check(t.finish() == 0)
    with open(path, encoding="utf8") as f:
        text = f.read()
    check("42" in text and text.count("\n") == 1 and "\x1b" not in text,
          repr(text))


def main(tests):
    """Runs the functions test_... among `tests`; the exit code."""
    make = os.path.join(HERE, "..", "oracle", "gguf_make.py")
    subprocess.run([sys.executable, make, "dense-f32", WILD,
                    "--set", "ctx=65536"], check=True,
                   stdout=subprocess.DEVNULL)
    tests = [(n, f) for n, f in tests.items() if n.startswith("test_")]
    only = sys.argv[3:]
    bad = n = 0
    for name, test in tests:
        if only and name not in only:
            continue
        n += 1
        try:
            test()
            print("ok %d - %s" % (n, name), flush=True)
        except Exception as e:  # noqa: BLE001 - a test's failure, whatever
            bad += 1
            print("# %s: %s" % (type(e).__name__, str(e)[:1500].replace(
                "\n", "\n# ")))
            print("not ok %d - %s" % (n, name), flush=True)
    print("1..%d" % n)
    return bad > 0


if __name__ == "__main__":
    sys.exit(main(globals()))

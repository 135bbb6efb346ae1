#!/usr/bin/env python3
"""Odd command lines: each ends in one sentence on stderr and the exit code
that its kind of fault has.

  odd_lines.py TARN MODEL

Prints TAP.
"""
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from tap import check, done  # noqa: E402

TARN, MODEL = (os.path.abspath(a) for a in sys.argv[1:3])
USAGE, BAD_FILE, NO_MEMORY, IO = 2, 3, 4, 5

# exit code, words of the sentence, command line
WRONG = [
    (USAGE, "no command \"nosuch\"", ["nosuch"]),
    (USAGE, "no command \"\"", [""]),
    (USAGE, "no option --nosuch", ["--nosuch"]),
    (USAGE, "no option -x", ["run", "-x"]),
    (USAGE, "--prompt needs a value", ["run", "-p", "a", "-p"]),
    (USAGE, "--json takes no value", ["run", MODEL, "--json=1"]),
    (USAGE, "what to do with \"two\" (a prompt is given with -p);",
     ["run", MODEL, "two"]),
    (USAGE, "what to do with \"two\";", ["bench", MODEL, "two"]),
    (USAGE, "from 1 to 1000000", ["run", MODEL, "-p", "a", "-n", "0"]),
    (USAGE, "\"1x\"", ["run", MODEL, "-p", "a", "--max-tokens", "1x"]),
    (USAGE, "\"9999999999999999999999\"",
     ["run", MODEL, "-p", "a", "-n", "9999999999999999999999"]),
    (USAGE, "from 1 to 2147483647", ["events", MODEL, "--cut", "0"]),
    (USAGE, "not \"nan\"", ["run", MODEL, "-p", "a", "--temp", "nan"]),
    (USAGE, "\" 2\"", ["run", MODEL, "-p", "a", "--threads", " 2"]),
    (USAGE, "\"0x2\"", ["run", MODEL, "-p", "a", "--threads", "0x2"]),
    (USAGE, "not \"+1\"", ["run", MODEL, "-p", "a", "--seed", "+1"]),
    (USAGE, "not \"-1\"", ["run", MODEL, "-p", "a", "--seed", "-1"]),
    (USAGE, "\"4294967296\"", ["run", MODEL, "-p", "a", "--ctx", "4294967296"]),
    (USAGE, "prompt is empty", ["run", MODEL, "-p", ""]),
    (USAGE, "prompt is empty", ["run", MODEL]),
    (USAGE, "--raw and --system",
     ["run", MODEL, "--raw", "-p", "a", "--system", "b"]),
    (IO, "none: cannot be opened: there is no such file",
     ["run", "none", "-p", "a"]),
    (BAD_FILE, "dir: is a folder", ["run", "dir", "-p", "a"]),
    (BAD_FILE, "empty: is empty", ["run", "empty", "-p", "a"]),
    (BAD_FILE, "begins with \"junk\"", ["run", "junk", "-p", "a"]),
    (USAGE, "junk: ", ["run", MODEL, "-p", "a", "--json-schema", "junk"]),
    (USAGE, "empty: is empty",
     ["run", MODEL, "-p", "a", "--json-schema", "empty"]),
    (IO, "its name is too long", ["inspect", "a" * 5000]),
    (IO, "a\\x0A\\x1B[31m: ", ["inspect", "a\n\x1b[31m"]),
    (USAGE, "list of token ids is empty", ["logits", MODEL, "--ids", ""]),
    (USAGE, "--rows is empty", ["logits", MODEL, "--ids", "1", "--rows", ""]),
    (USAGE, "--rows must ascend",
     ["logits", MODEL, "--ids", "1,2", "--rows", "5"]),
    (USAGE, "outside the vocabulary", ["logits", MODEL, "--ids", "999999"]),
    (IO, "no/x: cannot be written: its folder is not there",
     ["logits", MODEL, "--ids", "1", "-o", "no/x"]),
    (IO, "dir: cannot be written: it is a folder",
     ["logits", MODEL, "--ids", "1", "-o", "dir"]),
    (IO, "/dev/full: cannot be written: the disk is full",
     ["logits", MODEL, "--ids", "1", "-o", "/dev/full"]),
    (USAGE, "--svg stands alone", ["trace", "junk", "--svg", "--json"]),
    (BAD_FILE, "junk: this is not a tarn trace", ["trace", "junk"]),
    (USAGE, "nothing to measure", ["bench", MODEL, "-n", "0", "-p", "0"]),
    (USAGE, "empty name", ["bench", MODEL, "--compare", ""]),
    (USAGE, "empty name", ["bench", MODEL, "--compare", "ref,"]),
    (USAGE, "the standard input: byte 0", ["detokenize", MODEL]),
    (USAGE, "the standard input: byte 0", ["prompt", MODEL]),
    (IO, "none: ", ["chat", "none"]),
    (USAGE, "names the tool \"nosuch\", which is none that runs here; these "
     "do: calculator, clock", ["chat", MODEL, "--allow", "clock,nosuch"]),
    (USAGE, "names the tool \"\"", ["chat", MODEL, "--allow", ""]),
    (IO, "none: ", ["backends", "--measure", "none"]),
    (BAD_FILE, "begins with \"junk\"", ["backends", "--measure", "junk"]),
]

# The same by a shell, for streams that are closed, full or limited.
STREAMS = [
    (IO, "the standard input: cannot be read: it is closed",
     '"$T" tokenize "$M" <&-'),
    (IO, "the standard input: cannot be read: it is closed",
     '"$T" run "$M" <&-'),
    (IO, "the standard input: cannot be read: it is a folder",
     '"$T" tokenize "$M" <dir'),
    (IO, "the standard output: cannot be written: it is closed",
     '"$T" --help >&-'),
    (IO, "the standard output: cannot be written: it is closed",
     'echo a | "$T" tokenize "$M" >&-'),
    (IO, "the standard output: cannot be written: the disk is full",
     '"$T" run --help >/dev/full'),
    (IO, "the standard output: ", '"$T" inspect "$M" --json >/dev/full'),
    (USAGE, None, '"$T" nosuch 2>/dev/full'),
    (NO_MEMORY, "may open too few files (ulimit -n)",
     'ulimit -n 4; "$T" run "$M" -p a'),
    (NO_MEMORY, "may open too few files (ulimit -n)",
     'ulimit -n 5; "$T" run "$M" -p a'),
    (USAGE, None, '"$T" nosuch <&- >&- 2>&-'),
]


def judge(name, code, words, r):
    lines = r.stderr.decode().splitlines()
    said = lines == [] if words is None else \
        len(lines) == 1 and lines[0].startswith("tarn: ") and words in lines[0]
    check(name, r.returncode == code and r.stdout == b"" and said,
          (r.returncode, r.stdout[:200], lines))


def check_lines():
    for code, words, line in WRONG:
        r = subprocess.run([TARN, *line], input=b"", capture_output=True)
        judge(" ".join(os.path.basename(w)[:30] for w in line)
              .encode("unicode_escape").decode(), code, words, r)
    for code, words, line in STREAMS:
        r = subprocess.run(["sh", "-c", line], stdin=subprocess.DEVNULL,
                           capture_output=True,
                           env=dict(os.environ, T=TARN, M=MODEL))
        judge(line, code, words, r)
    r = subprocess.run(
        [TARN, "logits", MODEL, "--ids", "1", "-o", "out"],
        capture_output=True, preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY)))
    judge("the shell's limit of file sizes", IO, "out: cannot be written", r)
    r = subprocess.run([TARN, "help", "logits"], capture_output=True)
    check("tarn help COMMAND", r.returncode == 0
          and r.stdout.startswith(b"tarn logits - "), r)
    r = subprocess.run([TARN, "backends"], capture_output=True,
                       env={"PATH": os.environ["PATH"],
                            "HOME": os.path.abspath("absent")})
    check("a home that is not there is not made", r.returncode == 0
          and not os.path.exists("absent"), (r, os.listdir(".")))


def check_address_space():
    """E02: less memory than it takes, wherever that shows (a build for a
    sanitizer takes far more and is left out)."""
    def run(kib, *line):
        return subprocess.run(
            [TARN, *line], stdin=subprocess.DEVNULL, capture_output=True,
            preexec_fn=lambda: resource.setrlimit(
                resource.RLIMIT_AS, (kib << 10, kib << 10)))
    if run(1 << 21, "--version").returncode:
        return
    for kib in range(30000, 90000, 10000):
        r = run(kib, "run", MODEL, "-p", "a", "-n", "2")
        lines = r.stderr.decode().splitlines()
        check("%d KiB of address space" % kib, r.returncode == 0 or
              (r.returncode == 4 and not r.stdout and len(lines) == 1 and
               "memory" in lines[0]), (r.returncode, lines))
    check("some of it was too little", run(30000, "run", MODEL, "-p", "a")
          .returncode == 4)


def catches(pid, number):
    with open("/proc/%d/status" % pid) as f:
        mask = [s for s in f if s.startswith("SigCgt:")][0].split()[1]
    return int(mask, 16) >> (number - 1) & 1


def check_signals():
    """A command that waits for its input, as one that loads, is interrupted:
    it says so."""
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        p = subprocess.Popen(
            [TARN, "tokenize", MODEL], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            preexec_fn=lambda: [signal.signal(s, signal.SIG_DFL) for s in
                                (signal.SIGINT, signal.SIGTERM)])
        until = time.monotonic() + 20
        while not catches(p.pid, number) and time.monotonic() < until:
            time.sleep(0.005)
        p.send_signal(number)
        out, err = p.communicate()
        check("%s is one sentence" % number.name, p.returncode == code
              and out == b"" and err == b"tarn: interrupted\n",
              (p.returncode, out, err))


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    os.mkdir("dir")
    open("empty", "w").close()
    with open("junk", "w") as f:
        f.write("junk" * 20)
    check_lines()
    check_address_space()
    check_signals()
    os.chdir("/")
done()

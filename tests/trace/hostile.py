#!/usr/bin/env python3
"""Trace files as somebody else may send them, for whoever shows traces: the
window and the page get the same ones (fault F06).

  hostile.py GOLDEN FOLDER STAMP

Files whose name begins with "good" are legal, however strange, and are shown;
the others are refused with the sentence that `tarn trace` has for them.
"""
import os
import re
import sys

golden, folder, stamp = sys.argv[1:4]
with open(golden, "rb") as f:
    GOOD = f.read()
head, rows = GOOD.split(b'"tokens":[\n')
FIRST = rows.split(b",\n")[1]  # a word
FILES = {}


def changed(name, old, new):
    assert re.search(old, GOOD), old
    FILES[name] = re.sub(old, lambda m: new, GOOD, count=1)


def long_trace(n):
    """n tokens, the same word, a millisecond each."""
    lines = [FIRST.replace(b",20000,", b",%d," % (1000 * i)) for i in range(n)]
    start = re.sub(rb'"n_tokens":\d+', b'"n_tokens":%d' % n, head)
    start = re.sub(rb'"spans":.*\n', b'"spans":[[1,0,%d,0,%d]],\n' %
                   (n, 1000 * n), start)
    return re.sub(rb'"loops":.*\n', b'"loops":[],\n', start) + \
        b'"tokens":[\n' + b",\n".join(lines) + b"\n]}\n"


MARKUP = b'<img src=x onerror=\\"owned=1\\"><script>owned=1</script>&lt;'
changed("good-markup.json", rb'" word"', b'"' + MARKUP + b'"')
changed("good-markup-model.json", rb'"a \\"model\\""', b'"' + MARKUP + b'"')
changed("good-bidi.json", rb'" word"', b'"\\u202e\\u2066\\u0000\\u001b[31m\\n\\r"')
changed("good-half-pair.json", rb'" word"', b'"\\ud83d \\udc4d"')
changed("good-late.json", rb'"unix_ms":\d+', b'"unix_ms":8999999999999999')
changed("good-unknown.json", rb'"end":', b'"x":{"y":[[[1e308,-0.0,null]]]},"end":')
FILES["good-long.json"] = long_trace(20000)
changed("model-newer.json", rb'"tarn_trace":1', b'"tarn_trace":2')
changed("events-10m.json", rb'"n_tokens":\d+', b'"n_tokens":10000000')
changed("events-1m.json", rb'"n_tokens":\d+', b'"n_tokens":1000000')
changed("time-back.json", rb",30000,", b",15000,")
changed("time-least.json", rb'"unix_ms":\d+', b'"unix_ms":-9223372036854775808')
changed("time-most.json", rb",30000,", b",9223372036854775807,")
changed("p-nan.json", rb",30000,0.9", b",30000,NaN")
changed("p-above.json", rb",30000,0.9", b",30000,1e308")
changed("spans-beyond.json", rb'"spans":\[\[1,0,', b'"spans":[[1,4000000000,')
changed("loops-beyond.json", rb'"loops":\[\[27,', b'"loops":[[-1,')
changed("tokens-twice.json", rb"\n\]\}\n", b'\n],"tokens":[]}\n')
changed("behind.json", rb"\n\]\}\n", b"\n]}\n<script>owned=1</script>")
changed("bytes.json", rb'" word"', b'" \xff\xfe word"')
FILES["mark.json"] = b"\xef\xbb\xbf" + GOOD
FILES["cut.json"] = GOOD[:len(GOOD) // 2]
FILES["deep.json"] = b'{"tarn_trace":1,"x":' + b"[" * 1000000
FILES["empty.json"] = b""
FILES["other.json"] = b'{"messages":[]}'
FILES["zeros.json"] = bytes(65536)

os.makedirs(folder, exist_ok=True)
for name, data in FILES.items():
    with open(os.path.join(folder, name), "wb") as f:
        f.write(data)
with open(stamp, "w", encoding="utf-8") as f:
    f.write("\n".join(sorted(FILES)) + "\n")

#!/usr/bin/env python3
"""Holds the tree against its own rules and prints TAP.

usage: lint.py TOP [BUILD]

TOP is the source tree; with BUILD the symbols of what was built are looked at
as well.  Only files that git knows are read (all, where there is no git).
"""
import os
import re
import subprocess
import sys

TOP = sys.argv[1] if len(sys.argv) > 1 else '.'
BUILD = sys.argv[2] if len(sys.argv) > 2 else None

# ------------------------------------------------------------------ the rules
# Who may include whose headers, nearest folder first.  'contract' stands for
# the headers directly below backends/, 'types' for core/base/types.h, 'tarn'
# for core/tarn.h, core/trace/trace.h, core/trace/view.h and
# core/turn/toolbox.h.  A folder may always include its own headers.
ARROWS = {
    'core': ['core/base', 'core/text'],
    'core/base': [],
    'core/gguf': ['core/base', 'contract'],
    'core/text': ['core/base', 'core/gguf'],
    'core/sample': ['core/base', 'contract', 'tarn'],
    'core/turn': ['core/base', 'core/text', 'contract', 'tarn'],
    'core/model': ['core/base', 'core/gguf', 'core/text', 'contract', 'tarn'],
    'core/chat': ['core/base', 'core/text', 'core/turn', 'tarn'],
    'core/trace': ['core/base', 'core/text', 'core/turn', 'tarn'],
    'core/engine': ['core/base', 'core/text', 'core/model', 'core/sample',
                    'core/turn', 'core/chat', 'core/trace', 'contract',
                    'tarn'],
    'backends': ['contract', 'types'],
    'backends/*': ['contract', 'types'],
    'backends/conformance': ['contract', 'types', 'backends/ref'],
    'plugins': ['contract', 'core/base', 'tarn'],
    'plugins/example': ['contract', 'types'],
    'store': ['core/base', 'tarn'],
    'cmd': ['core/base', 'core/gguf', 'core/text', 'core/turn', 'core/sample',
            'contract', 'backends/conformance', 'plugins', 'store', 'tarn'],
    'gui': ['core/base', 'contract', 'plugins', 'store', 'tarn'],
    'wasm': ['core/base', 'core/gguf', 'contract', 'tarn', 'cmd'],
}
MAX_LINES = {'.c': 800, '.h': 400, '.py': 800, '.js': 800, '.mjs': 800}
MAX_FUNCTION = 100
MAX_FUNCTION_BACKENDS = 200  # a kernel, or a switch over all types
MAX_COLUMNS = 100
MAX_COLUMNS_TESTS = 160  # tables of cases
MAX_FILE = 1 << 20
MAX_README = 60
# Tables made by a script, data, and the model that is shipped.
GENERATED = re.compile(r'(grids|golden|_tables?|iq_grids)\b.*\.(c|h|inc)$|'
                       r'unicode_\w+\.[ch]$')
LARGE_FILES = re.compile(r'^models/pocket/')

# Not in core: what depends on the locale, ends the program, or goes past base.
FORBIDDEN_IN_CORE = re.compile(
    r'\b(strtod|strtof|atof|isalpha|isdigit|isspace|isalnum|toupper|tolower|'
    r'strcoll|setlocale|printf|fprintf|puts|putchar|perror|fopen|open|read|'
    r'write|mmap|malloc|calloc|realloc|free|strdup|alloca|abort|exit|_exit|'
    r'getenv|rand|srand|time|clock_gettime|pthread_\w+|system|popen)\s*\(')
# core/base is the door to the system.
BASE_MAY = ('open read write mmap malloc calloc realloc free time '
            'clock_gettime getenv').split()
MAY = {
    'core/base/guard.c': ['setlocale'],        # puts it back, no more
    'core/base/json.c': ['strtod', 'strtof'],  # puts the locale's point in
    'core/text/value.c': ['strtod'],           # of digits and an exponent
}
TRANSCENDENTAL = re.compile(
    r'\b(expf?|exp2f?|expm1f?|logf?|log2f?|log10f?|log1pf?|powf?|sinf?|cosf?|'
    r'tanf?|sinhf?|coshf?|tanhf?|erff?|fmaf?|cbrtf?)\s*\(')
# A path of somebody's machine has no place in the tree.
FOREIGN_PATH = re.compile(r'(?<![\w.}$/*-])/(home|root|work|Users|mnt)/[\w.]')
TODO = re.compile(r'\b(TODO|FIXME|XXX|HACK)\b(?!\s*\(?#\d)')
NAMES_THE_WORDS = ('tests/lint/', 'tests/tally.py')

results = []


def report(name, problems):
    results.append((name, problems))


def git_files():
    try:
        out = subprocess.run(['git', '-C', TOP, 'ls-files', '-z'], check=True,
                             capture_output=True).stdout.decode()
        files = [f for f in out.split('\0') if f]
    except (OSError, subprocess.CalledProcessError):
        files = []
        for root, dirs, names in os.walk(TOP):
            dirs[:] = [d for d in dirs if not d.startswith(('.', 'build'))
                       and d != 'node_modules']
            files += [os.path.relpath(os.path.join(root, n), TOP)
                      for n in names]
    return sorted(f for f in files if os.path.isfile(os.path.join(TOP, f)))


def read(path):
    with open(os.path.join(TOP, path), encoding='utf-8',
              errors='replace') as f:
        return f.read()


def without_comments(text):
    """Comments and strings become spaces; line feeds stay."""
    def blank(m):
        s = m.group(0)
        if s[0] in '"\'':
            return s[0] + ' ' * (len(s) - 2) + s[0]
        return re.sub(r'[^\n]', ' ', s)
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'
                  r"'(?:\\.|[^'\\\n])*'", blank, text, flags=re.S)


files = git_files()
texts = {f: read(f) for f in files
         if f.endswith(('.c', '.h', '.py', '.js', '.mjs', '.md', '.sh', '.ui',
                        '.build', '.txt', '.css', '.html', '.inc', '.ini'))
         or f in ('run', 'check', '.ci/run')}
c_files = [f for f in texts if f.endswith(('.c', '.h'))]
code = {f: without_comments(texts[f]) for f in c_files}


# ------------------------------------------------------------------- includes
def arrows_of(folder):
    if folder in ARROWS:
        return ARROWS[folder]
    parent = os.path.dirname(folder)
    if parent + '/*' in ARROWS:
        return ARROWS[parent + '/*']
    return arrows_of(parent) if parent else None


def allowed(folder, header):
    target = os.path.dirname(header)
    arrows = arrows_of(folder)
    if arrows is None or target == folder or target.startswith(folder + '/'):
        return True
    if folder.startswith(target + '/') and target not in ('core', 'backends'):
        return True
    for a in arrows:
        if a == 'contract' and target == 'backends':
            return True
        if a == 'types' and header == 'core/base/types.h':
            return True
        if a == 'tarn' and header in ('core/tarn.h', 'core/trace/trace.h',
                                      'core/trace/view.h',
                                      'core/turn/toolbox.h'):
            return True
        if target == a or target.startswith(a + '/'):
            return True
    return False


def check_includes():
    bad = []
    for f in c_files:
        folder = os.path.dirname(f)
        if folder.startswith('tests'):
            continue
        for n, line in enumerate(texts[f].splitlines(), 1):
            m = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if not m:
                continue
            if '/' not in m.group(1) and not os.path.isfile(
                    os.path.join(TOP, m.group(1))):
                continue  # a file that the build makes
            if not allowed(folder, m.group(1)):
                bad.append('%s:%d: %s may not include %s' % (
                    f, n, folder, m.group(1)))
    report('includes follow the arrows of DESIGN section 2', bad)


# ---------------------------------------------------------------------- sizes
def check_sizes():
    bad = []
    for f in files:
        size = os.path.getsize(os.path.join(TOP, f))
        if size > MAX_FILE and not LARGE_FILES.match(f):
            bad.append('%s: %d bytes' % (f, size))
    for f, text in texts.items():
        limit = MAX_LINES.get(os.path.splitext(f)[1])
        n = text.count('\n')
        if limit and n > limit and not GENERATED.search(f):
            bad.append('%s: %d lines, at most %d' % (f, n, limit))
        if os.path.basename(f) == 'README.md' and f != 'README.md' \
                and not f.startswith('tests/oracle') and n > MAX_README:
            bad.append('%s: %d lines, at most %d' % (f, n, MAX_README))
    report('files are small', bad)


def check_functions():
    bad = []
    for f in c_files:
        if not f.endswith('.c') or GENERATED.search(f):
            continue
        limit = MAX_FUNCTION_BACKENDS if f.startswith('backends/') \
            else MAX_FUNCTION
        start = None
        for n, line in enumerate(code[f].splitlines(), 1):
            if line.startswith('{'):
                start = n
            elif line.startswith('}') and start:
                if n - start - 1 > limit:
                    bad.append('%s:%d: a function of %d lines, at most %d' % (
                        f, start, n - start - 1, limit))
                start = None
    report('functions are short', bad)


def check_layout():
    bad = []
    for f in c_files:
        if GENERATED.search(f):
            continue
        columns = MAX_COLUMNS_TESTS if f.startswith('tests/') else MAX_COLUMNS
        for n, line in enumerate(texts[f].splitlines(), 1):
            if '\t' in line:
                bad.append('%s:%d: a tab' % (f, n))
            if line != line.rstrip():
                bad.append('%s:%d: blanks at the end' % (f, n))
            if len(line) > columns:
                bad.append('%s:%d: %d columns' % (f, n, len(line)))
        if not texts[f].endswith('\n'):
            bad.append('%s: no line feed at the end' % f)
        if f.endswith('.h') and not f.endswith('.inc'):
            m = re.search(r'#ifndef (\w+)\n#define (\w+)\n', texts[f])
            if not m or m.group(1) != m.group(2):
                bad.append('%s: no include guard' % f)
            elif not m.group(1).startswith('TARN_'):
                bad.append('%s: the guard %s does not begin with TARN_' % (
                    f, m.group(1)))
    report('layout of C files', bad)


# ---------------------------------------------------------------------- words
def check_words():
    bad = []
    for f, text in texts.items():
        if f.startswith(NAMES_THE_WORDS):
            continue
        for n, line in enumerate(text.splitlines(), 1):
            if FOREIGN_PATH.search(line):
                bad.append('%s:%d: a path of one machine: %s' % (
                    f, n, line.strip()[:70]))
            if TODO.search(line):
                bad.append('%s:%d: a note without an issue number: %s' % (
                    f, n, line.strip()[:70]))
    report('no foreign paths, no loose ends', bad)


def check_calls():
    bad = []
    for f in c_files:
        if not f.startswith('core/'):
            continue
        may = list(MAY.get(f, []))
        if f.startswith('core/base/'):
            may += BASE_MAY
        for n, line in enumerate(code[f].splitlines(), 1):
            if re.match(r'\s*#', line):
                continue
            for m in FORBIDDEN_IN_CORE.finditer(line):
                before = line[:m.start()]
                name = m.group(1)
                if name in may or before.endswith(('->', '.')):
                    continue  # the latter: a member of a struct
                if f.startswith('core/base/') and name.startswith('pthread_'):
                    continue
                bad.append('%s:%d: %s()' % (f, n, name))
    report('core calls nothing that depends on locale or goes past base', bad)


def check_transcendental():
    bad = []
    for f in c_files:
        if not f.startswith(('core/', 'backends/')) or f.startswith(
                'backends/vulkan'):
            continue
        for n, line in enumerate(code[f].splitlines(), 1):
            for m in TRANSCENDENTAL.finditer(line):
                if line[:m.start()].endswith(('->', '.')):
                    continue  # a member of a struct
                bad.append('%s:%d: %s()' % (f, n, m.group(1)))
    report('no function of libm where the contract rules', bad)


def check_web():
    bad = []
    word = re.compile(r'\.innerHTML\b|\beval\(|new Function\(|'
                      r'\.outerHTML\s*=|insertAdjacentHTML|document\.write')
    for f, text in texts.items():
        if not f.startswith('web/') or not f.endswith(('.js', '.mjs',
                                                       '.html')):
            continue
        for n, line in enumerate(text.splitlines(), 1):
            if word.search(line) and not line.lstrip().startswith(
                    ('//', '*', '/*')):
                bad.append('%s:%d: %s' % (f, n, line.strip()[:70]))
            if f.endswith('.html') and re.search(r'\son\w+="', line):
                bad.append('%s:%d: inline handler' % (f, n))
    report('the page makes no HTML from text', bad)


def check_readmes():
    rooms = ['core', 'backends', 'plugins', 'store', 'cmd', 'gui', 'wasm', 'web',
             'models/pocket', 'tests']
    bad = [r + ': no README.md' for r in rooms
           if any(f.startswith(r + '/') for f in files)
           and r + '/README.md' not in files]
    report('every room says what it is', bad)


# -------------------------------------------------------------------- symbols
def symbols(path, *options):
    out = subprocess.run(['nm', *options, '--defined-only', path],
                         capture_output=True, check=True, text=True).stdout
    return [line.split()[-1] for line in out.splitlines()
            if len(line.split()) >= 2 and not line.endswith(':')]


def check_symbols():
    bad = []
    folder = os.path.join(BUILD, 'plugins')
    found = 0
    for name in sorted(os.listdir(folder)):
        if not name.endswith('.so'):
            continue
        found += 1
        extra = [s for s in symbols(os.path.join(folder, name), '-D')
                 if s != 'tarn_backend_v1' and not s.startswith('_')]
        if extra:
            bad.append('%s exports %s' % (name, ', '.join(extra[:5])))
    if not found:
        bad.append('there are no plugins in %s' % folder)
    for lib in ('core/libtarn-core.a', 'plugins/libtarn-plugins.a'):
        path = os.path.join(BUILD, lib)
        for s in symbols(path, '-g') if os.path.exists(path) else []:
            # sanitizers add their own
            if not s.startswith(('tarn_', '_', 'asan.', '.')):
                bad.append('%s defines %s' % (lib, s))
    report('only our own names are visible', bad)


def main():
    check_includes()
    check_sizes()
    check_functions()
    check_layout()
    check_words()
    check_calls()
    check_transcendental()
    check_web()
    check_readmes()
    if BUILD:
        check_symbols()
    failed = 0
    for i, (name, problems) in enumerate(results, 1):
        for p in problems[:40]:
            print('# ' + p)
        if len(problems) > 40:
            print('# ... and %d more' % (len(problems) - 40))
        failed += bool(problems)
        print('%s %d - %s' % ('not ok' if problems else 'ok', i, name))
    print('1..%d' % len(results))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())

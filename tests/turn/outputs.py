#!/usr/bin/env python3
"""outputs.py > outputs.jsonl: 300 model outputs with tool calls.

Written from the grammar of the trained form (MODEL section 5.4) and from what
models are known to get wrong, not from the reader: 200 outputs whose calls
must be read exactly, 100 of which nothing may run.  The first line holds the
tools.  Seeded: the same lines every time.
"""
import json
import random

R = random.Random(54)
S, E = '<|tool_call_start|>', '<|tool_call_end|>'
TOOLS = [
    {'name': 'search', 'parameters': {'type': 'object', 'properties': {
        'query': {'type': 'string'}, 'limit': {'type': 'integer'}, 'safe': {'type': 'boolean'}},
        'required': ['query']}},
    {'name': 'maps.route', 'parameters': {'type': 'object', 'properties': {
        'stops': {'type': 'array'}, 'avoid': {'type': 'object'}, 'speed': {'type': 'number'}},
        'required': ['stops']}},
    {'name': 'set_alarm', 'parameters': {'type': 'object', 'properties': {
        'at': {'type': 'string'}, 'days': {'type': 'array'}, 'note': {'type': ['string', 'null']}},
        'required': ['at']}},
    {'name': 'ping', 'parameters': {'type': 'object', 'properties': {}}},
    {'name': 'log_it', 'parameters': {'type': 'object', 'properties': {'data': {}, 'from': {'type': 'string'}}}},
]
WORDS = ['weather', 'Oslo', 'red', 'two words', "it's", 'say "hi"', 'a\\b', 'tab\there', 'line\nbreak', 'ä€😀', '', '[x]',
         'f(x=1)', 'a, b', '</think>', '{"k": 1}', '日本', 'None', '42', ' padded ', "''", '#1', 'ends)']
PROSE = ['Let me look that up.', 'One moment.', 'Ich suche.', 'Sure: 1 + 1 (fast).', 'See [1].', 'Done!', 'f(x) is a function.']
THOUGHTS = ['The user wants something.', 'I need a tool (two, perhaps).\n\n1. search\n2. answer', 'so [search] it is', 'ä€😀']


def string(s):
    """One of the spellings of s in Python's form."""
    kind = R.choice(['"', "'", '"', "'", 'u', '3'])
    if kind == '3' and '"' not in s and "\\" not in s and s:
        return '"""' + s + '"""'
    quote = "'" if kind == "'" else '"'
    out = ''
    for c in s:
        if c == '\\' or c == quote:
            out += '\\' + c
        elif c == '\n':
            out += '\\n'
        elif c == '\t':
            out += '\\t'
        elif kind == 'u' and ord(c) > 127:
            out += '\\u%04x' % ord(c) if ord(c) < 65536 else '\\U%08x' % ord(c)
        else:
            out += c
    return quote + out + quote


def blank():
    return R.choice(['', '', '', ' ', '\n', '  '])


def scalar():
    return R.choice([True, False, None, R.randint(-99, 10**6), R.randint(-9, 99) + 0.5, R.choice(WORDS)])


def value(depth=0):
    kind = R.random()
    if depth < 3 and kind < .18:
        return [value(depth + 1) for _ in range(R.randint(0, 3))]
    if depth < 3 and kind < .32:
        return {R.choice(['a', 'b c', "k'", 'ä']): value(depth + 1) for _ in range(R.randint(0, 2))}
    return scalar()


def python(v):
    if v is None or isinstance(v, bool):
        words = {True: ['True', 'true'], False: ['False', 'false'], None: ['None', 'null']}[v]
        return R.choice(words)
    if isinstance(v, str):
        return string(v)
    if isinstance(v, list):
        inner = [blank() + python(x) for x in v]
        if inner and R.random() < .2:
            return '(' + ','.join(inner) + ',)'
        return '[' + ','.join(inner) + R.choice(['', ',' if inner else '']) + blank() + ']'
    if isinstance(v, dict):
        return '{' + ','.join(blank() + string(k) + ':' + blank() + python(x) for k, x in v.items()) + '}'
    return str(v)


def arguments(tool):
    p = tool['parameters']['properties']
    out = {}
    for k, s in p.items():
        if k not in tool['parameters'].get('required', []) and R.random() < .4:
            continue
        t = s.get('type')
        out[k] = {'string': lambda: R.choice(WORDS), 'integer': lambda: R.randint(-5, 500), 'boolean': lambda: R.random() < .5,
                  'number': lambda: R.choice([1, 2.5, -0.25]), 'array': lambda: [value(1) for _ in range(R.randint(0, 3))],
                  'object': lambda: {'x': value(1)}}.get(t if isinstance(t, str) else 'any',
                                                        lambda: R.choice([None, 'a note']) if t else value())()
    keys = list(out)
    R.shuffle(keys)
    return {k: out[k] for k in keys}


def python_block(calls):
    text = ','.join(blank() + n + '(' + (','.join(blank() + k + R.choice(['=', ' = ']) + python(v) for k, v in a.items())) +
                    (',' if a and R.random() < .1 else '') + blank() + ')' for n, a in calls)
    return '[' + text + R.choice(['', '', ',']) + blank() + ']'


def json_block(calls):
    ascii_only = R.random() < .3
    items = [{'name': n, R.choice(['arguments', 'parameters']): a if R.random() < .8 else json.dumps(a)} for n, a in calls]
    one = items[0] if len(items) == 1 and R.random() < .4 else items
    return json.dumps(one, ensure_ascii=ascii_only, indent=R.choice([None, None, 2]))


def good():
    calls = []
    for _ in range(R.choice([1, 1, 1, 2, 3])):
        t = R.choice(TOOLS)
        calls.append((t['name'], arguments(t)))
    thought = R.choice(THOUGHTS) if R.random() < .6 else None
    before = R.choice(PROSE) if R.random() < .3 else ''
    after = R.choice(PROSE) if R.random() < .3 else ''
    cut = R.randint(1, len(calls)) if R.random() < .2 else len(calls)  # two blocks
    out = '' if thought is None else '<think>' + R.choice(['', '\n']) + thought + R.choice(['', '\n']) + '</think>' + R.choice(['', '\n\n'])
    out += before + R.choice(['', '\n'])
    for part in (calls[:cut], calls[cut:]):
        if part:
            out += S + (json_block if R.random() < .3 else python_block)(part) + E
    out += R.choice(['', '\n']) + after + R.choice(['', '<|im_end|>'])
    answer = '\n'.join(x for x in (before, after) if x)
    return {'output': out, 'thought': thought, 'answer': answer,
            'calls': [{'name': n, 'arguments': a} for n, a in calls]}


BAD = [  # between the markers, whole
    '[search(query="a]', '[search(query="a"', '[search(query="a")', "[search(query='a)]", '[search query="a"]', '[search(query=)]',
    '[search(="a")]', '[search(query="a" limit=3)]', '[search(query="a")] and then', '[search(query=f"{x}")]', '[search(query=b"a")]',
    '[search(query=search(query="a"))]', '[search(query=os.environ)]', '[search(query=[x for x in y])]',
    '[search(query="a", limit=1e400)]', '[search(query="a", limit=1+1)]', '[search(query="a", limit=0x10)]', '[search(query="a", limit=--1)]',
    '[search(query="a", limit=3.5)]', '[search(query="a", limit="many")]', '[search(query="a", safe="maybe")]', '[search(query=["a"])]',
    '[search()]', '[search(limit=3)]', '[search(query="a", verbose=True)]', '[format_disk(now=True)]', '[Search.all(query="a")]',
    '[maps.route(stops="Oslo")]', '[maps.route(stops=[1, 2)]', '[maps.route(stops={1, 2})]', '[maps.route(stops=[1], avoid={1: 2})]',
    '[maps.route(stops=[1], avoid={"a" 2})]', '[maps.route(stops=[1,,2])]', '[maps.route(stops=[a, b])]', '[set_alarm(at=None, at2=1)]',
    '[set_alarm(at="7", days="Mon")]', '[ping(1)]', '[ping(x=1)]', '[ping]', 'ping', '[ping(),, ping()]', '[ping() ping()]', '[lambda: ping()]',
    '[*ping()]', '[ping().x]', '[ping()()]', 'import os; os.system("ls")', '', '   ', '[]]', '()', '{}', '{"name": "search"}',
    '{"name": "search", "arguments": {"limit": 3}}', '{"name": "search", "arguments": {"query": 3.5, "limit": "x"}}',
    '[{"name": "search", "arguments": ["a"]}]', '[{"name": "search", "arguments": "{\\"query\\": "}]', '[{"name": 7, "arguments": {}}]',
    '[{"arguments": {"query": "a"}}]', '{"name": "search", "arguments": {"query": "a"}', '{"name": "rm", "arguments": {"path": "/"}}',
    '[{"name": "search", "arguments": {"query": "a", "query": "b"}}]', '{name: "ping"}', "{'name': 'ping', 'arguments': {}}",
    '[' * 40 + 'ping()' + ']' * 40, '[log_it(data=' + '[' * 33 + ']' * 33 + ')]', '[log_it(data=' + '{"a":' * 33 + '1' + '}' * 33 + ')]',
    '[log_it(data="\\', '[log_it(data=nan)]', '[log_it(data=inf)]', '[log_it(data=1.2.3)]', '[log_it(data=1_)]', '[log_it(**[1])]', '[log_it(data=...)]',
    '[log_it(data=1); ping()]', '```python\nping()\n```', '<tool_call>{"name": "ping"}</tool_call>', 'ping() # now', '[ping()]\n[ping()]',
]
OUTSIDE = [  # the whole output, thought, answer
    ('[ping()]', None, '[ping()]'),
    ('{"name": "ping", "arguments": {}}', None, '{"name": "ping", "arguments": {}}'),
    ('<think>' + S + '[ping()]' + E + '</think>Hi', S + '[ping()]' + E, 'Hi'),
    ('<think>x ' + S + '[ping()]' + E, 'x ' + S + '[ping()]' + E, ''),
    (S + '[ping()]', None, ''),
    (S + '[ping()]<|im_end|>' + E, None, ''),
    (S, None, ''),
    ('Hi ' + S + '[search(query="a', None, 'Hi'),
    (E, None, ''),
    ('[ping()]' + E, None, '[ping()]'),
    ('ping()<|im_end|>' + S + '[ping()]' + E, None, 'ping()'),
    ('<|tool_call_start >[ping()]<|tool_call_end|>', None, '<|tool_call_start >[ping()]'),
    ('Use ping() or search(query="a").', None, 'Use ping() or search(query="a").'),
    ('<think>one</think>two</think>three', 'one', 'two</think>three'),
    ('<|tool_call_star', None, '<|tool_call_star'),
]


def main():
    lines = [good() for _ in range(200)]
    lines += [{'output': S + b + E, 'thought': None, 'answer': None, 'calls': []} for b in BAD]
    lines += [{'output': o, 'thought': t, 'answer': a, 'calls': []} for o, t, a in OUTSIDE]
    n = 0
    while len(lines) < 300:  # a good block, a byte of which is lost or doubled where that must break it
        t = TOOLS[n % 3]
        block = python_block([(t['name'], arguments(t))]).strip()
        n += 1
        broken = [block.rstrip('), ]\n') + ']', block.replace('(', '', 1), block + ')'][n % 3]
        lines.append({'output': S + broken + E, 'thought': None, 'answer': None, 'calls': []})
    print(json.dumps({'tools': TOOLS}, ensure_ascii=False))
    for i, line in enumerate(lines[:300]):
        print(json.dumps({'id': 'o%03d' % i, **line}, ensure_ascii=False))


main()

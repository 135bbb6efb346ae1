#!/usr/bin/env python3
"""The plugin of the amx build holds tile instructions, each thread that
configures tiles gives them back, and no other plugin holds any.

  tiles_object.py PLUGINS

Prints TAP.
"""
import glob
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))
from tap import check, done  # noqa: E402

WANTED = ('ldtilecfg', 'tilerelease', 'tilezero', 'tileloadd', 'tilestored',
          'tdpbssd', 'tdpbsud')


def tile_instructions(path):
    text = subprocess.run(['objdump', '-d', '--no-show-raw-insn', path],
                          check=True, capture_output=True, text=True).stdout
    found = {}
    for name in re.findall(r'\t(ldtilecfg|sttilecfg|tile\w+|tdp\w+)\b', text):
        found[name] = found.get(name, 0) + 1
    return found


for so in sorted(glob.glob(os.path.join(sys.argv[1], '*.so'))):
    found = tile_instructions(so)
    name = os.path.basename(so)
    if name == 'tarn-cpu-amx.so':
        check('%s holds all that it needs' % name,
              set(found) == set(WANTED), found)
        # both kinds of blocks and the try when a device is opened
        check('%s gives back what it configures' % name, found.get(
            'ldtilecfg', 0) >= 3 and found.get('tilerelease', 0) >= found.get(
                'ldtilecfg', 0), found)
    else:
        check('%s holds none' % name, not found, found)
check('the plugin is there', os.path.exists(os.path.join(
    sys.argv[1], 'tarn-cpu-amx.so')))
done()

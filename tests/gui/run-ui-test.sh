#!/bin/sh
# Runs a command on a private X server, session bus and accessibility bus.
# Usage: run-ui-test.sh COMMAND [ARGUMENTS]
# Needs: xvfb dbus-daemon at-spi2-core python3-gi gir1.2-atspi-2.0 xdotool;
# exit code 77 (skipped) where one of them is missing.  Works as root.
# Passed on from the environment: TARN_*, SCREEN (1280x900).
set -eu
for tool in Xvfb dbus-run-session xdotool; do
	command -v $tool >/dev/null || { echo "1..0 # SKIP no $tool"; exit 77; }
done
/usr/bin/python3 -c 'import gi; gi.require_version("Atspi", "2.0")' 2>/dev/null ||
	{ echo "1..0 # SKIP no python3-gi or gir1.2-atspi-2.0"; exit 77; }
tmp=$(mktemp -d)
xvfb=
trap 'kill $xvfb 2>/dev/null || true; rm -rf "$tmp"' EXIT

# -displayfd lets the server choose a free number: tests may run side by side.
# Without -noreset it resets when its first client leaves.
Xvfb -displayfd 3 -screen 0 "${SCREEN:-1280x900}x24" -dpi 96 -nolisten tcp \
	-noreset 3>"$tmp/display" 2>"$tmp/xvfb.log" &
xvfb=$!
i=0
until [ -s "$tmp/display" ]; do
	i=$((i + 1))
	[ $i -lt 200 ] || { cat "$tmp/xvfb.log" >&2; exit 1; }
	sleep 0.05
done

# No settings manager runs here, so this file decides.
mkdir -p "$tmp/config/gtk-4.0" "$tmp/run"
chmod 700 "$tmp/run"
cat >"$tmp/config/gtk-4.0/settings.ini" <<'INI'
[Settings]
gtk-font-name=Cantarell 11
gtk-enable-animations=false
gtk-cursor-blink=false
gtk-overlay-scrolling=true
gtk-hint-font-metrics=true
gtk-xft-antialias=1
gtk-xft-hinting=1
gtk-xft-hintstyle=hintslight
gtk-xft-rgba=none
INI

set -- env -i PATH="$PATH" LANG="${UI_LANG:-C.UTF-8}" TZ=UTC HOME="$tmp" \
	DISPLAY=":$(cat "$tmp/display")" GDK_BACKEND=x11 \
	XDG_RUNTIME_DIR="$tmp/run" XDG_CACHE_HOME="$tmp/cache" \
	XDG_CONFIG_HOME="$tmp/config" XDG_DATA_HOME="$tmp/share" \
	GSETTINGS_BACKEND=memory NO_AT_BRIDGE=0 GTK_A11Y=atspi \
	GSK_RENDERER=cairo G_DEBUG=fatal-criticals GIO_USE_VFS=local \
	$(env | grep '^TARN_' | tr '\n' ' ') \
	dbus-run-session -- sh -c 'exec "$@" >&4 4>&-' sh "$@"
# The registry daemon writes to the bus's stdout: keep it off the TAP.
exec 4>&1
"$@" >&2

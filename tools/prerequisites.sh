#!/bin/sh
# Says in one sentence each what must be installed before `make` can set up .venv; silent if nothing.
# Usage: sh tools/prerequisites.sh [python]      exit status: 0 all there, 1 something is missing
# Plain POSIX sh: Python is one of the things that may be missing.

python=${1:-python3}
failed=0

say() {
    printf 'kbk: %s\n' "$1" >&2
    failed=1
}

# how DEBIAN_PACKAGES MACOS_COMMAND: the command that installs it here
how() {
    if [ "$(uname -s)" = Darwin ]; then
        echo "run '$2'"
    elif command -v apt-get >/dev/null 2>&1; then
        if [ "$(id -u)" = 0 ]; then sudo=; else sudo='sudo '; fi
        echo "run '${sudo}apt-get install $1'"
    else
        echo "install what Debian calls $1"
    fi
}

# A compiler counts if it finds the C++17 standard library: a lone clang++ often does not.
compiles() {
    printf '#include <optional>\n#include <string>\nint main() {}\n' |
        "$@" -std=c++17 -fsyntax-only -x c++ - >/dev/null 2>&1
}

if ! command -v "$python" >/dev/null 2>&1; then
    say "Python 3.10 or newer is needed and '$python' was not found: $(how 'python3 python3-venv' 'brew install python')."
elif ! version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null); then
    say "'$python' was found but does not start: $(how 'python3 python3-venv' 'brew install python'), or name another with 'make PYTHON=python3.12'."
elif ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then
    say "Python 3.10 or newer is needed and '$python' is $version: install a newer one and name it, for example 'make PYTHON=python3.12'."
elif ! "$python" -c 'import venv, ensurepip' >/dev/null 2>&1; then
    say "Python $version has no module venv (with ensurepip): $(how "python$version-venv" 'brew install python')."
fi

if [ -n "$CXX" ]; then
    # Unquoted: CXX may be a command with arguments, such as 'ccache g++'.
    # shellcheck disable=SC2086
    compiles $CXX || say "CXX is set to '$CXX', which does not compile C++17: unset CXX, or name g++ or clang++ there."
elif ! compiles g++ && ! compiles clang++ && ! compiles c++; then
    say "A C++17 compiler (g++ or clang++) with its standard library is needed: $(how g++ 'xcode-select --install')."
fi

exit $failed

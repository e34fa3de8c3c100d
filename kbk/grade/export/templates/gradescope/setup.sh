#!/usr/bin/env bash
# Gradescope runs this once, as root on Ubuntu, when it builds the image. No GPU is needed: CUDA C++
# runs on kbk's simulator. It installs a compiler, Python packages and kbk, then grades the stub of
# one exercise: the build cache is warm, and an image that cannot grade is not built.
set -euo pipefail

export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends g++ python3 python3-venv ca-certificates

# Not in a home: what grades becomes another user, who must read it.
python3 -m venv /opt/kbk
/opt/kbk/bin/python -m pip install --no-cache-dir --upgrade pip
/opt/kbk/bin/python -m pip install --no-cache-dir \
  --index-url "@INDEX@" --extra-index-url https://pypi.org/simple "@TORCH@"
/opt/kbk/bin/python -m pip install --no-cache-dir \
  --extra-index-url "@INDEX@" 'tomli; python_version < "3.11"' "/autograder/source/@WHEEL@"

# Hidden checks lie in source/, and only root may look.
chmod -R go-rwx /autograder/source
chmod a+x /autograder/source/run_autograder

/autograder/source/run_autograder --warm
rm -rf /var/lib/apt/lists/*

#!/usr/bin/env bash
# One would guess: the constants of a C header have their values in the module that ctypesgen makes
# of it, or are left out with a word about it.
# What happens: ctypesgen copies C's expressions and Python reckons them. An enumerator of 7 / 2 is
# 3.5, ~0u is -1, -7 % 3 is 2, unsigned numbers don't wrap, `1 ? 0 : 7` is 7, `4 && 2` is 2, and
# 'a' + 1 is left out without a word. Exit 0 in all cases.
# Why care: a mark like NONE = ~0u never equals what a function returns for it, and sizes become
# fractions. In a header for bindings write each constant as one plain number.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps \
    --target "$work/python" ctypesgen==1.1.1

export PYTHONPATH=$work/python PYTHONDONTWRITEBYTECODE=1
python3 - "$work" <<'END'
import importlib.metadata, os, runpy, subprocess, sys

WORK = sys.argv[1]
#          name            text in C                      in C        in Python
CONSTANTS = (
    ("PLAIN", "0xF0u & ~0x30u", 192, 192),
    ("NONE", "~0u", 4294967295, -1),
    ("BUCKETS", "1000 / 4 / 3", 83, 1000 / 4 / 3),
    ("REST", "-7 % 3", -1, 2),
    ("WRAPPED", "3000000000u + 3000000000u", 1705032704, 6000000000),
    ("CHOICE", "1 ? 0 : 7", 0, 7),
    ("BOTH", "4 && 2", 1, 2),
    ("EITHER", "0 || 5", 1, 5),
    ("LETTER", "'a' + 1", 98, "left out"),
    ("ENUM_PLAIN", "1 << 4", 16, 16),
    ("ENUM_HALF", "7 / 2", 3, 3.5),
    ("ENUM_DOWN", "-7 / 2", -3, -3.5),
    ("ENUM_TOP", "~0u >> 1", 2147483647, -1),
)


def path(name):
    return os.path.join(WORK, name)


with open(path("constants.h"), "w") as file:
    for name, text, _, _ in CONSTANTS:
        file.write(f"enum {{ {name} = {text} }};\n" if "ENUM" in name
                   else f"#define {name} ({text})\n")
with open(path("program.c"), "w") as file:
    file.write('#include <stdio.h>\n#include "constants.h"\nint main(void) {\n')
    for name, *_ in CONSTANTS:
        file.write(f'    printf("%lld\\n", (long long)({name}));\n')
    file.write("    return 0;\n}\n")
subprocess.run(["cc", "-o", path("program"), path("program.c")], check=True)
in_c = [int(line) for line in subprocess.check_output([path("program")], text=True).split()]

tool = subprocess.run(
    [sys.executable, path("python/bin/ctypesgen"), "-l", "c", "-o", path("constants.py"),
     path("constants.h")],
    capture_output=True, text=True,
)
print("ctypesgen", importlib.metadata.version("ctypesgen"), "exit", tool.returncode)
complaints = [line for line in tool.stderr.splitlines() if not line.startswith("INFO")]
print("complaints:", complaints)
in_python = runpy.run_path(path("constants.py"))

changes = [] if (tool.returncode, complaints) == (0, []) else [f"ctypesgen said {tool.stderr}"]
for (name, text, known_in_c, known), value in zip(CONSTANTS, in_c, strict=True):
    seen = in_python.get(name, "left out")
    print(f"{name} ({text}): {value} in C, {seen} in Python")
    if (value, seen) != (known_in_c, known):
        changes.append(f"{name}: {known_in_c} and {known} were known")
if changes:
    sys.exit("THE BEHAVIOUR CHANGED\n" + "\n".join(changes))
END

#!/usr/bin/env bash
# One would guess: a Rust constant has the same value in the C header that cbindgen writes, or is
# left out with a warning.
# What happens: cbindgen copies the expression without the constant's type, so C reckons in int. A
# bool of !true is true, a u32 of !0 / 2 is 0, i64's least number is above zero, an f32 of 0.1 is
# not equal to 0.1f, 1 << 40 does not fit, and -(-3) becomes --3. Exit 0, no warning.
# Why care: masks and limits of a library are other numbers for its C callers, and compile. Write
# each public constant as one plain number, or a function that returns it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# cbindgen 0.24.3, unpacked into the temporary folder, never installed.
mkdir -p "$work/packages/partial"
apt-get -qq -y install --download-only --reinstall --no-install-recommends \
    -o Debug::NoLocking=1 -o APT::Sandbox::User= -o Dir::Cache::archives="$work/packages/" \
    cbindgen=0.24.3-2+b2
for package in "$work"/packages/*.deb; do dpkg-deb -x "$package" "$work/unpacked"; done

libraries=$(echo "$work"/unpacked/usr/lib/*-linux-gnu "$work"/unpacked/lib/*-linux-gnu)
export LD_LIBRARY_PATH=${libraries// /:}
python3 - "$work" <<'END'
import os, subprocess, sys

WORK = sys.argv[1]
REFUSED = "refused by cc -Werror"
# Name, type and value in Rust, then a question in C, with its answer if the value were the same
# and the answer that is known.
CONSTANTS = (
    ("PLAIN", "u64", "4294967296", "PLAIN == 4294967296ull", "1", "1"),
    ("LARGEST", "u64", "u64::MAX", "LARGEST == 18446744073709551615ull", "1", "1"),
    ("NEVER", "bool", "!true", "NEVER ? 1 : 0", "0", "1"),
    ("MASK8", "u8", "!0", "MASK8 == (unsigned char)255", "1", "0"),
    ("MASK32", "u32", "!0", "(unsigned long long)MASK32 == 4294967295ull", "1", "0"),
    ("HALF", "u32", "!0 / 2", "HALF", "2147483647", "0"),
    ("LEAST", "i64", "-9223372036854775808", "LEAST < 0", "1", "0"),
    ("TENTH", "f32", "0.1", "TENTH == 0.1f", "1", "0"),
    ("WIDE", "u64", "1 << 40", "WIDE == 1099511627776ull", "1", REFUSED),
    ("DAY_US", "u64", "24 * 3_600 * 1_000_000", "DAY_US == 86400000000ull", "1", REFUSED),
    ("TWICE", "i32", "-(-3)", "TWICE", "3", REFUSED),
)


def path(name):
    return os.path.join(WORK, name)


def in_c(question):
    """What a C program answers that includes the header."""
    with open(path("program.c"), "w") as file:
        file.write('#include <stdio.h>\n#include "constants.h"\n')
        file.write(f'int main(void) {{ printf("%lld\\n", (long long)({question})); return 0; }}\n')
    compiler = ["cc", "-Werror", "-o", path("program"), path("program.c")]
    if subprocess.run(compiler, capture_output=True).returncode != 0:
        return REFUSED
    return subprocess.check_output([path("program")], text=True).strip()


with open(path("constants.rs"), "w") as file:
    for name, kind, value, *_ in CONSTANTS:
        file.write(f"pub const {name}: {kind} = {value};\n")
cbindgen = path("unpacked/usr/bin/cbindgen")
print(subprocess.check_output([cbindgen, "--version"], text=True).strip())
tool = subprocess.run(
    [cbindgen, "--lang", "c", "--output", path("constants.h"), path("constants.rs")],
    capture_output=True, text=True,
)
print("exit", tool.returncode, "warnings", repr(tool.stderr))
changes = [] if (tool.returncode, tool.stderr) == (0, "") else ["exit or warnings"]
with open(path("constants.h")) as file:
    header = {line.split()[1]: line.strip() for line in file if line.startswith("#define")}
for name, kind, value, question, in_rust, known in CONSTANTS:
    seen = in_c(question)
    print(f"{name}: {kind} = {value}\n    {header.get(name)}")
    print(f"    {question}: {in_rust} by Rust's value, {seen} in C")
    if seen != known:
        changes.append(f"{question}: {known} was known, {seen} was seen")
if changes:
    sys.exit("THE BEHAVIOUR CHANGED\n" + "\n".join(changes))
END

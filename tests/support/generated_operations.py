#!/usr/bin/env python3
# Every operation builtin on every kind of operand, from the table below: writes behaviour programs whose expected bits
# were computed here, exactly and by another route (fractions), and has weft-test run them.
# SPDX-License-Identifier: Apache-2.0
"""Usage: generated_operations.py WEFT_TEST WEFT [--keep FOLDER] [weft-test options]"""
import itertools
import pathlib
import subprocess
import sys
import tempfile
from fractions import Fraction

N = 5  # elements per case

# ---- numbers: raw bits in, raw bits out ----


class Float:
    def __init__(self, exponent_bits, fraction_bits):
        self.e, self.f = exponent_bits, fraction_bits
        self.bias = (1 << (exponent_bits - 1)) - 1
        self.nan = ((1 << exponent_bits) - 1) << fraction_bits | 1 << (fraction_bits - 1)
        self.inf = ((1 << exponent_bits) - 1) << fraction_bits
        self.sign = 1 << (exponent_bits + fraction_bits)

    def is_nan(self, b):
        return (b & ~self.sign) > self.inf

    def is_inf(self, b):
        return (b & ~self.sign) == self.inf

    def value(self, b):
        e, m = (b >> self.f) & ((1 << self.e) - 1), b & ((1 << self.f) - 1)
        v = Fraction(m, 1 << self.f)
        v = v * Fraction(2) ** (1 - self.bias) if e == 0 else (1 + v) * Fraction(2) ** (e - self.bias)
        return -v if b & self.sign else v

    def round(self, v, zero_sign=0):
        """Nearest, ties to even, with gradual underflow."""
        if v == 0:
            return self.sign if zero_sign else 0
        sign, v = (self.sign, -v) if v < 0 else (0, v)
        e = 0
        while v >= Fraction(2) ** (e + 1):
            e += 1
        while v < Fraction(2) ** e:
            e -= 1
        e = max(e, 1 - self.bias)
        units = v / Fraction(2) ** (e - self.f)
        n = units.numerator // units.denominator
        rest = units - n
        if rest > Fraction(1, 2) or (rest == Fraction(1, 2) and n % 2):
            n += 1
        if n == 1 << (self.f + 1):
            n, e = n >> 1, e + 1
        if e > self.bias:
            return sign | self.inf
        return sign | (n if n < 1 << self.f else (e + self.bias) << self.f | (n - (1 << self.f)))


H, S = Float(5, 10), Float(8, 23)


def add(t, a, b):
    if t.is_nan(a) or t.is_nan(b) or (t.is_inf(a) and t.is_inf(b) and a != b):
        return t.nan
    if t.is_inf(a):
        return a
    if t.is_inf(b):
        return b
    return t.round(t.value(a) + t.value(b), a & b & t.sign)


def sub(t, a, b):
    return t.nan if t.is_nan(b) else add(t, a, b ^ t.sign)


def mul(t, a, b):
    sign = (a ^ b) & t.sign
    if t.is_nan(a) or t.is_nan(b):
        return t.nan
    if t.is_inf(a) or t.is_inf(b):
        return t.nan if (a & ~t.sign) == 0 or (b & ~t.sign) == 0 else sign | t.inf
    return t.round(t.value(a) * t.value(b), sign)


def mac(t, a, b, v, factor=None):
    """a + b * v, rounded once; the factors may have a narrower type."""
    u = factor or t
    if t.is_nan(a) or u.is_nan(b) or u.is_nan(v):
        return t.nan
    sign = t.sign if (b ^ v) & u.sign else 0
    if u.is_inf(b) or u.is_inf(v):
        if (b & ~u.sign) == 0 or (v & ~u.sign) == 0 or (t.is_inf(a) and (a & t.sign) != sign):
            return t.nan
        return sign | t.inf
    if t.is_inf(a):
        return a
    exact = t.value(a) + u.value(b) * u.value(v)
    zeros = a & t.sign and sign
    return t.round(exact, zeros)


def largest(t, a, b):
    if t.is_nan(a):
        return t.nan if t.is_nan(b) else b
    if t.is_nan(b):
        return a
    order = [(-t.inf - 1 if t.is_inf(x) and x & t.sign else None) for x in (a, b)]
    if order[0] is not None or b == t.inf:
        return b
    if order[1] is not None or a == t.inf:
        return a
    va, vb = t.value(a), t.value(b)
    if va == vb:
        return a & b
    return a if va > vb else b


def norm(t, a):
    if (a & ~t.sign) == 0 or t.is_inf(a) or t.is_nan(a):
        return t.nan if t.is_nan(a) else a
    v = abs(t.value(a))
    while v >= 2:
        v /= 2
    while v < 1:
        v *= 2
    return t.round(v) | (a & t.sign)


def scale(t, a, n):
    if t.is_nan(a):
        return t.nan
    if t.is_inf(a) or (a & ~t.sign) == 0:
        return a
    return t.round(t.value(a) * Fraction(2) ** signed16(n), a & t.sign)


def convert(t, u, a):
    """From u to t."""
    if u.is_nan(a):
        return t.nan
    sign = t.sign if a & u.sign else 0
    if u.is_inf(a):
        return sign | t.inf
    return t.round(u.value(a), sign)


def signed16(a):
    return a - 65536 if a & 0x8000 else a


def to_int(t, a):
    if t.is_nan(a):
        return 0
    if t.is_inf(a):
        return 0x8000 if a & t.sign else 0x7fff
    v = t.value(a)
    n = abs(v).numerator // abs(v).denominator
    return max(-32768, min(32767, -n if v < 0 else n)) & 0xffff


def count_leading(a):
    return 16 - a.bit_length()


def count_trailing(a):
    return 16 if a == 0 else (a & -a).bit_length() - 1


M = 0xffff
# name: (dest type, source types, trailing scalar type or None, function of raw bits, forms). Types: w16, w32 (raw
# words), i16, f16, f32. Forms: D descriptor or register, S the same as a source, v scalar, p pointer.
TWO = ["DSS", "DvS", "DSv"]
TWO_P = TWO + ["pvS"]
ONE = ["DS", "Dv"]
OPERATIONS = {
    "mov16": ("w16", ["w16"], None, lambda b: b, ["DS", "pS", "Dv"]),
    "mov32": ("w32", ["w32"], None, lambda b: b, ["DS", "pS", "Dv"]),
    "fmovh": ("f16", ["f16"], None, lambda b: b, ["DS", "pS", "Dv"]),
    "fmovs": ("f32", ["f32"], None, lambda b: b, ["DS", "pS", "Dv"]),
    "add16": ("w16", ["w16", "w16"], None, lambda a, b: (a + b) & M, TWO_P),
    "sub16": ("w16", ["w16", "w16"], None, lambda a, b: (a - b) & M, ["DSS", "DSv"]),
    "and16": ("w16", ["w16", "w16"], None, lambda a, b: a & b, TWO),
    "or16": ("w16", ["w16", "w16"], None, lambda a, b: a | b, TWO),
    "xor16": ("w16", ["w16", "w16"], None, lambda a, b: a ^ b, TWO),
    "sll16": ("w16", ["w16", "w16"], None, lambda a, b: (a << b) & M if b < 16 else 0, TWO),
    "slr16": ("w16", ["w16", "w16"], None, lambda a, b: a >> b if b < 16 else 0, TWO),
    "sar16": ("w16", ["w16", "w16"], None, lambda a, b: (signed16(a) >> min(b, 15)) & M, TWO),
    "clz": ("w16", ["w16"], None, count_leading, ONE),
    "ctz": ("w16", ["w16"], None, count_trailing, ONE),
    "popcnt": ("w16", ["w16"], None, lambda a: bin(a).count("1"), ONE),
    "xp162fh": ("f16", ["i16"], None, lambda a: H.round(Fraction(signed16(a))), ONE),
    "xp162fs": ("f32", ["i16"], None, lambda a: S.round(Fraction(signed16(a))), ONE),
    "fh2xp16": ("i16", ["f16"], None, lambda a: to_int(H, a), ONE + ["pv"]),
    "fs2xp16": ("i16", ["f32"], None, lambda a: to_int(S, a), ONE + ["pv"]),
    "fh2s": ("f32", ["f16"], None, lambda a: convert(S, H, a), ONE),
    "fs2h": ("f16", ["f32"], None, lambda a: convert(H, S, a), ONE),
    "faddhs": ("f32", ["f32", "f16"], None, lambda a, b: add(S, a, convert(S, H, b)), ["DSS", "DwS", "DSv", "pvS"]),
    "fmachs": ("f32", ["f32", "f16"], "f16", lambda a, b, v: mac(S, a, b, v, H), ["DSSv"]),
}
for suffix, kind, t in (("h", "f16", H), ("s", "f32", S)):
    OPERATIONS |= {
        "fadd" + suffix: (kind, [kind, kind], None, lambda a, b, t=t: add(t, a, b), TWO_P),
        "fsub" + suffix: (kind, [kind, kind], None, lambda a, b, t=t: sub(t, a, b), TWO_P),
        "fmul" + suffix: (kind, [kind, kind], None, lambda a, b, t=t: mul(t, a, b), TWO_P),
        "fmax" + suffix: (kind, [kind, kind], None, lambda a, b, t=t: largest(t, a, b), TWO_P),
        "fmac" + suffix: (kind, [kind, kind], kind, lambda a, b, v, t=t: mac(t, a, b, v), ["DSSv"]),
        "fneg" + suffix: (kind, [kind], None, lambda a, t=t: a ^ t.sign, ONE),
        "fabs" + suffix: (kind, [kind], None, lambda a, t=t: a & ~t.sign, ONE),
        "fnorm" + suffix: (kind, [kind], None, lambda a, t=t: norm(t, a), ["pv"]),
        "fscale" + suffix: (kind, [kind], "i16", lambda a, n, t=t: scale(t, a, n), ["pvn"]),
    }
# addc16 has a state: the carry of the element before.
OPERATIONS["addc16"] = ("w16", ["w16", "w16"], None, None, TWO)

FIRST = {
    "w16": [0x0001, 0xffff, 0x8000, 0x1234, 0x00f0],
    "i16": [0x0001, 0xffff, 0x8000, 0x7fff, 0x0801],
    "w32": [0x00000001, 0xffffffff, 0x80000000, 0x12345678, 0x7fc00001],
    "f16": [0x3c00, 0xbe01, 0x7bff, 0x0003, 0x8000],
    "f32": [0x3f800000, 0xc0490fdb, 0x7f7fffff, 0x00000005, 0x80000000],
}
SECOND = {
    "w16": [0x0003, 0x0001, 0x8001, 0x000f, 0x0011],
    "i16": [0x0003, 0x0001, 0x8001, 0x000f, 0x0011],
    "w32": [0x00000003, 0x00000001, 0x80000001, 0x0000000f, 0x00000011],
    "f16": [0x3555, 0x7c00, 0x7bff, 0x8002, 0x7e00],
    "f32": [0x3eaaaaab, 0x7f800000, 0x7f7fffff, 0x80000003, 0x7fc00000],
}
SCALAR = {"w16": 0x0005, "i16": 0xfffb, "w32": 0xdeadbeef, "f16": 0x4248, "f32": 0x40490fdb}
CSL = {"w16": "u16", "i16": "i16", "w32": "u32", "f16": "f16", "f32": "f32"}


def width(kind):
    return 4 if kind.endswith("32") else 2


# How an operand is given. Fabric operands carry their elements over a color that loops back to the PE itself.
SOURCES = ["line", "strided", "backwards", "plane", "repeated", "register", "register0", "fabric", "fabric_register", "fifo"]
DESTS = ["line", "strided", "register", "register0", "fabric", "fabric_register", "fifo", "plane"]


class Program:
    """One PE that runs cases one after the other."""

    def __init__(self):
        self.body = []
        self.want = []
        self.cases = 0

    def begin(self, text):
        if self.cases % 8 == 0:
            self.body += (["}", ""] if self.body else []) + [f"fn cases{self.cases // 8}() void {{"]
        self.body.append(f"  // {text}")

    def add(self, name, form, dest, sources):
        dest_type, source_types, extra, function, _ = OPERATIONS[name]
        uses_fabric = sum(s.startswith("fabric") for s in sources if s)
        self.begin(f"@{name} {form} {dest} {' '.join(s or 'scalar' for s in sources)}")
        if uses_fabric > 1:
            self.body.append('  if (@is_arch("wse2")) {')
        values, arguments, before, after = [], [], [], []
        for i, (how, kind) in enumerate(zip(sources, source_types)):
            letter = "ab"[i]
            data = (FIRST if i == 0 else SECOND)[kind]
            array = f"{letter}_{kind}"
            if how is None:
                bits = SCALAR[kind]
                values.append([bits] * N)
                arguments.append(f"v_{kind}")
                continue
            values.append([data[2]] * N if how == "repeated" else data[::-1] if how == "backwards" else data)
            arguments.append(self.source(how, array, kind, i, len(source_types), before))
        if form == "DwS":
            arguments.reverse()  # faddhs: the narrow scalar in front of the wide source
        rows = list(zip(*values))
        if extra:
            arguments.append(f"v_{extra}")
        target = self.dest(dest, dest_type, before, after)
        tail = [SCALAR[extra]] if extra else []
        if name == "addc16":
            carry, out = 0, []
            for a, b in rows:
                carry += a + b
                out.append(carry & M)
                carry >>= 16
        elif form == "pvS":
            out = SCALAR[dest_type]
            for row in rows:
                out = function(out, row[1])
            out = [out]
        elif form.startswith("p"):
            out = [function(*rows[-1], *tail)]
        else:
            out = [function(*row, *tail) for row in rows]
        self.body += [f"  {line}" for line in before]
        self.body.append(f"  @{name}({', '.join([target] + arguments)});")
        self.body += [f"  {line}" for line in after]
        result = f"out_{width(dest_type) * 8}"
        for k, bits in enumerate(out):
            self.body.append(f"  @assert({result}[{k}] == {bits:#x});")
        if uses_fabric > 1:
            self.body.append("  }")
        self.cases += 1

    def source(self, how, array, kind, i, count, before):
        bits = width(kind) * 8
        move = f"@mov{bits}"
        if how in ("line", "strided", "backwards", "plane", "repeated"):
            return f"{array}_{how}"
        if how in ("register", "register0"):
            # Single-source operations read the second source register.
            file = "src0" if i == 0 and count == 2 else "src1"
            number = 3 if how == "register" else 4
            before.append(f"@load_to_dsr({file}_{number}, {array}_line);")
            return f"{file}_{number}"
        if how == "fifo":
            before.append(f"@set_fifo_read_length(fifo_{bits}, 0);")
            before.append(f"@set_fifo_write_length(fifo_{bits}, 0);")
            before.append(f"{move}(fifo_{bits}, {array}_line);")
            before.append(f"@set_fifo_read_length(fifo_{bits}, {N});")
            return f"fifo_{bits}"
        before.append(f"{move}(out_{i}, {array}_line);")
        if how == "fabric":
            return f"in_{i}"
        file = "src0" if i == 0 and count == 2 else "src1"
        before.append(f"@load_to_dsr({file}_5, in_{i});")
        return f"{file}_5"

    def dest(self, how, kind, before, after):
        bits = width(kind) * 8
        move = f"@mov{bits}"
        before.append(f"{move}(out_{bits}_line, 0);")
        if how == "pointer":
            after.append(f"out_{bits}[0] = @bitcast(u{bits}, p_{kind});")
            return f"&p_{kind}"
        if how == "line":
            return f"out_{bits}_line"
        if how in ("strided", "plane"):
            after.append(f"{move}(out_{bits}_line, wide_{bits}_{how});")
            return f"wide_{bits}_{how}"
        if how == "register":
            before.append(f"@load_to_dsr(dest_6, out_{bits}_line);")
            return "dest_6"
        if how == "register0":
            before.append(f"@load_to_dsr(src0_6, out_{bits}_line);")
            return "src0_6"
        if how == "fifo":
            before.append(f"@set_fifo_write_length(result_{bits}, {N});")
            before.append(f"@set_fifo_read_length(result_{bits}, 0);")
            after.append(f"@set_fifo_write_length(result_{bits}, 0);")
            after.append(f"{move}(out_{bits}_line, result_{bits});")
            return f"result_{bits}"
        after.append(f"{move}(out_{bits}_line, in_2);")
        if how == "fabric":
            return "out_2"
        before.append("@load_to_dsr(dest_7, out_2);")
        return "dest_7"

    def text(self):
        out = ["// ARGS: --launch=go", "// Generated by generated_operations.py."]
        out += ["layout {", "  @set_rectangle(1, 1);", '  @set_tile_code(0, 0, "pe.csl");']
        out += [f"  @set_color_config(0, 0, @get_color({4 + k}), .{{ .routes = .{{ .rx = RAMP, .tx = RAMP }} }});" for k in range(3)]
        out += ['  @export_name("go", fn () void);', "}", "// --- pe.csl"]
        out.append('const sys = @import_module("<memcpy/memcpy>", .{});')
        # An input queue and the output queue that feeds it hold five words between them on both targets; none is memcpy's.
        for k, (iq, oq) in enumerate(((4, 3), (2, 2), (3, 1))):
            out.append(f"const iq_{k} = @get_input_queue({iq});")
            out.append(f"const oq_{k} = @get_output_queue({oq});")
            fabric = f".extent = {N}, .fabric_color = @get_color({4 + k})"
            out.append(f"const in_{k} = @get_dsd(fabin_dsd, .{{ {fabric}, .input_queue = iq_{k} }});")
            out.append(f"const out_{k} = @get_dsd(fabout_dsd, .{{ {fabric}, .output_queue = oq_{k} }});")
        for kind in CSL:
            bits = width(kind) * 8
            for letter, table in (("a", FIRST), ("b", SECOND)):
                array = f"{letter}_{kind}"
                data = table[kind]
                words = ", ".join(f"{v:#x}" for v in data)
                gaps = ", ".join(f"{v:#x}, 0x5a5a" for v in data)
                out.append(f"var {array} = [{N}]u{bits}{{ {words} }};")
                out.append(f"var {array}_gaps = [{2 * N}]u{bits}{{ {gaps} }};")
                access = {
                    "line": f"|i|{{{N}}} -> {array}[i]",
                    "strided": f"|i|{{{N}}} -> {array}_gaps[2 * i]",
                    "backwards": f"|i|{{{N}}} -> {array}[{N - 1} - i]",
                    "repeated": f"|i|{{{N}}} -> {array}[2 + 0 * i]",
                    "plane": f"|i, j|{{{N}, 1}} -> {array}_gaps[2 * i + j]",
                }
                for how, a in access.items():
                    rank = "mem4d_dsd" if how == "plane" else "mem1d_dsd"
                    out.append(f"const {array}_{how} = @get_dsd({rank}, .{{ .tensor_access = {a} }});")
            scalar = SCALAR[kind]
            out.append(f"var v_{kind}: {CSL[kind]} = @bitcast({CSL[kind]}, @as(u{bits}, {scalar:#x}));")
            out.append(f"var p_{kind}: {CSL[kind]} = @bitcast({CSL[kind]}, @as(u{bits}, 0));")
        for bits in (16, 32):
            out.append(f"var out_{bits}: [{N}]u{bits};")
            out.append(f"var wide_{bits}: [{3 * N}]u{bits};")
            out.append(f"var buffer_{bits}: [{N}]u{bits};")
            out.append(f"var second_{bits}: [{N}]u{bits};")
            out.append(f"const out_{bits}_line = @get_dsd(mem1d_dsd, .{{ .tensor_access = |i|{{{N}}} -> out_{bits}[i] }});")
            out.append(f"const wide_{bits}_strided = @get_dsd(mem1d_dsd, .{{ .tensor_access = |i|{{{N}}} -> wide_{bits}[3 * i] }});")
            out.append(f"const wide_{bits}_plane = @get_dsd(mem4d_dsd, .{{ .tensor_access = |i, j|{{1, {N}}} -> wide_{bits}[i + 2 * j] }});")
            out.append(f"const fifo_{bits} = @allocate_fifo(buffer_{bits});")
            out.append(f"const result_{bits} = @allocate_fifo(second_{bits});")
        for file, number in itertools.product(("dest", "src0", "src1"), range(3, 8)):
            out.append(f"const {file}_{number} = @get_dsr(dsr_{file}, {number});")
        out += self.body + ["}", "", "fn go() void {"]
        out += [f"  cases{k}();" for k in range((self.cases + 7) // 8)]
        out += ["  sys.unblock_cmd_stream();", "}", "comptime {"]
        for k in range(3):
            out.append(f"  @initialize_queue(iq_{k}, .{{ .color = @get_color({4 + k}) }});")
            out.append(f'  if (@is_arch("wse3")) @initialize_queue(oq_{k}, .{{ .color = @get_color({4 + k}) }});')
        out += ["  @export_symbol(go);", "}"]
        return "\n".join(out) + "\n"


def combinations(forms, sources):
    """Every kind at every place of every form, each with other kinds at the other places every time."""
    for form in forms:
        places = []
        for i, letter in enumerate(form[1 : 1 + sources]):
            if letter in "vwn":
                places.append([None])
            else:
                kinds = [k for k in SOURCES if not (k == "fifo" and i == 0 and sources == 2)]
                places.append(kinds)
        if form == "DwS":
            places = [places[1], [None]]  # in order of the table: wide source, narrow scalar
        dests = ["pointer"] if form[0] == "p" else DESTS
        rounds = max([len(dests)] + [len(p) for p in places])
        for k in range(rounds):
            yield form, dests[k % len(dests)], [p[(k * (i + 1) + 3 * i) % len(p)] for i, p in enumerate(places)]


def main():
    runner, weft, *rest = sys.argv[1:]
    keep = None
    if rest[:1] == ["--keep"]:
        keep, rest = rest[1], rest[2:]
    programs = {}
    for name, (_, types, _, _, forms) in OPERATIONS.items():
        program = programs.setdefault(f"operations_{(list(OPERATIONS).index(name)) % 7}", Program())
        for form, dest, sources in combinations(forms, len(types)):
            program.add(name, form, dest, sources)
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(keep or scratch) / "behavior"
        folder.mkdir(parents=True, exist_ok=True)
        for name, program in programs.items():
            (folder / f"{name}.csl").write_text(program.text())
        total = sum(p.cases for p in programs.values())
        print(f"{len(OPERATIONS)} operations, {total} cases in {len(programs)} programs", flush=True)
        sys.exit(subprocess.call([runner, f"--weft={weft}", *rest, str(folder)]))


main()

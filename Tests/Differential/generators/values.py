"""Random expressions in Brood, and what they yield by way of Python.

values.py SEED COUNT PROGRAM EXPECTED writes a program that prints a line for each expression, and
the lines. Where both languages differ on purpose, what Brood says is computed here by hand.
"""
import math
import random
import sys
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

MOST = 2**63 - 1
LEAST = -(2**63)


class Refused(Exception):
    """An error of the language, by its kind."""


def whole(number):
    if not LEAST <= number <= MOST:
        raise Refused("range")
    return number


class Duration(int):
    """Nanoseconds."""


# How values are written, and shown.


def quoted(text):
    out = '"'
    for char in text:
        if char in '\\"$':
            out += "\\" + char
        elif char in "\n\t\r\x1b\0":
            out += {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\x1b": "\\e", "\0": "\\0"}[char]
        elif ord(char) < 32 or 127 <= ord(char) < 160:
            out += "\\u{%x}" % ord(char)
        else:
            out += char
    return out + '"'


def shown(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Duration):
        return duration_text(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else f"(float {value})"
    if isinstance(value, str):
        return quoted(value)
    return "[" + ", ".join(map(shown, value)) + "]"


def duration_text(value):
    rest, out = abs(value), "-" if value < 0 else ""
    if rest == 0:
        return "0s"
    if rest >= 60 * 10**9:
        for unit, length in ("d", 86400 * 10**9), ("h", 3600 * 10**9), ("m", 60 * 10**9):
            if rest >= length:
                out += f"{rest // length}{unit}"
                rest %= length
        if rest == 0:
            return out
    for unit, length in ("s", 10**9), ("ms", 10**6), ("us", 1000), ("ns", 1):
        if rest >= length:
            digits = format(Decimal(rest) / length, "f")
            return out + (digits.rstrip("0").rstrip(".") if "." in digits else digits) + unit
    return out


def written(value):
    text = shown(value)
    return f"({text})" if text.startswith("-") else text


# Values.

chance = random.Random(int(sys.argv[1]))


def an_int():
    edge = chance.choice([0, 0, 2**31, 2**32, 2**53, 2**62, MOST, LEAST, 10, 1000])
    near = edge + chance.choice([0, 0, 1, -1, 2, -3, chance.randint(-9, 9)])
    number = chance.choice([near, near, -near, chance.randint(-20, 20), chance.getrandbits(63)])
    return max(LEAST, min(MOST, number))


def a_float():
    return chance.choice(
        [
            lambda: chance.randint(-20, 20) / chance.choice([1, 2, 4, 8, 10, 3]),
            lambda: float(an_int()),
            lambda: float(an_int()) * chance.choice([1.0, 0.5, 1 + 2**-52, 1e-9, 1e9]),
            lambda: chance.choice([0.0, -0.0, 1e16, 9999999999999998.0, 5e-324, 1e308, 1e-5, 0.1]),
            lambda: math.ldexp(chance.getrandbits(53), chance.randint(-1074, 900)),
        ]
    )()


def a_number():
    return chance.choice([an_int, an_int, a_float])()


LETTERS = "abcABxyz  \t\n,;.-_'019" + "äÄßéЖжΣΣσςΑαİıŉǅﬁſ日本🙂\x0b\x0c\x7f\x85\u00a0\u1680\u2003\u0301\u0345"


def a_text(most=8):
    return "".join(chance.choice(LETTERS) for _ in range(chance.randint(0, most)))


def a_list(make=a_number, most=6):
    return [make() for _ in range(chance.randint(0, most))]


# Operations: each yields the expression, and a function for its value.


def arithmetic():
    x, y, op = a_number(), a_number(), chance.choice(["+", "-", "*", "/", "//", "%"])

    def run():
        if op in ("/", "//", "%") and y == 0:
            raise Refused("range")
        result = {
            "+": lambda: x + y,
            "-": lambda: x - y,
            "*": lambda: x * y,
            "/": lambda: x / y,
            "//": lambda: x // y,
            "%": lambda: x % y,
        }[op]()
        return whole(result) if isinstance(result, int) else result

    return f"{written(x)} {op} {written(y)}", run


def comparison():
    x = a_number()
    y = chance.choice([a_number, lambda: x, lambda: float(x), lambda: x + 1, lambda: x + 0.5])()
    if isinstance(y, int):
        y = max(LEAST, min(MOST, y))
    op = chance.choice(["==", "!=", "<", "<=", ">", ">="])
    return f"{written(x)} {op} {written(y)}", lambda: eval(f"x {op} y", {"x": x, "y": y})


def numbers_near():
    x = an_int()
    return [
        chance.choice([x, float(x), max(LEAST, min(MOST, x + chance.choice([-1, 1]))), x * 0.5])
        for _ in range(chance.randint(1, 6))
    ]


def order():
    numbers = numbers_near()
    word, run = chance.choice(
        [
            ("sort", lambda: sorted(numbers)),
            ("unique", lambda: list(dict.fromkeys(numbers))),
            ("min", lambda: min(numbers)),
            ("max", lambda: max(numbers)),
            ("reverse", lambda: numbers[::-1]),
            ("len", lambda: len(numbers)),
        ]
    )
    return f"{word} {shown(numbers)}", run


def membership():
    numbers = numbers_near()
    wanted = chance.choice(numbers + [a_number()])
    word = chance.choice(["in", "index-of", "map"])
    if word == "in":
        return f"{written(wanted)} in {shown(numbers)}", lambda: wanted in numbers
    if word == "index-of":
        return (
            f"index-of {shown(numbers)} {written(wanted)}",
            lambda: numbers.index(wanted) if wanted in numbers else None,
        )
    entries = dict((key, place) for place, key in enumerate(numbers))
    text = ", ".join(f"{written(key)}: {place}" for place, key in enumerate(numbers))
    return f"[{text}][{shown(wanted)}] ?? null", lambda: entries.get(wanted)


def range_membership():
    low, length = chance.randint(-5, 5), chance.randint(-2, 8)
    wanted = chance.choice([chance.randint(-8, 15), chance.randint(-16, 30) / 2])
    numbers = range(low, low + length)
    return f"{written(wanted)} in ({low}..<{low + length})", lambda: wanted in numbers


def rounding():
    x = chance.choice(
        [a_float(), chance.randint(-4000, 4000) / chance.choice([2, 4, 8, 16, 100, 1000])]
    )
    if chance.random() < 0.5:
        word, run = chance.choice(
            [
                ("floor", lambda: math.floor(x)),
                ("ceil", lambda: math.ceil(x)),
                ("int", lambda: int(x)),
                ("round", lambda: int(Decimal(x).to_integral_value(ROUND_HALF_UP))),
            ]
        )
        return f"{word} {written(x)}", lambda: whole(run())
    digits = chance.randint(0, 6)

    def run():
        unit = 10**digits
        exact = abs(Fraction(x)) * unit
        places = math.floor(exact + Fraction(1, 2))
        return math.copysign(float(Fraction(places, unit)), x)

    return f"round {written(x)} {digits}", run


def power():
    x, y = chance.choice([(an_int(), chance.randint(-4, 70)), (a_float(), chance.randint(-4, 4))])
    if chance.random() < 0.3:
        x = chance.choice([0, 0.0, -0.0, 1, -1, 2, -2])

    def run():
        if x == 0 and y < 0:
            raise Refused("range")
        if isinstance(x, int) and y >= 0:
            return whole(x**y)
        try:
            return float(x) ** y
        except OverflowError:
            return math.inf if x > 0 or y % 2 == 0 else -math.inf

    return f"pow {written(x)} {written(y)}", run


def slicing():
    value = chance.choice([a_text(), a_list(), [], ""])
    low, high = chance.randint(-9, 9), chance.randint(-9, 9)
    way = chance.choice(["..<", "..", "slice", "index", "take"])
    if way == "..<":
        return f"{shown(value)}[{low}..<{high}]", lambda: value[low:high]
    if way == "..":
        end = None if high == -1 else high + 1
        return f"{shown(value)}[{low}..{high}]", lambda: value[low:end]
    if way == "slice":
        return f"slice {shown(value)} {written(low)} {written(high)}", lambda: value[low:high]
    if way == "take" and isinstance(value, list):
        count = abs(low)
        word, run = chance.choice(
            [("take", lambda: value[:count]), ("drop", lambda: value[count:])]
        )
        return f"{word} {shown(value)} {count}", run

    def run():
        try:
            return value[low]
        except IndexError:
            raise Refused("range") from None

    return f"{shown(value)}[{low}]", run


def texts():
    text, other = a_text(), a_text(2)
    t, o = shown(text), shown(other)
    some = other or ","
    s = shown(some)
    count = chance.randint(0, 3)
    return chance.choice(
        [
            (f"upper {t}", lambda: text.upper()),
            (f"lower {t}", lambda: text.lower()),
            (f"trim {t}", lambda: text.strip()),
            (f"trim {t} --left", lambda: text.lstrip()),
            (f"trim {t} --right", lambda: text.rstrip()),
            (f"trim {t} {s} --right", lambda: text.rstrip(some)),
            (f"trim {t} {s}", lambda: text.strip(some)),
            (f"split {t}", lambda: text.split()),
            (f"words {t}", lambda: text.split()),
            (f"split {t} {s}", lambda: text.split(some)),
            (f"split {t} {s} --max {count}", lambda: text.split(some, count)),
            (f"replace {t} {s} x", lambda: text.replace(some, "x")),
            (f"replace {t} {s} yz --count {count}", lambda: text.replace(some, "yz", count)),
            (f"contains {t} {o}", lambda: other in text),
            (f"{o} in {t}", lambda: other in text),
            (f"starts-with {t} {o}", lambda: text.startswith(other)),
            (f"ends-with {t} {o}", lambda: text.endswith(other)),
            (f"index-of {t} {o}", lambda: text.find(other) if other in text else None),
            (f"reverse {t}", lambda: text[::-1]),
            (f"len {t}", lambda: len(text)),
            (f"{t} < {o}", lambda: text < other),
            (f"{t} == {o}", lambda: text == other),
            (f"{t} * {count}", lambda: text * count),
            (f"{t} + {o}", lambda: text + other),
            (f"join (split {t} {s}) {s}", lambda: text),
            (f"sort (collect {t})", lambda: sorted(text)),
        ]
    )


def conversion():
    number = a_number()
    digits = chance.choice(
        [
            repr(number),
            f" {number}\t",
            f"{chance.randint(0, 10**6):_}",
            chance.choice(["", "_", "1_", "1__2", "_1", "0x1F", "0b12", "0o17", "+5", "--5", "1e5"]),
            "".join(chance.choice("01_.e+-") for _ in range(chance.randint(1, 6))),
        ]
    )
    if chance.random() < 0.5:

        def run():
            body = digits.strip()
            base = {"0x": 16, "0b": 2, "0o": 8}.get(body.lstrip("+-")[:2], 10)
            try:
                return whole(int(body, base))
            except ValueError:
                raise Refused("type") from None

        return f"int {shown(digits)}", run

    def run():
        body = digits.strip()
        if body[:2].lower() in ("0x", "0b", "0o"):
            try:
                return float(int(body, 0))
            except ValueError:
                raise Refused("type") from None
        try:
            value = float(body)
        except ValueError:
            raise Refused("type") from None
        if math.isinf(value):
            raise Refused("range")
        return value

    return f"float {shown(digits)}", run


def formatting():
    number = a_number()
    fill = chance.choice(["", "", "*<", "x^", ">", "<"])
    width = chance.choice(["", "", "8", "12", "25", "03" if not fill else "3"])
    sign, comma = chance.choice(["", "+", " "]), chance.choice(["", ","])
    if isinstance(number, int):
        spec = fill + sign + width + comma + chance.choice(["", "d"])
    else:
        spec = fill + sign + width + comma + chance.choice([".2f", ".0f", "f", ".3e", "e"])
    return f"format {written(number)} {shown(spec)}", lambda: format(number, spec)


def durations():
    x = Duration(an_int())
    y = Duration(an_int())
    factor = chance.choice([chance.randint(-9, 9), a_float()])
    spelled = "(1ns * %s)" % written(int(x))

    def nearest(fraction):
        magnitude = math.floor(abs(fraction) + Fraction(1, 2))
        return Duration(whole(magnitude if fraction >= 0 else -magnitude))

    def divided():
        if factor == 0:
            raise Refused("range")
        return nearest(Fraction(int(x)) / Fraction(factor))

    def product():
        return nearest(Fraction(int(x)) * Fraction(factor))

    def sure(number):
        return Duration(whole(number))

    return chance.choice(
        [
            (spelled, lambda: x),
            (f"duration (string {spelled})", lambda: x),
            (f"{spelled} / {written(factor)}", divided),
            (f"{spelled} * {written(factor)}", product),
            (f"{spelled} + 1ns", lambda: sure(int(x) + 1)),
            (f"{spelled} / (1ns * {written(int(y or 1))})", lambda: int(x) / int(y or 1)),
            (f"float {spelled}", lambda: int(x) / 10**9),
            (f"{spelled} < (1ns * {written(int(y))})", lambda: int(x) < int(y)),
            (f"float (json-text {spelled})", lambda: float(Fraction(int(x), 10**9))),
        ]
    )


def assignments():
    """Statements in a block of their own, whose right sides may change what is assigned."""
    state = {"x": chance.randint(1, 9), "xs": [1, 2], "a": 3, "l": [4]}
    # How code that changes a variable stands in a right side: as a function, or as a block that is
    # part of the statement, where variables are plain registers.
    is_function = chance.random() < 0.6
    effects = {
        "x = 50; 5": (lambda: state.update(x=50), 5),
        "xs += [9]; 2": (lambda: state.update(xs=state["xs"] + [9]), 2),
        "m.a = 70; 6": (lambda: state.update(a=70), 6),
        "m.l += [8]; 7": (lambda: state.update(l=state["l"] + [8]), 7),
        "m = [a: 1, l: []]; 3": (lambda: state.update(a=1, l=[]), 3),
        "4": (lambda: None, 4),
    }
    names = {body: f"f{place}" for place, body in enumerate(effects)}
    lines = ["var x = %d" % state["x"], "var xs = [1, 2]", "var m = [a: 3, l: [4]]"]
    if is_function:
        lines += [f"fn {name}() {{ {body} }}" for body, name in names.items()]
    steps = []

    def right_side():
        body = chance.choice(list(effects))
        effect, value = effects[body]
        text = f"({names[body]})" if is_function else f"(if true {{ {body} }} else {{ 0 }})"

        def run():
            effect()
            return value

        if chance.random() < 0.3:

            def sum_with_x():
                x = state["x"]
                return x + run()

            return f"$x + {text}", sum_with_x
        return text, run

    for _ in range(chance.randint(1, 4)):
        text, run = right_side()
        target = chance.choice(["x", "a", "a", "item", "xs", "l"])
        if target in ("xs", "l"):
            place = "xs" if target == "xs" else "m.l"
            lines.append(f"{place} += [{text}]")

            def step(target=target, run=run):
                old = list(state[target])
                state[target] = old + [run()]

        elif target == "item":
            lines.append(f"xs[0] += {text}")

            def step(run=run):
                old = state["xs"][0]
                value = run()
                state["xs"] = [old + value] + state["xs"][1:]

        else:
            op = chance.choice("+-*")
            lines.append(f"{'x' if target == 'x' else 'm.a'} {op}= {text}")

            def step(target=target, op=op, run=run):
                old = state[target]
                state[target] = eval(f"old {op} new", {"old": old, "new": run()})

        steps.append(step)

    def result():
        for step in steps:
            step()
        return [state["x"], state["xs"], state["a"], state["l"]]

    return "call { " + "; ".join(lines + ["[$x, $xs, $m.a, $m.l]"]) + " }", result


def shows():
    number = a_number()
    return written(number), lambda: number


KINDS = [
    arithmetic, arithmetic, comparison, order, membership, range_membership, rounding, power,
    slicing, texts, texts, conversion, formatting, durations, assignments, shows,
]


def main():
    count, program, expected = int(sys.argv[2]), sys.argv[3], sys.argv[4]
    with open(program, "w") as lines, open(expected, "w") as results:
        for number in range(count):
            expression, run = chance.choice(KINDS)()
            try:
                result = shown(run())
            except Refused as refused:
                result = str(refused)
            except OverflowError:
                result = "range"
            lines.write(f"print {number} (try {{ [({expression})] }} catch e {{ $e.kind }})\n")
            if result not in ("range", "type", "missing"):
                result = f"[{result}]"
            results.write(f"{number} {result}\n")


main()

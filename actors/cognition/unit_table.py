"""Units: what each measures, and its exact size. A name with two meanings has both.

Source: the international yard and pound agreement of 1959; NIST Handbook 44, appendix C;
IEC 80000-13 for units of data.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

#: Dimension -> (names, its sizes in the dimension's base unit, each a decimal or a fraction).
_TABLE: Final = {
    "length": (
        ("nm nanometer nanometre", "1e-9"),
        ("um µm micrometer micrometre micron", "1e-6"),
        ("mm millimeter millimetre", "0.001"),
        ("cm centimeter centimetre", "0.01"),
        ("m meter metre", "1"),
        ("km kilometer kilometre", "1000"),
        ("inch inches in", "0.0254"),
        ("ft foot feet", "0.3048"),
        ("yd yard", "0.9144"),
        ("mi mile", "1609.344"),
        ("nmi nautical_mile", "1852"),
    ),
    "mass": (
        ("mg milligram", "1e-6"),
        ("g gram", "0.001"),
        ("kg kilogram kilo", "1"),
        ("tonne", "1000"),
        ("ton", "1000 907.18474 1016.0469088"),
        ("lb lbs pound", "0.45359237"),
        ("oz ounce", "0.028349523125"),
        ("stone", "6.35029318"),
    ),
    "time": (
        ("ns nanosecond", "1e-9"),
        ("us µs microsecond", "1e-6"),
        ("ms millisecond", "0.001"),
        ("s sec second", "1"),
        ("min minute", "60"),
        ("h hr hour", "3600"),
        ("day", "86400"),
        ("week", "604800"),
        ("fortnight", "1209600"),
        ("year", "31536000 31557600 31556952 31622400"),
        ("decade", "315360000 315576000 315569520"),
        ("century centuries", "3153600000 3155760000 3155695200"),
    ),
    "volume": (
        ("ml milliliter millilitre", "0.001"),
        ("cl centiliter centilitre", "0.01"),
        ("l liter litre", "1"),
        ("m3 cubic_meter cubic_metre", "1000"),
        ("teaspoon tsp", "0.00492892159375 0.005"),
        ("tablespoon tbsp", "0.01478676478125 0.015"),
        ("cup", "0.2365882365 0.24 0.25"),
        ("pint", "0.473176473 0.56826125"),
        ("quart", "0.946352946 1.1365225"),
        ("gallon gal", "3.785411784 4.54609"),
        ("fluid_ounce fl_oz", "0.0295735295625 0.0284130625"),
    ),
    "area": (
        ("m2 square_meter square_metre", "1"),
        ("km2 square_kilometer square_kilometre", "1000000"),
        ("hectare ha", "10000"),
        ("acre", "4046.8564224"),
        ("square_foot square_feet", "0.09290304"),
        ("square_mile", "2589988.110336"),
    ),
    "data": (
        ("bit", "0.125"),
        ("byte", "1"),
        ("kb kilobyte", "1000 1024"),
        ("mb megabyte", "1000000 1048576"),
        ("gb gigabyte", "1000000000 1073741824"),
        ("tb terabyte", "1000000000000 1099511627776"),
        ("kib kibibyte", "1024"),
        ("mib mebibyte", "1048576"),
        ("gib gibibyte", "1073741824"),
        ("tib tebibyte", "1099511627776"),
    ),
    "speed": (
        ("m/s", "1"),
        ("km/h kph kmh", "5/18"),
        ("mph", "0.44704"),
        ("knot kn", "463/900"),
    ),
    "temperature": (
        ("°c celsius degree_celsius c", "1"),
        ("°f fahrenheit degree_fahrenheit f", "5/9"),
        ("k kelvin", "1"),
    ),
    "frequency": (("hz hertz", "1"), ("khz", "1000"), ("mhz", "1000000"), ("ghz", "1000000000")),
    "energy": (
        ("j joule", "1"),
        ("kj kilojoule", "1000"),
        ("kwh", "3600000"),
        ("wh", "3600"),
        ("cal", "4.184"),
        ("kcal", "4184"),
    ),
    "count": (("dozen", "12"), ("gross", "144"), ("percent", "0.01")),
}

#: Where the zero of a scale of temperature lies, in kelvin.
ZEROES: Final[Mapping[str, Fraction]] = {
    **dict.fromkeys(("°c", "celsius", "degree_celsius", "c"), Fraction("273.15")),
    **dict.fromkeys(("°f", "fahrenheit", "degree_fahrenheit", "f"), Fraction("459.67") * 5 / 9),
}

#: Name -> (dimension, sizes).
UNITS: Final[Mapping[str, tuple[str, tuple[Fraction, ...]]]] = {
    name: (dimension, tuple(Fraction(size) for size in sizes.split()))
    for dimension, rows in _TABLE.items()
    for names, sizes in rows
    for name in names.split()
}

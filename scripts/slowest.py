#!/usr/bin/env python3
"""Prints the ten tests that took longest, from a JUnit report of cargo-nextest.

    scripts/slowest.py target/nextest/default/junit.xml
"""

import sys
import xml.etree.ElementTree as xml

SHOWN = 10


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: scripts/slowest.py REPORT")
    cases = xml.parse(sys.argv[1]).getroot().iter("testcase")
    tests = [(float(case.get("time", "0")), case.get("classname", ""), case.get("name", "")) for case in cases]
    tests.sort(reverse=True)
    print(f"The slowest of {len(tests)} tests")
    for seconds, binary, name in tests[:SHOWN]:
        print(f"  {seconds:7.1f} s  {binary}  {name}")


if __name__ == "__main__":
    main()

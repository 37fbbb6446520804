# For each line, a JSON string that holds a document, prints [json.dumps(json.loads(document)), is it lossless].
# Losslessness is judged with the decimal module, and so by other means than the code under test.
import decimal
import json
import re
import sys

sys.setrecursionlimit(10_000)


class Lossy(Exception):
    pass


def number(text):
    if re.fullmatch(r"-?0(\.0+)?([eE].*)?", text):
        if text[0] == "-":
            raise Lossy
        return
    try:
        value = decimal.Decimal(text)
    except decimal.InvalidOperation:
        raise Lossy
    if decimal.Decimal(repr(float(text))) != value:
        raise Lossy


def members(pairs):
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise Lossy
    return pairs


def check(value):
    if isinstance(value, str):
        if re.search("[\ud800-\udfff]", value):
            raise Lossy
    elif isinstance(value, (list, tuple)):
        for item in value:
            check(item)


def is_lossless(document):
    try:
        check(json.loads(document, parse_int=number, parse_float=number, object_pairs_hook=members))
    except Lossy:
        return False
    return True


for line in sys.stdin.buffer.read().decode().rstrip("\n").split("\n"):
    document = json.loads(line)
    print(json.dumps([json.dumps(json.loads(document)), is_lossless(document)]))

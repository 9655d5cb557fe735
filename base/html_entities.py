#!/usr/bin/env python3
"""Writes base/html_entities.inc: the named character references of HTML5, sorted by name, from the table in Python's library
(html.entities.html5, which is the standard's). Run it where the standard's table has changed."""
import html.entities
import pathlib


def main():
    names = {}
    for name, text in html.entities.html5.items():
        bare = name.rstrip(";")
        names.setdefault(bare, [text, False])
        if not name.endswith(";"):
            names[bare][1] = True
    lines = ["// Written by base/html_entities.py: {name, text, known without a semicolon too}, sorted by name."]
    for name in sorted(names, key=lambda each: each.encode()):
        text, legacy = names[name]
        escaped = "".join(f"\\x{byte:02x}" for byte in text.encode())
        entry = f'{{"{name}", "{escaped}", {int(legacy)}}},'
        if len(lines) > 1 and len(lines[-1]) + 1 + len(entry) <= 130:
            lines[-1] += " " + entry
        else:
            lines.append(entry)
    pathlib.Path(__file__).with_suffix(".inc").write_text("\n".join(lines) + "\n")


main()

"""Reads what doctest reports about one test case, as far as it got: a crash cuts the XML short."""

import re
import xml.etree.ElementTree as xml
from dataclasses import dataclass, field
from pathlib import Path

COMPARISON = re.compile(r" (==|!=|<=|>=|<|>) ")


@dataclass(frozen=True)
class Failure:
    """One assertion that did not hold, or an exception that nobody caught."""

    file: str = ""
    line: int = 0
    expression: str = ""  # as the test has it
    expected: str = ""
    got: str = ""
    notes: tuple[str, ...] = ()  # what the test said beside it


@dataclass
class Report:
    found: bool = False  # the program has this test case
    passed: bool = False
    file: str = ""
    line: int = 0
    failures: list[Failure] = field(default_factory=list)


def read(path: Path, name: str) -> Report:
    report = Report()
    parser = xml.XMLPullParser(["start", "end"])
    try:
        # As it stands, a carriage return would be read as the end of a line.
        parser.feed(path.read_bytes().decode("utf-8", "replace").replace("\r", "&#13;"))
    except (OSError, xml.ParseError):
        pass  # what came before the end counts
    inside = False
    try:
        for event, element in parser.read_events():
            if element.tag == "TestCase":
                inside = event == "start" and _is_wanted(element, name)
                if inside:
                    report.found = True
                    report.file, report.line = _place(element)
            elif inside and event == "end":
                _add(report, element)
    except xml.ParseError:
        pass
    return report


def listed(text: str) -> list[tuple[str, str]]:
    """The test cases of `--list-test-cases --reporters=xml`, each with its file."""
    try:
        cases = xml.fromstring(text).iter("TestCase")
    except xml.ParseError:
        return []
    return [(case.get("name", ""), case.get("filename", "")) for case in cases]


def _is_wanted(element: xml.Element, name: str) -> bool:
    return element.get("name") == name and element.get("skipped") != "true"


def _place(element: xml.Element) -> tuple[str, int]:
    line = element.get("line", "0")
    return element.get("filename", ""), int(line) if line.isdigit() else 0


def _add(report: Report, element: xml.Element) -> None:
    if element.tag == "Expression" and element.get("success") != "true":
        report.failures.append(_expression(element))
    elif element.tag == "Message" and element.get("type") != "WARNING":
        file, line = _place(element)
        report.failures.append(Failure(file, line, got=_text(element, "Text")))
    elif element.tag == "Exception" and element.get("crash") == "false":
        report.failures.append(Failure(got=f"an exception: {_own_text(element)}"))
    elif element.tag == "OverallResultsAsserts":
        report.passed = element.get("test_case_success") == "true"


def _expression(element: xml.Element) -> Failure:
    original, expanded = _text(element, "Original"), _text(element, "Expanded")
    kind = element.get("type", "")
    exception = element.find("Exception")
    thrown = f"an exception: {_unquoted(_own_text(exception))}" if exception is not None else ""
    wanted = _text(element, "ExpectedException")
    message = _text(element, "ExpectedExceptionString")
    if "NOTHROW" in kind:
        expected, got = "no exception", thrown
    elif "THROWS" in kind:
        expected = " ".join(filter(None, ["an exception", wanted, message and f'"{message}"']))
        got = thrown or "no exception"
    elif exception is not None:
        expected, got = _as_said(kind, original), thrown
    else:
        expected, got = _compared(kind, original, expanded)
    notes = tuple(_own_text(info) for info in element.findall("Info"))
    return Failure(*_place(element), original, expected, got, notes)


def _compared(kind: str, original: str, expanded: str) -> tuple[str, str]:
    """Takes `a == b` apart where that is certain: the test's left side is what it got."""
    parts = COMPARISON.split(expanded)
    if len(parts) == 3 and len(COMPARISON.split(original)) == 3 and "FALSE" not in kind:
        left, operator, right = parts
        return (right if operator == "==" else f"{operator} {right}"), left
    return _as_said(kind, original), expanded if expanded != original else ""


def _as_said(kind: str, original: str) -> str:
    return f"not {original}" if "FALSE" in kind else original


def _text(element: xml.Element, tag: str) -> str:
    found = element.find(tag)
    return _own_text(found) if found is not None else ""


def _own_text(element: xml.Element) -> str:
    """The text without the lines and the indent that doctest puts around it."""
    text = element.text or ""
    indent = re.search(r"\n( *)\Z", text)
    if not indent or not text.startswith("\n"):
        return text.strip()
    return text[1 : max(indent.start(), 1)].removeprefix(indent[1] + "  ")


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text

"""What a query that blocks costs the clients who did not ask for it.

A server of chapter 3 sends lines back. One client sends lines and measures each round trip; another
one asks for a query, again and again, which the server runs on its loop, or in its executor.
"""

import socket
import statistics
import threading
import time

from learn.build import build
from learn.errors import LearnError
from learn.needs import BUILD
from learn.servers import running

SUMMARY = "what a blocking query costs the other clients, on the loop and in the executor"
NEEDS = BUILD

SERVER = "blocking_server"
MODES = (
    ("nobody asks for the query", "loop", False),
    ("the query on the loop", "loop", True),
    ("the query in the executor", "executor", True),
)
MEASURED_S = 3.0
PATIENCE_S = 30.0
PAUSE_S = 0.001  # between two lines of the client that is measured


def measure(context) -> dict:
    build(context, "release", [SERVER])
    bar = context.term.progress("blocking")
    rows = []
    for number, (name, mode, asks) in enumerate(MODES):
        bar.update(number, len(MODES), name)
        rows.append({"name": name} | _run(context, mode, asks))
    bar.drop()
    return {"measured_s": MEASURED_S, "servers": rows}


def show(term, result: dict) -> None:
    rows = [["", "round trips", "p50", "p99", "the longest", "queries"]]
    for each in result["servers"]:
        times = [f"{each[key]:.1f} ms" for key in ("p50_ms", "p99_ms", "longest_ms")]
        rows.append([each["name"], f"{each['round_trips']:,}", *times, f"{each['queries']:,}"])
    term.table(rows, "lrrrrr", indent="")
    note = f"Round trips of a line in {result['measured_s']:.0f} s, while another client sends query after query."
    term.line(term.style(f"  {note}", "dim"))


def _run(context, mode: str, asks: bool) -> dict:
    with running([context.binary(SERVER), mode], SERVER) as (_, url):
        port = int(url.rpartition(":")[2])
        end = time.monotonic() + MEASURED_S
        answers: list[bytes] = []
        failures: list[OSError] = []
        other = threading.Thread(target=_ask, args=(port, end, answers, failures))
        if asks:
            other.start()
        try:
            taken = _round_trips(port, end)
        finally:
            if asks:
                other.join()
    if failures:
        raise LearnError(f"{SERVER} did not answer a query: {failures[0]}")
    taken.sort()
    return {
        "round_trips": len(taken),
        "p50_ms": statistics.median(taken),
        "p99_ms": taken[int(0.99 * len(taken))],
        "longest_ms": taken[-1],
        "queries": len(answers),
    }


def _round_trips(port: int, end: float) -> list[float]:
    taken = []
    with _connected(port) as client:
        while not taken or time.monotonic() < end:
            begin = time.perf_counter()
            _exchange(client, b"how are you?\n")
            taken.append(1000 * (time.perf_counter() - begin))
            time.sleep(PAUSE_S)
    return taken


def _ask(port: int, end: float, answers: list[bytes], failures: list[OSError]) -> None:
    try:
        with _connected(port) as client:
            while time.monotonic() < end:
                answers.append(_exchange(client, b"query\n"))
    except OSError as error:
        failures.append(error)


def _connected(port: int) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def _exchange(client: socket.socket, line: bytes) -> bytes:
    client.sendall(line)
    answer = b""
    while not answer.endswith(b"\n"):
        block = client.recv(4096)
        if not block:
            raise OSError("the server has closed the connection")
        answer += block
    return answer

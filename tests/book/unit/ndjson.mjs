import assert from "node:assert/strict";
import { test } from "node:test";
import { LineSplitter, read_events } from "../../../book/.vitepress/theme/comparison/ndjson.js";

function stream_of(pieces, error = null) {
  const bytes = pieces.map((piece) =>
    typeof piece === "string" ? new TextEncoder().encode(piece) : piece,
  );
  return new ReadableStream({
    pull(controller) {
      if (bytes.length > 0) controller.enqueue(bytes.shift());
      else if (error) controller.error(error);
      else controller.close();
    },
  });
}

async function events_of(pieces) {
  const events = [];
  await read_events(stream_of(pieces), (event) => events.push(event));
  return events;
}

test("lines come out when their ends have come in", () => {
  const splitter = new LineSplitter();
  assert.deepEqual(splitter.push("one\ntw"), ["one"]);
  assert.deepEqual(splitter.push("o"), []);
  assert.deepEqual(splitter.push("\r\n\nthree\n"), ["two", "", "three"]);
});

test("a body cut at any byte gives the same events", async () => {
  const body = new TextEncoder().encode('{"event":"a","text":"é – 😀"}\r\n\n{"event":"b"}\n');
  const expected = [{ event: "a", text: "é – 😀" }, { event: "b" }];
  for (let cut = 0; cut <= body.length; ++cut) {
    const events = await events_of([body.subarray(0, cut), body.subarray(cut)]);
    assert.deepEqual(events, expected, `cut at byte ${cut}`);
  }
  assert.deepEqual(await events_of([...body].map((byte) => Uint8Array.of(byte))), expected);
});

test("a last line without its end is no event", async () => {
  assert.deepEqual(await events_of(['{"event":"a"}\n{"event":"b"}']), [{ event: "a" }]);
});

test("a line that is not JSON ends the reading and closes the stream", async () => {
  let cancelled = false;
  const stream = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode("<p>\n")),
    cancel: () => (cancelled = true),
  });
  await assert.rejects(read_events(stream, () => {}), SyntaxError);
  assert.equal(cancelled, true);
});

test("a broken connection is passed on, after the events before it", async () => {
  const events = [];
  const stream = stream_of(['{"event":"a"}\n'], new TypeError("network error"));
  await assert.rejects(
    read_events(stream, (event) => events.push(event)),
    /network error/,
  );
  assert.deepEqual(events, [{ event: "a" }]);
});

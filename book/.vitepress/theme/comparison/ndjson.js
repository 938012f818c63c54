// The server tells what happens as it happens: one JSON object per line, in a
// body that arrives in pieces. A piece may end anywhere, also inside a line or
// inside a character.

/// Collects pieces of text and hands out the lines that are complete.
export class LineSplitter {
  #rest = "";

  /// Adds a piece; returns the lines that it completed, without their ends.
  push(text) {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop();
    return lines.map((line) => line.replace(/\r$/, ""));
  }
}

/// Reads a stream of bytes as JSON lines and calls `on_event(object)` for each. A
/// last line without its end was cut off and is ignored. Throws `SyntaxError` for
/// a line that is not JSON, whatever `on_event` throws, and whatever the stream
/// throws when the connection breaks.
export async function read_events(stream, on_event) {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  const splitter = new LineSplitter();
  const take = (text) => {
    for (const line of splitter.push(text)) {
      if (line !== "") on_event(JSON.parse(line));
    }
  };
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      take(decoder.decode(value, { stream: true }));
    }
    take(decoder.decode());
  } catch (error) {
    // Nobody will read on: let the browser close the connection.
    reader.cancel().catch(() => {});
    throw error;
  }
}

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ComparisonError,
  is_funnel_server,
  run_comparison,
} from "../../../book/.vitepress/theme/comparison/client.js";
import { date_in_words, load_recording } from "../../../book/.vitepress/theme/comparison/recording.js";

const parameters = { urls: "20", delay: "200", concurrency: "5" };
const answer = (body, init) => async () => new Response(body, init);
const json = (value) => answer(JSON.stringify(value), { headers: { "Content-Type": "application/json" } });
const plain = (status, text) => answer(text, { status, headers: { "Content-Type": "text/plain" } });

function start(fetch_function, signal = undefined) {
  const events = [];
  const ended = run_comparison(parameters, {
    on_event: (event) => events.push(event),
    signal,
    fetch_function,
  });
  return { events, ended };
}

test("only a server that says it is Funnel's is taken for one", async () => {
  assert.equal(await is_funnel_server(json({ server: "funnel", version: 1 })), true);
  assert.equal(await is_funnel_server(json({ server: "nginx" })), false);
  assert.equal(await is_funnel_server(json(null)), false);
  assert.equal(await is_funnel_server(answer("<html>")), false);
  assert.equal(await is_funnel_server(plain(404, '{"server":"funnel"}')), false);
  assert.equal(await is_funnel_server(() => Promise.reject(new TypeError("refused"))), false);
});

test("a run is started by a form and told event by event", async () => {
  let request;
  const { events, ended } = start(async (url, options) => {
    request = { url, ...options };
    return new Response('{"event":"begin"}\n{"event":"end"}\n');
  });
  await ended;
  assert.equal(request.url, "/api/compare");
  assert.equal(request.method, "POST");
  assert.equal(request.headers["Content-Type"], "application/x-www-form-urlencoded");
  assert.equal(request.body, "urls=20&delay=200&concurrency=5");
  assert.deepEqual(events, [{ event: "begin" }, { event: "end" }]);
});

test("a refusal in plain text is passed on", async () => {
  const { ended } = start(plain(400, "urls must be from 1 to 200\n"));
  await assert.rejects(ended, { message: "urls must be from 1 to 200" });
  await assert.rejects(start(plain(409, "x".repeat(1000))).ended, { message: "x".repeat(300) });
});

test("a refusal in anything else gives its status only", async () => {
  const html = answer("<h1>no</h1>", { status: 502, headers: { "Content-Type": "text/html" } });
  await assert.rejects(start(html).ended, /^Error: The server refused .*\(status 502\)\.$/);
  await assert.rejects(start(plain(403, "  ")).ended, /\(status 403\)/);
});

test("an answer that ends too early is a lost connection", async () => {
  for (const body of ["", '{"event":"begin"}\n', '{"event":"end"}']) {
    await assert.rejects(start(answer(body)).ended, /The connection to the server was lost/);
  }
});

test("the run is over with its last event, whatever becomes of the connection", async () => {
  const stream = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode('{"event":"end"}\n')),
    pull: (controller) => controller.error(new TypeError("reset")),
  });
  await start(answer(stream)).ended;
  await start(answer('{"event":"error","message":"no"}\n')).ended;
});

test("a server that does not answer is named as the reason", async () => {
  const { ended } = start(() => Promise.reject(new TypeError("refused")));
  await assert.rejects(ended, (error) => {
    return error instanceof ComparisonError && /does not answer/.test(error.message);
  });
});

test("nonsense is told from a lost connection", async () => {
  await assert.rejects(start(answer("<p>\n")).ended, /unexpected: a line that is not JSON/);
});

test("an abort is passed on as such, before and during the answer", async () => {
  const abort = new AbortController();
  abort.abort();
  const refuse = (_, { signal }) => Promise.reject(signal.reason);
  await assert.rejects(start(refuse, abort.signal).ended, { name: "AbortError" });

  const late = new AbortController();
  const stream = new ReadableStream({
    pull: (controller) => {
      late.abort();
      controller.error(late.signal.reason);
    },
  });
  await assert.rejects(start(answer(stream), late.signal).ended, { name: "AbortError" });
});

test("a recording comes with its date in words", async () => {
  const recording = { recorded: "2026-11-20T08:00:00Z", urls: 1, delay_ms: 5, concurrency: 1, programs: [] };
  const loaded = await load_recording("/r.json", json(recording));
  assert.deepEqual([loaded.date, loaded.machine, loaded.run.urls], ["20 November 2026", "", 1]);
  await assert.rejects(load_recording("/r.json", plain(404, "not found")), /status 404/);
  assert.equal(date_in_words("some day"), "some day");
  assert.equal(date_in_words("2026-13-77"), "2026-13-77");
});

// Plays the comparison's interface of siteserver with answers that the real one
// gives only in trouble: each scenario is one way in which a run goes wrong.

const ndjson = { "Content-Type": "application/x-ndjson" };
const names = ["final sync", "final async", "chapter 2", "chapter 1, a thread for each"];
// What a server may add when the program ends badly that has said already how it went.
const afterwards = { event: "error", message: "The comparison ended with status 1." };

/// The scenarios by name: what the server does with `POST /api/compare`.
export const scenarios = {
  busy: refuse(409, "text/plain", "Another comparison is running; try again when it is over.\n"),
  forbidden: refuse(403, "text/plain", "Programs are started for pages of this server only.\n"),
  html: refuse(502, "text/html", "<h1>Bad Gateway</h1>"),
  lost: (response) => {
    begin(response);
    write_requests(response, names[0], 7);
    setTimeout(() => response.destroy(), 300);
  },
  cut: (response) => {
    begin(response);
    response.end('{"event":"requ');
  },
  endless: (response) => {
    begin(response);
    write_requests(response, names[0], 3);
  },
  error: (response) => {
    begin(response);
    response.write(line({ event: "error", message: "the slow server did not start" }));
    response.end(line(afterwards));
  },
  nonsense: (response) => {
    begin(response);
    response.end("<p>hello</p>\n");
  },
  failed: (response) => {
    begin(response);
    response.write(line({ event: "result", program: result(0) }));
    response.write(line({ event: "result", program: failure(1, "it ended with signal 11") }));
    response.write(line({ event: "end" }));
    response.end(line(afterwards));
  },
  pieces: (response) => send_in_pieces(response, whole_run(2, ["", "connection reset by peer"])),
  four: (response) => response.writeHead(200, ndjson).end(whole_run(4)),
  three: (response) => response.writeHead(200, ndjson).end(whole_run(3)),
};

/// Returns an `api` for `start_static_server` that plays one scenario, and remembers
/// the bodies that were posted and whether a client went away.
export function fake_api(scenario) {
  const seen = { bodies: [], aborted: 0 };
  const api = (request, response) => {
    if (request.url === "/api/status") {
      response.writeHead(200, { "Content-Type": "application/json" });
      response.end('{"server":"funnel"}');
      return true;
    }
    if (request.url !== "/api/compare" || request.method !== "POST") return false;
    let body = "";
    request.on("data", (data) => (body += data));
    request.on("end", () => {
      seen.bodies.push(body);
      scenario(response);
    });
    response.on("close", () => {
      if (!response.writableFinished) seen.aborted += 1;
    });
    return true;
  };
  return { api, seen };
}

function line(event) {
  return `${JSON.stringify(event)}\n`;
}

function refuse(status, type, text) {
  return (response) => response.writeHead(status, { "Content-Type": type }).end(text);
}

function begin(response) {
  response.writeHead(200, ndjson);
  response.write(line(beginning(2)));
  response.write(line({ event: "program", name: names[0], state: "running" }));
}

function beginning(programs) {
  const parameters = { urls: 20, delay_ms: 200, concurrency: 20 };
  return { event: "begin", ...parameters, programs: names.slice(0, programs) };
}

function write_requests(response, name, count) {
  for (let index = 0; index < count; ++index) {
    response.write(line({ event: "request", name, index, start: 0, end: 0.2, bytes: 5, error: "" }));
  }
}

function result(program, errors = []) {
  const requests = Array.from({ length: 20 }, (_, index) => {
    const start = program === 0 ? index * 0.2 : 0.001;
    return { start, end: start + 0.2, bytes: 5, error: errors[index] ?? "" };
  });
  return {
    name: names[program],
    waits: program === 0 ? "one after the other" : "all at once – on one loop",
    ok: true,
    error: "",
    wall_s: program === 0 ? 4.02 : 0.21,
    cpu_s: 0.004,
    max_in_flight: program === 0 ? 1 : 20,
    threads: 1,
    peak_rss_bytes: 5_000_000,
    requests,
  };
}

function failure(program, error) {
  return { ...result(program), ok: false, error, requests: [] };
}

// `errors` are those of the second program's requests.
function whole_run(programs, errors = []) {
  const results = names.slice(0, programs).map((_, program) => result(program, program === 1 ? errors : []));
  return [
    beginning(programs),
    { event: "an event of a later version" },
    ...results.map((program) => ({ event: "result", program })),
    { event: "end" },
  ]
    .map(line)
    .join("");
}

// Cuts the body at every 40th byte, so that lines and characters are cut too.
async function send_in_pieces(response, text) {
  const bytes = Buffer.from(text);
  response.writeHead(200, ndjson);
  for (let at = 0; at < bytes.length; at += 40) {
    response.write(bytes.subarray(at, at + 40));
    await new Promise((resolve) => setImmediate(resolve));
  }
  response.end();
}

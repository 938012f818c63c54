// Three servers that do the same work for the same clients and wait for them in three ways.
// Computed, not recorded: what the figure of chapter 1 draws, and every number in it.
//
// All clients connect at 0. For each the server works to ask a question, waits for the
// client's answer, and works to reply. Times are milliseconds; one processor does all work.

export const work_ms = 5; // much more than a real server needs, so that it can be seen
export const stack_mebibytes = 8; // what Linux sets aside for a thread unless told otherwise

export const limits = {
  clients: { min: 1, max: 12, step: 1 },
  delay: { min: 0, max: 1000, step: 50 },
};

/// Returns the story that the figure starts with: how many clients, how long a client needs
/// for its answer, and whether only the first one needs that long.
export function default_story() {
  return { clients: 6, delay: 200, only_first: false };
}

/// Computes what the three servers do. Returns `servers` (in the order of `names`), `end`
/// (when the last of them has nothing left to do) and `moments` (each time at which
/// something changes, 0 first).
///
/// A server has a row for each client and a lane for each thread: lists of
/// `{kind, from, to}` without gaps. Kinds of a row: `queued` (nobody has turned to it),
/// `asked`, `thinking`, `ready` (its answer waits for the processor), `served`. Kinds of a
/// lane: `works`, `blocked` (for one client), `runnable` (waits for the processor), `idle` (nothing
/// to do until someone connects), `asleep` (for all clients at once).
export function tell(story) {
  const delays = Array.from({ length: story.clients }, (_, i) =>
    story.only_first && i > 0 ? 0 : story.delay,
  );
  const rows = { one: one_at_a_time(delays), threads: side_by_side(delays), loop: side_by_side(delays) };
  const end = Math.max(...Object.values(rows).flat().map(last_end));
  const servers = [
    server("one", rows.one, [thread_for(all_work(rows.one), "blocked", "idle", end)], end),
    server("threads", rows.threads, [acceptor(end), ...rows.threads.map(thread_of_client)], end),
    server("loop", rows.loop, [thread_for(all_work(rows.loop), "asleep", "asleep", end)], end),
  ];
  const times = servers.flatMap(({ rows, lanes }) => [...rows, ...lanes].flat().map(({ from }) => from));
  return { servers, end, moments: [...new Set([0, ...times, end])].sort((a, b) => a - b) };
}

export const names = {
  one: "One at a time",
  threads: "A thread for each",
  loop: "An event loop",
};

// Each client has the server to itself until it is served.
function one_at_a_time(delays) {
  let now = 0;
  return delays.map((delay) => {
    const row = spans([
      ["queued", 0, now],
      ["asked", now, now + work_ms],
      ["thinking", now + work_ms, now + work_ms + delay],
      ["served", now + work_ms + delay, now + 2 * work_ms + delay],
    ]);
    now = last_end(row);
    return row;
  });
}

// Nobody waits for another client, only for the processor: first come, first served.
function side_by_side(delays) {
  const rows = delays.map(() => []);
  const jobs = delays.map((delay, client) => ({ client, delay, since: 0, kind: "asked" }));
  let now = 0;
  while (jobs.length > 0) {
    jobs.sort((a, b) => a.since - b.since || a.client - b.client);
    const { client, delay, since, kind } = jobs.shift();
    now = Math.max(now, since);
    const waits = kind === "asked" ? "queued" : "ready";
    rows[client].push([waits, since, now], [kind, now, now + work_ms]);
    now += work_ms;
    if (kind === "asked") {
      rows[client].push(["thinking", now, now + delay]);
      jobs.push({ client, since: now + delay, kind: "served" });
    }
  }
  return rows.map(spans);
}

function spans(list) {
  return list.filter(([, from, to]) => to > from).map(([kind, from, to]) => ({ kind, from, to }));
}

function last_end(row) {
  return row[row.length - 1].to;
}

function is_work({ kind }) {
  return kind === "asked" || kind === "served";
}

function all_work(rows) {
  return rows.flat().filter(is_work).sort((a, b) => a.from - b.from);
}

// A thread that works for several clients: what it does before, between and after.
function thread_for(work, between, after, end) {
  const lane = [];
  let now = 0;
  for (const { from, to } of work) {
    lane.push([between, now, from], ["works", from, to]);
    now = to;
  }
  return spans([...lane, [after, now, end]]);
}

function thread_of_client(row) {
  const kinds = { queued: "runnable", ready: "runnable", thinking: "blocked", asked: "works", served: "works" };
  return row.map(({ kind, from, to }) => ({ kind: kinds[kind], from, to }));
}

function acceptor(end) {
  return [{ kind: "idle", from: 0, to: end }];
}

function server(id, rows, lanes, end) {
  const served = rows.map(last_end);
  return {
    id,
    name: names[id],
    rows,
    lanes,
    end,
    threads: lanes.length,
    last_served: Math.max(...served),
    average_served: served.reduce((sum, time) => sum + time, 0) / served.length,
    stacks_mebibytes: lanes.length * stack_mebibytes,
  };
}

/// Tells in two sentences what a server does at a time, and how far it is.
export function describe(server, at) {
  const kinds = server.rows.map((row) => kind_at(row, at));
  const served = kinds.filter((kind) => kind === "done").length;
  if (served === kinds.length) return `All served. ${afterwards[server.id]}`;
  return `${what_it_does[server.id](kinds)} ${served} of ${kinds.length} served.`;
}

const what_it_does = {
  one(kinds) {
    const queue = people(count(kinds, "queued"), "waits", "wait");
    const thinking = kinds.indexOf("thinking") + 1;
    const act = thinking > 0 ? `is blocked until client ${thinking} answers` : working_on(kinds);
    return `The thread ${act}; ${queue} in the queue.`;
  },
  threads(kinds) {
    const working = kinds.findIndex((kind) => is_work({ kind }));
    const blocked = count(kinds, "thinking");
    const are = blocked === 1 ? "is" : "are";
    if (working >= 0) return `Client ${working + 1}’s thread works; of the others ${blocked} ${are} blocked.`;
    return `${blocked} ${blocked === 1 ? "thread is" : "threads are"} blocked, each until its client answers.`;
  },
  loop(kinds) {
    // Who has not been asked yet has not answered either.
    const silent = ["queued", "asked", "thinking"].reduce((sum, kind) => sum + count(kinds, kind), 0);
    if (!kinds.some((kind) => is_work({ kind }))) {
      return `The thread sleeps until ${silent === 1 ? "the last client" : `any of ${silent} clients`} answers.`;
    }
    return `The thread ${working_on(kinds)}; ${people(silent, "is", "are")} still to answer.`;
  },
};

const afterwards = {
  one: "The thread is blocked until someone connects.",
  threads: "One thread is left; it is blocked until someone connects.",
  loop: "The thread sleeps until someone connects.",
};

function count(kinds, wanted) {
  return kinds.filter((kind) => kind === wanted).length;
}

function working_on(kinds) {
  const working = kinds.findIndex((kind) => is_work({ kind }));
  return `${kinds[working] === "asked" ? "asks" : "serves"} client ${working + 1}`;
}

function people(number, one, many) {
  if (number === 0) return `nobody ${one}`;
  return number === 1 ? `1 client ${one}` : `${number} clients ${many}`;
}

function kind_at(row, at) {
  return row.find(({ from, to }) => from <= at && at < to)?.kind ?? "done";
}

/// Sums up a server's run, for those who do not see the drawing.
export function summarise(server) {
  const total = server.rows.length;
  const whom = total === 1 ? "The client is" : `All ${total} clients are`;
  const many = server.threads === 1 ? "1 thread" : `${server.threads} threads`;
  return `${server.name}: ${whom} served after ${milliseconds(server.last_served)}, with ${many}.`;
}

/// Writes a time as the figure shows it: `235 ms`, `1.26 s`.
export function milliseconds(value) {
  if (value < 999.5) return `${Math.round(value)} ms`;
  return `${(value / 1000).toFixed(2)} s`;
}

/// Returns the next moment after `at`, or the one before it when `step` is -1; at either end
/// the story goes round.
export function next_moment(moments, at, step) {
  const found =
    step > 0 ? moments.find((moment) => moment > at) : moments.findLast((moment) => moment < at);
  return found ?? (step > 0 ? moments[0] : moments[moments.length - 1]);
}

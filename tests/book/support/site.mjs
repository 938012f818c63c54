// The servers that the checks open the book on: the real siteserver, and a small
// one of our own that serves the same files without Funnel's interface, or with
// answers that the real one gives only in trouble.

import { spawn } from "node:child_process";
import { createReadStream, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const types = {
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};
const start_limit_ms = 10_000;

/// Starts siteserver on a free port. Returns its origin and `stop()`, which ends the
/// process; throws when it does not say within 10 s that it is serving.
export async function start_siteserver(program, root, command) {
  const child = spawn(program, ["--root", root, "--port", "0", "--", ...command], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const stop = () => stop_child(child);
  process.once("exit", () => child.kill("SIGKILL"));
  try {
    return { origin: await announced_origin(child, program), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function announced_origin(child, program) {
  return new Promise((resolve, reject) => {
    let output = "";
    const fail = (reason) => reject(new Error(`${program}: ${reason}`));
    const timer = setTimeout(() => fail("it does not say that it is serving"), start_limit_ms);
    child.on("error", (error) => fail(error.message));
    child.on("exit", (code) => fail(`it ended with code ${code} instead of serving`));
    child.stdout.on("data", (data) => {
      output += data;
      const match = /^serving (http:\/\/\S+?)\/?$/m.exec(output);
      if (!match) return;
      clearTimeout(timer);
      resolve(match[1]);
    });
  });
}

async function stop_child(child) {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
  await ended;
  clearTimeout(timer);
}

/// Serves the files below `root` on a free port. `api(request, response)` is asked
/// first and returns true when it has taken the request. Returns the origin and
/// `stop()`.
export async function start_static_server(root, api = () => false) {
  const server = createServer((request, response) => {
    if (!api(request, response)) send_file(root, request, response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = () =>
    new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return { origin: `http://127.0.0.1:${server.address().port}`, stop };
}

function send_file(root, request, response) {
  const { pathname } = new URL(request.url, "http://localhost");
  let file = join(root, normalize(decodeURIComponent(pathname)));
  if (pathname.endsWith("/")) file = join(file, "index.html");
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) {
    response.writeHead(404, { "Content-Type": "text/plain" }).end("not found\n");
    return;
  }
  response.writeHead(200, { "Content-Type": types[extname(file)] ?? "application/octet-stream" });
  createReadStream(file).pipe(response);
}

"""`./learn serve`: what it starts, and that nothing of it is left."""

import os
import signal

import support
from fakes import CMAKE, NPM, MachineTest

SITE_SERVER = """
    import os, subprocess, sys, time
    print("arguments", *sys.argv[1:])
    child = subprocess.Popen(["sleep", "60"])
    print("pids", os.getpid(), child.pid)
    print("serving http://127.0.0.1:1234", flush=True)
    if "7" in sys.argv:
        sys.exit(3)
    time.sleep(60)
"""


class Serving(support.TreeTest):
    def setUp(self):
        super().setUp()
        self.program("build/release/bin/siteserver", SITE_SERVER)
        self.write("book/.vitepress/dist/index.html")

    def test_the_server_gets_the_site_the_port_and_the_comparison(self):
        child = self.start("serve", "--no-build", "--port", "9000")
        line = child.stdout.readline().split()
        root = str(self.root)
        self.assertEqual(line[1:3], ["--root", f"{root}/book/.vitepress/dist"])
        self.assertEqual(line[3:], ["--port", "9000", "--", f"{root}/learn", "compare", "--events", "--no-build"])

    def stop(self, number):
        child = self.start("serve", "--no-build")
        child.stdout.readline()
        pids = [int(pid) for pid in child.stdout.readline().split()[1:]]
        self.assertEqual(child.stdout.readline(), "serving http://127.0.0.1:1234\n")
        os.kill(child.pid, number)
        self.assertEqual(child.wait(timeout=10), 128 + number)
        self.assertTrue(all(map(support.gone, pids)))
        self.assertEqual(child.stderr.read(), "")

    def test_control_c_ends_the_server_and_all_that_it_started(self):
        self.stop(signal.SIGINT)

    def test_so_does_sigterm(self):
        self.stop(signal.SIGTERM)

    def test_a_server_that_ends_by_itself_is_told(self):
        result = self.learn("serve", "--no-build", "--port", "7")
        self.assertOneLine(result, 1, "ended with exit code 3")

    def test_without_a_built_site_or_server_it_says_what_to_do(self):
        (self.root / "book/.vitepress/dist/index.html").unlink()
        result = self.learn("serve", "--no-build")
        self.assertOneLine(result, 1, "index.html", "without --no-build")
        (self.root / "build/release/bin/siteserver").unlink()
        self.assertOneLine(self.learn("serve", "--no-build"), 1, "siteserver is not built")

    def test_a_browser_is_opened_when_wanted_and_stays(self):
        self.shell(
            "path/xdg-open",
            f"""
            echo "$$ $1" >"{self.root}/tmp"
            mv "{self.root}/tmp" "{self.root}/opened"
            exec sleep 5
            """,
        )
        path = f"{self.root}/path:{os.environ['PATH']}"
        os.environ["PATH"], before = path, os.environ["PATH"]
        self.addCleanup(os.environ.__setitem__, "PATH", before)
        child = self.start("serve", "--no-build", "--open")
        self.assertTrue(support.wait_until((self.root / "opened").exists))
        pid, url = (self.root / "opened").read_text().split()
        self.addCleanup(os.kill, int(pid), signal.SIGKILL)
        self.assertEqual(url, "http://127.0.0.1:1234")
        child.send_signal(signal.SIGINT)
        child.wait()
        self.assertFalse(support.gone(int(pid)))


class Starting(MachineTest):
    def setUp(self):
        super().setUp()
        self.everything_to_build()
        self.program("path/cmake", CMAKE)
        self.program("path/npm", NPM)
        self.command("node")
        for name in ("CMakePresets.json", "book/package.json", "book/package-lock.json"):
            self.write(name, "{}")
        self.program("build/release/bin/siteserver", SITE_SERVER)

    def start_and_stop(self):
        """Serves until the server serves; returns how CMake and npm were called for that."""
        files = (self.root / "calls", self.root / "path/calls")
        for file in files:
            file.unlink(missing_ok=True)
        child = self.start("serve")
        if "serving http://127.0.0.1:1234\n" not in child.stdout:
            self.fail(child.stderr.read())
        child.send_signal(signal.SIGINT)
        child.wait()
        return [file.read_text().splitlines() if file.exists() else [] for file in files]

    def test_what_is_built_once_is_not_built_again(self):
        build = "--build --preset release --target siteserver"
        cmake, npm = self.start_and_stop()
        self.assertEqual(cmake, ["--preset release", build])
        self.assertEqual(npm, ["book ci --no-audit --no-fund", "book run build"])
        self.assertEqual(self.start_and_stop(), [[build], []])

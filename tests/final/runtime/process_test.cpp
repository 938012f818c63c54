#include <funnel/process.h>

#include <doctest/doctest.h>

#include <csignal>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "process_support.h"

using namespace process_test;

using funnel::IOLoop;
using funnel::IOStream;
using funnel::Task;
using funnel::process::CalledProcessError;
using funnel::process::ProcessGroup;
using funnel::process::Stdio;
using funnel::process::Subprocess;
using funnel::process::SubprocessOptions;

TEST_SUITE("runtime.process") {
  TEST_CASE("what the child writes can be read, and its status is 0") {
    IOLoop loop;
    const NothingIsLeft check(loop);
    CHECK(output_of(loop, with_output({"echo", "Hello,", "world"})) == "Hello, world\n");
  }

  TEST_CASE("arguments reach the child as they are") {
    IOLoop loop;
    CHECK(output_of(loop, with_output({"printf", "%s|", "a b", "", "$HOME", "*", "\xff\n"})) ==
          "a b||$HOME|*|\xff\n|");
  }

  TEST_CASE("a mebibyte goes through cat and back") {
    IOLoop loop;
    const NothingIsLeft check(loop);
    SubprocessOptions options = with_output({"cat"});
    options.stdin_mode = Stdio::stream;
    Subprocess cat(options);
    std::string sent(std::size_t{1024} * 1024, ' ');
    for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 7 + i / 256);
    const funnel::Future<> written = cat.stdin_stream().write(sent);
    cat.stdin_stream().close_write();
    CHECK(run(loop, read_all(cat.stdout_stream())) == sent);
    CHECK(written.done());
    CHECK(run(loop, cat.wait_for_exit()) == 0);
  }

  TEST_CASE("output beyond the pipe's size waits for a slow reader") {
    IOLoop loop;
    Subprocess head(with_output({"head", "-c", "300000", "/dev/zero"}));
    CHECK(run(loop, read_slowly(head.stdout_stream())) == 300000);
    CHECK(run(loop, head.wait_for_exit()) == 0);
  }

  TEST_CASE("a child whose standard input is null, or closed, reads an end") {
    IOLoop loop;
    CHECK(output_of(loop, with_output({"cat"})) == "");
    SubprocessOptions options = with_output({"cat"});
    options.stdin_mode = Stdio::stream;
    for (const bool close_all : {false, true}) {
      Subprocess cat(options);
      if (close_all) {
        cat.stdin_stream().close();
      } else {
        cat.stdin_stream().close_write();
      }
      CHECK(run(loop, read_all(cat.stdout_stream())) == "");
      CHECK(run(loop, cat.wait_for_exit()) == 0);
    }
  }

  TEST_CASE("writing to a child that has gone closes the stream and raises no signal") {
    IOLoop loop;
    SubprocessOptions options({"true"});
    options.stdin_mode = Stdio::stream;
    Subprocess child(options);
    CHECK(run(loop, child.wait_for_exit()) == 0);
    const funnel::Future<> written = child.stdin_stream().write("too late");
    CHECK_THROWS_AS(written.result(), funnel::StreamClosedError);
    CHECK(child.stdin_stream().error() == std::errc::broken_pipe);
  }

  TEST_CASE("standard error has a stream of its own, or goes where standard output goes") {
    IOLoop loop;
    SubprocessOptions options = with_output({"/bin/sh", "-c", "echo a; echo b >&2; echo c"});
    options.stderr_mode = Stdio::same_as_stdout;
    CHECK(output_of(loop, options) == "a\nb\nc\n");
    options.stderr_mode = Stdio::null;
    CHECK(output_of(loop, options) == "a\nc\n");
    options.stderr_mode = Stdio::stream;
    Subprocess both(options);
    CHECK(run(loop, read_all(both.stdout_stream())) == "a\nc\n");
    CHECK(run(loop, read_all(both.stderr_stream())) == "b\n");
    options.stdout_mode = Stdio::null;
    options.stderr_mode = Stdio::stream;
    Subprocess only_errors(options);
    CHECK(run(loop, read_all(only_errors.stderr_stream())) == "b\n");
  }

  TEST_CASE("the child starts in its working directory") {
    IOLoop loop;
    const NothingIsLeft check(loop);
    SubprocessOptions options = with_output({"/bin/pwd"});
    options.working_directory = "/usr";
    CHECK(output_of(loop, options) == "/usr\n");
    options.working_directory = "/usr/bin";
    options.argv = {"./echo", "found"};
    CHECK(output_of(loop, options) == "found\n");
  }

  TEST_CASE("variables are added to those of this process, replace them, or stand alone") {
    IOLoop loop;
    ::setenv("FUNNEL_TEST_A", "outer", 1);
    ::setenv("FUNNEL_TEST_B", "outer", 1);
    SubprocessOptions options = with_output({"/bin/sh", "-c", "env | grep ^FUNNEL_TEST_ | sort"});
    options.environment["FUNNEL_TEST_B"] = "in=ner";
    options.environment["FUNNEL_TEST_C"] = "";
    CHECK(output_of(loop, options) ==
          "FUNNEL_TEST_A=outer\nFUNNEL_TEST_B=in=ner\nFUNNEL_TEST_C=\n");
    options.argv = {"env"};
    const std::string all = output_of(loop, options);
    CHECK(all.find("FUNNEL_TEST_B=") == all.rfind("FUNNEL_TEST_B="));
    options.inherit_environment = false;
    CHECK(output_of(loop, options) == "FUNNEL_TEST_B=in=ner\nFUNNEL_TEST_C=\n");
    ::unsetenv("FUNNEL_TEST_A");
    ::unsetenv("FUNNEL_TEST_B");
  }

  TEST_CASE("an exit status is returned, or thrown if it is an error") {
    IOLoop loop;
    SubprocessOptions options({"/bin/sh", "-c", "exit 200"});
    Subprocess child(options);
    CHECK(run(loop, child.wait_for_exit(false)) == 200);
    CHECK_THROWS_WITH_AS(run(loop, child.wait_for_exit()), "\"/bin/sh\" exited with status 200",
                         CalledProcessError);
    try {
      run(loop, child.wait_for_exit());
    } catch (const CalledProcessError& error) {
      CHECK(error.returncode() == 200);
    }
  }

  TEST_CASE("a child that a signal ended has the signal's negative number as its status") {
    IOLoop loop;
    Subprocess sleep(SubprocessOptions({"sleep", "1000"}));
    sleep.kill();
    CHECK(run(loop, sleep.wait_for_exit(false)) == -SIGTERM);
    CHECK_THROWS_WITH_AS(run(loop, sleep.wait_for_exit()), "\"sleep\" was ended by signal 15",
                         CalledProcessError);
    Subprocess other(SubprocessOptions({"/bin/sh", "-c", "kill -KILL $$"}));
    CHECK(run(loop, other.wait_for_exit(false)) == -SIGKILL);
  }

  TEST_CASE("signals stop being sent when nobody is left, and must exist") {
    IOLoop loop;
    Subprocess child(SubprocessOptions({"sleep", "1000"}));
    for (const int no_signal : {12345, 0, -1}) {
      CHECK_THROWS_AS(child.kill(no_signal), std::system_error);
    }
    child.kill(SIGKILL);
    CHECK(run(loop, child.wait_for_exit(false)) == -SIGKILL);
    child.kill(SIGKILL);
    CHECK(child.pid() > 0);
  }

  TEST_CASE("the status can be waited for after the end, again, and by several at once") {
    IOLoop loop;
    Subprocess child(with_output({"/bin/sh", "-c", "exit 3"}));
    int first = 0;
    int second = 0;
    funnel::spawn_callback(store_status(child.wait_for_exit(false), &first));
    funnel::spawn_callback(store_status(child.wait_for_exit(false), &second));
    CHECK(run(loop, child.wait_for_exit(false)) == 3);
    run(loop, pause(std::chrono::milliseconds(1)));
    CHECK(first == 3);
    CHECK(second == 3);
    CHECK(run(loop, child.wait_for_exit(false)) == 3);
  }

  TEST_CASE("a child that has ended costs no descriptor") {
    IOLoop loop;
    const NothingIsLeft check(loop);
    Subprocess child(SubprocessOptions({"true"}));
    const std::vector<int> running = open_descriptors();
    CHECK(run(loop, child.wait_for_exit()) == 0);
    CHECK(open_descriptors().size() < running.size());
  }

  TEST_CASE("cancelling a wait leaves the child alone") {
    IOLoop loop;
    const NothingIsLeft check(loop);
    Subprocess child(SubprocessOptions({"sleep", "1000"}));
    CHECK_THROWS_AS(loop.run_sync(child.wait_for_exit(), std::chrono::milliseconds(20)),
                    funnel::TimeoutError);
    CHECK(is_alive(child.pid()));
    child.kill(SIGINT);
    CHECK(run(loop, child.wait_for_exit(false)) == -SIGINT);
  }

  TEST_CASE("a wait ends when the Subprocess is destroyed") {
    IOLoop loop;
    const NothingIsLeft check(loop);
    auto child = std::make_unique<Subprocess>(SubprocessOptions({"sleep", "1000"}));
    Task<int> wait = child->wait_for_exit();
    loop.call_later(std::chrono::milliseconds(5), [&child] { child.reset(); });
    CHECK_THROWS_AS(run(loop, std::move(wait)), funnel::Cancelled);
  }

  TEST_CASE("fifty children run at once") {
    IOLoop loop;
    const NothingIsLeft check(loop);
    std::vector<Subprocess> children;
    children.reserve(50);
    for (int i = 0; i < 50; ++i) {
      children.emplace_back(with_output({"/bin/sh", "-c", "echo $0; exit $0", std::to_string(i)}));
    }
    for (int i = 0; i < 50; ++i) {
      Subprocess& child = children[static_cast<std::size_t>(i)];
      CHECK(run(loop, read_all(child.stdout_stream())) == std::to_string(i) + "\n");
      CHECK(run(loop, child.wait_for_exit(false)) == i);
    }
  }

  TEST_CASE("the destructor kills all that the child started and leaves no zombie") {
    IOLoop loop;
    const NothingIsLeft check(loop);
    for (const ProcessGroup group : {ProcessGroup::own, ProcessGroup::own_session}) {
      SubprocessOptions options = with_output({"/bin/sh", "-c", "sleep 1000 & echo $!; wait"});
      options.group = group;
      pid_t grandchild = 0;
      {
        Subprocess shell(options);
        grandchild = std::stoi(run(loop, shell.stdout_stream().read_until("\n")));
        CHECK(is_alive(grandchild));
      }
      CHECK(dies_soon(grandchild));
    }
  }

  TEST_CASE("the group is killed even if the child itself has ended before") {
    IOLoop loop;
    const NothingIsLeft check(loop);
    pid_t grandchild = 0;
    {
      Subprocess shell(with_output({"/bin/sh", "-c", "sleep 1000 & echo $!"}));
      grandchild = std::stoi(run(loop, shell.stdout_stream().read_until("\n")));
      CHECK(run(loop, shell.wait_for_exit()) == 0);
      CHECK(is_alive(grandchild));
    }
    CHECK(dies_soon(grandchild));
  }

  TEST_CASE("kill reaches the child's group, or without one the child alone") {
    IOLoop loop;
    SubprocessOptions options = with_output({"/bin/sh", "-c", "sleep 1000 & echo $!; wait"});
    for (const bool own : {true, false}) {
      options.group = own ? ProcessGroup::own : ProcessGroup::inherit;
      Subprocess shell(options);
      CHECK(::getpgid(shell.pid()) == (own ? shell.pid() : ::getpgrp()));
      const pid_t grandchild = std::stoi(run(loop, shell.stdout_stream().read_until("\n")));
      shell.kill(SIGKILL);
      CHECK(run(loop, shell.wait_for_exit(false)) == -SIGKILL);
      CHECK(dies_soon(grandchild, std::chrono::milliseconds(own ? 5000 : 50)) == own);
      ::kill(grandchild, SIGKILL);
    }
    options.group = ProcessGroup::own_session;
    Subprocess shell(options);
    CHECK(::getsid(shell.pid()) == shell.pid());
  }

  TEST_CASE("a Subprocess that is moved keeps its child") {
    IOLoop loop;
    const NothingIsLeft check(loop);
    Subprocess first(with_output({"echo", "moved"}));
    IOStream& stream = first.stdout_stream();
    Subprocess second(std::move(first));
    CHECK(run(loop, read_all(stream)) == "moved\n");
    second = Subprocess(SubprocessOptions({"true"}));
    CHECK(run(loop, second.wait_for_exit()) == 0);
  }
}

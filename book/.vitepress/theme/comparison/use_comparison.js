// The comparison as the components see it: where its data come from, what is
// known, and the two things a reader can do: run and stop.

import { withBase } from "vitepress";
import { onBeforeUnmount, onMounted, ref, shallowRef } from "vue";
import { is_funnel_server, run_comparison } from "./client.js";
import { load_recording } from "./recording.js";
import { apply_event, halt, initial_state } from "./state.js";

/// Returns the reactive state of the comparison on a page. `source` is
/// `"checking"`, then `"live"`, `"recorded"` or `"none"`.
export function use_comparison() {
  const source = ref("checking");
  const run = shallowRef(initial_state());
  const running = ref(false);
  const problem = ref("");
  const recording = shallowRef(null);
  let abort = null;
  let gone = false;

  onMounted(async () => {
    const live = await is_funnel_server();
    const loaded = live ? null : await load_recording(withBase("/recordings/compare.json")).catch(() => null);
    if (gone) return;
    if (loaded) {
      recording.value = loaded;
      run.value = loaded.run;
    }
    source.value = live ? "live" : loaded ? "recorded" : "none";
  });

  onBeforeUnmount(() => {
    gone = true;
    abort?.abort();
  });

  async function start(parameters) {
    abort = new AbortController();
    const { signal } = abort;
    run.value = initial_state();
    problem.value = "";
    running.value = true;
    try {
      await run_comparison(parameters, {
        signal,
        on_event: (event) => (run.value = apply_event(run.value, event)),
      });
      problem.value = run.value.failure;
    } catch (error) {
      problem.value = signal.aborted ? "You stopped the run." : error.message;
    } finally {
      run.value = halt(run.value);
      running.value = false;
    }
  }

  function stop() {
    abort?.abort();
  }

  return { source, run, running, problem, recording, start, stop };
}

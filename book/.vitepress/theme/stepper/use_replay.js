// Where a replay stands, and the ways to move it.

import { computed, onBeforeUnmount, onMounted, ref, shallowRef } from "vue";
import { next_turn, replay } from "./replay.js";
import { read_trace } from "./trace.js";

const time_for_a_line_ms = 1500; // to read its sentence and find what has changed

/// Returns a replay of what `load()` promises, the text of a trace: `story` (see replay.js) and
/// `problem`, of which the first is null until the trace is there and the second until it turns out
/// not to be one; `at`, a place in `story.states`, and `playing`; `step(by)`, `turn()`, `go(place)`
/// and `toggle()`. Playing goes on by itself, in steps, until the end.
export function use_replay(load) {
  const story = shallowRef(null);
  const problem = ref(null);
  const at = ref(0);
  const playing = ref(false);
  const last = computed(() => (story.value === null ? 0 : story.value.events.length));
  let timer = 0;
  onBeforeUnmount(stop);
  onMounted(async () => {
    try {
      story.value = replay(read_trace(await load()));
    } catch (error) {
      problem.value = error.message;
    }
  });

  function stop() {
    playing.value = false;
    clearTimeout(timer);
  }

  function go(place) {
    stop();
    at.value = Math.min(Math.max(place, 0), last.value);
  }

  function play() {
    timer = setTimeout(() => {
      at.value += 1;
      if (at.value < last.value) play();
      else stop();
    }, time_for_a_line_ms);
  }

  function toggle() {
    if (playing.value) return stop();
    if (at.value === last.value) at.value = 0;
    playing.value = true;
    play();
  }

  const step = (by) => go(at.value + by);
  const turn = () => go(next_turn(story.value, at.value));
  return { story, problem, at, last, playing, step, turn, go, toggle };
}

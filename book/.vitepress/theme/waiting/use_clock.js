// The time at which the figure stands, and the two ways to move it: playing and stepping.

import { computed, onBeforeUnmount, ref, watch } from "vue";
import { next_moment } from "./model.js";

const whole_story_ms = 9000;
const pause_between_moments_ms = 800;

/// Returns the clock of a story that may change: `now` (0 to the story's end), `playing`,
/// `toggle()`, `step(1)` and `step(-1)`. A reader who wants less motion gets steps when playing,
/// instead of a cursor that glides.
export function use_clock(story) {
  const now = ref(0);
  const playing = ref(false);
  const end = computed(() => story.value.end);
  let timer = 0;
  let frame = 0;

  watch(end, () => {
    stop();
    now.value = 0;
  });
  onBeforeUnmount(stop);

  function stop() {
    playing.value = false;
    clearTimeout(timer);
    cancelAnimationFrame(frame);
  }

  function toggle() {
    if (playing.value) return stop();
    if (now.value >= end.value) now.value = 0;
    playing.value = true;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (calm) jump_on();
    else glide(performance.now(), now.value);
  }

  function glide(started, from) {
    frame = requestAnimationFrame((time) => {
      const at = from + (Math.max(0, time - started) / whole_story_ms) * end.value;
      now.value = Math.min(at, end.value);
      if (now.value < end.value) glide(started, from);
      else stop();
    });
  }

  function jump_on() {
    now.value = next_moment(story.value.moments, now.value, 1);
    if (now.value >= end.value) return stop();
    timer = setTimeout(jump_on, pause_between_moments_ms);
  }

  function step(direction) {
    stop();
    now.value = next_moment(story.value.moments, now.value, direction);
  }

  function go(time) {
    stop();
    now.value = time;
  }

  return { now, playing, toggle, step, go };
}

// The mask as the edit will use it, in every frame: followed through the video once, then shown wherever one scrubs.
import { get, post, remove } from "./api.js";
import { draft, formOf, frameAt, partStart, watch } from "./draft.js";
import { make, text } from "./dom.js";
import { uploadMasks } from "./layers.js";
import { checkButton, film, source } from "./stage.js";

const LOOK_AGAIN = 500;
const words = make("span", { role: "status" });
const stop = make("button", { type: "button", class: "small", onclick: () => {
  asking?.abort();
  remove("/overlays/progress").catch(() => {});
} }, text("action.cancel"));
const problem = make("p", { class: "problem", role: "alert", hidden: true });
const bar = make("progress", { max: 1, "aria-label": text("mask.checking") });
export const element = make("div", { class: "checking", hidden: true }, bar, words, stop);
export const problems = problem;
let asking = null;
let fresh = false;

checkButton.addEventListener("click", async () => {
  if (fresh) return show(true);
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  problem.hidden = true;
  element.hidden = false;
  words.textContent = text("mask.checking");
  bar.removeAttribute("value");
  const watching = setInterval(async () => {
    const told = await get("/overlays/progress").catch(() => null);
    if (told?.share) bar.value = told.share;
  }, LOOK_AGAIN);
  try {
    const made = await post("/overlays", { ...formOf("all", await uploadMasks()), sound: "" }, signal);
    film.src = made.url;
    fresh = true;
    show(true);
  } catch (error) {
    if (error.name !== "AbortError") {
      problem.textContent = error.message;
      problem.hidden = false;
    }
  }
  clearInterval(watching);
  if (signal === asking.signal) element.hidden = true;
  return undefined;
});
// Plays it from the beginning; scrubbing shows it still, until the mask or the part changes.
const show = (plays) => {
  source.pause();
  film.hidden = false;
  if (plays) {
    film.currentTime = 0;
    film.play().catch(() => {});
  }
};
film.addEventListener("ended", () => (film.hidden = true));
source.addEventListener("play", () => (film.hidden = true));
watch(["frame"], () => {
  if (!fresh || !source.paused) return;
  film.pause();
  const begin = frameAt(partStart());
  const inside = draft.frame >= begin && !draft.layers.some((layer) => layer.frame === draft.frame);
  film.hidden = !inside || !draft.track;
  if (!film.hidden) film.currentTime = (draft.frame - begin + 0.5) / draft.video.facts.frame_rate;
});
watch(["video", "layers", "whole", "track", "start", "end", "feather", "dilate", "settings", "preset"], () => {
  fresh = false;
  film.pause();
  film.hidden = true;
  problem.hidden = true;
});

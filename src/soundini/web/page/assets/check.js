// The mask as the edit will use it, in every frame: followed through the video once, then shown wherever one scrubs.
import { get, post, remove, url } from "./api.js";
import { draft, formOf, frameAt, partStart, watch } from "./draft.js";
import { make, text } from "./dom.js";
import { uploadMasks } from "./layers.js";
import { complain, problemOf } from "./problems.js";
import { checkButton, drawn, film, setFollowed, source } from "./stage.js";

const LOOK_AGAIN = 500;
const words = make("span", { role: "status" });
const stop = make("button", { type: "button", class: "small", onclick: () => giveUp() }, text("action.cancel"));
const bar = make("progress", { max: 1, "aria-label": text("mask.checking") });
export const element = make("div", { class: "checking", hidden: true }, bar, words, stop);
const giveUp = () => {
  if (!asking) return;
  asking.abort();
  remove("/overlays/progress").catch(() => {});
};
export const problems = problemOf("masks", ["video", "layers", "whole", "track", "start", "end", "feather", "dilate", "settings", "preset"]);
let asking = null;
let fresh = false;
let began = 0; // the frame where one stood when it was asked for

checkButton.addEventListener("click", async () => {
  if (fresh) return show();
  asking?.abort();
  const mine = (asking = new AbortController());
  complain("masks", "");
  element.hidden = false;
  words.textContent = text(draft.track ? "mask.checking" : "mask.drawing");
  bar.removeAttribute("value");
  began = draft.frame;
  const watching = setInterval(look, LOOK_AGAIN);
  try {
    const made = await post("/overlays", { ...formOf("all", await uploadMasks()), sound: "" }, mine.signal);
    film.src = made.url;
    fresh = true;
    setFollowed(true);
    show();
  } catch (error) {
    if (error.name !== "AbortError") complain(error.field, error.message) || complain("masks", error.message);
  }
  clearInterval(watching);
  if (mine !== asking) return undefined;
  element.hidden = drawn.hidden = true;
  asking = null;
  return undefined;
});
// What is drawn already can be seen while the rest is drawn: the frame where one stands, or the last that there is.
const look = async () => {
  const told = await get("/overlays/progress").catch(() => null);
  if (!asking || !told || told.share === null) return;
  bar.value = told.share;
  if (told.last === null) return;
  const stands = draft.frame !== began && draft.frame >= told.first && draft.frame <= told.last;
  const address = url.drawn(stands ? draft.frame : told.last);
  if (drawn.getAttribute("src") !== address) drawn.src = address;
};
drawn.addEventListener("load", () => (drawn.hidden = !asking));
// Plays it from the beginning; scrubbing shows it still, until the mask or the part changes.
const show = () => {
  source.pause();
  film.hidden = false;
  film.currentTime = 0;
  film.play().catch(() => {});
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
  giveUp();
  fresh = false;
  setFollowed(false);
  film.pause();
  film.hidden = true;
});

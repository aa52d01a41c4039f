// What the models hear, and what they should hear: one click says what a sound is.
import { get, post } from "./api.js";
import { change, draft, formOf, watch } from "./draft.js";
import { debounce, make, soundIcon, soundName, text } from "./dom.js";
import { complain, problemOf } from "./problems.js";
import { showHeard } from "./timeline.js";

const UNSURE = 0.5;
const SILENT = 0.003;
let classes = [];
let asking = null;
let kept = null; // what was heard last

const line = make("p", { class: "heard-line", role: "status" });
const chips = make("div", { class: "chips", role: "group", "aria-label": text("heard.said") });
const unsure = make("p", { class: "warning", hidden: true }, text("heard.unsure"));
const until = make("span", {});
const problem = problemOf("heard", ["heardAs", "sound"]);
const repeat = make("button", { type: "button", class: "small", onclick: () => change({ loop: true }) }, text("look.loop"));
const short = make("p", { class: "warning", hidden: true }, until, repeat);
const words = make("input", { type: "text", maxlength: "500", placeholder: text("heard.text_info"), "aria-label": text("heard.text") });
words.addEventListener("change", () => change({ words: words.value.trim() }));
const inWords = make("label", { class: "in-words", hidden: true }, make("span", {}, text("heard.text")), words);
export const element = make("section", { class: "heard", hidden: true, "aria-label": text("heard.title") }, line, unsure, chips, short, inWords, problem);

const showChips = () => {
  const said = draft.heardAs;
  const chip = (name, label, shown) => make("button", { type: "button", class: `chip of-${name || "heard"}`, "aria-pressed": String(said === name), onclick: () => change({ heardAs: name }) }, ...(shown ? [shown] : []), make("span", {}, label));
  chips.replaceChildren(chip("", text("heard.as_heard")), ...classes.map((name) => chip(name, soundName(name), soundIcon(name))));
  chips.hidden = !classes.length;
};
// Moments count by how strong the effect is there: what silence is like says nothing.
const shares = (heard) => {
  const sums = {};
  const last = heard.envelope.length - 1;
  const weights = heard.classes.map(([time]) => heard.envelope[Math.max(0, Math.min(last, Math.round((time / heard.seconds) * last)))] ?? 1);
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  heard.classes.forEach(([, named], i) => {
    const weight = whole ? weights[i] / whole : 1 / weights.length;
    for (const [name, share] of Object.entries(named)) sums[name] = (sums[name] ?? 0) + share * weight;
  });
  return Object.entries(sums).sort((one, other) => other[1] - one[1]);
};
const tell = (heard) => {
  const [[name, share] = ["", 0]] = shares(heard);
  const said = draft.heardAs;
  line.textContent = said && classes.includes(said) ? text("heard.now", { name: soundName(said) }) : name ? text("heard.is", { name: soundName(name), share: Math.round(100 * share) }) : "";
  const last = heard.peaks.findLastIndex((level) => level > SILENT);
  const ends = (heard.seconds * (last + 1)) / heard.peaks.length;
  unsure.hidden = Boolean(said) || !name || (share >= UNSURE && name !== "none");
  short.hidden = draft.loop || heard.seconds - ends <= Math.max(0.3, 0.1 * heard.seconds);
  until.textContent = text("heard.short", { until: ends.toFixed(1), seconds: heard.seconds.toFixed(1) });
};

const hear = debounce(async () => {
  asking?.abort();
  if (!draft.video || !draft.sound) {
    element.hidden = true;
    return showHeard(null);
  }
  element.hidden = false;
  asking = new AbortController();
  element.setAttribute("aria-busy", "true");
  try {
    const heard = await post("/heard", { ...formOf("all", []), whole_frame: true, heard_as: "" }, asking.signal);
    problem.hidden = true;
    element.removeAttribute("aria-busy");
    showHeard(heard);
    tell(heard);
    kept = heard;
  } catch (error) {
    if (error.name === "AbortError") return undefined;
    element.removeAttribute("aria-busy");
    showHeard(null);
    kept = null;
    line.textContent = "";
    unsure.hidden = short.hidden = true;
    if (!["start", "end", "settings"].includes(error.field)) complain("heard", error.message);
  }
  return undefined;
}, 200);

watch(["sound"], () => {
  kept = null;
  showHeard(null);
  line.textContent = text("heard.listening");
  unsure.hidden = short.hidden = true;
});
watch(["video", "sound", "start", "end", "settings", "loop", "preset"], hear);
watch(["heardAs"], () => {
  showChips();
  if (kept) tell(kept);
});
watch(["words"], () => (words.value = draft.words));
export const start = async () => {
  classes = (await get("/sound-classes").catch(() => [])).filter((name) => name !== "none");
  inWords.hidden = classes.length > 0;
  words.value = draft.words;
  showChips();
  hear();
};

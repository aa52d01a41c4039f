// What became of an edit: at once that it works, then the picture as it forms, then source and edit.
import { url } from "./api.js";
import { change } from "./draft.js";
import { duration, icon, ICONS, make, text } from "./dom.js";
import { BUSY, cancel, current, mine, resume, stopping, watchJobs } from "./jobs.js";
import { drawLive } from "./live.js";
import { restoreForm } from "./media.js";
import { player } from "./player.js";
import { complain as complainOf } from "./problems.js";

const root = make("div", { class: "result", "aria-live": "off" });
export const element = make("section", { class: "panel result-panel", id: "result", tabindex: "-1", "aria-label": text("step_result") }, root);
let state = "";
let live = {};
let announced = null;

// In levels of 255. Flames, rain and snow move by themselves: good edits of them change by 4 to 6 more than their source, and those
// of which every frame is drawn anew by 20 to 30. Of seams, a share alone says little: flames change by a fifth more at some frames.
const STEADY = 2;
const FLICKERS = 12;
const SEAM_SHARE = 1.5;
const SEAM_STEP = 6;
const FOLLOWS = 0.5;
const PARTLY = 0.2;
const SETTLE = 700; // milliseconds in which a new button does not hear a click that was meant for the one before

const act = (name, look, work) => {
  const button = make("button", { type: "button", class: look, disabled: true, onclick: work }, text(`action.${name}`));
  setTimeout(() => (button.disabled = false), SETTLE);
  return button;
};
const complain = (error) => root.append(make("p", { class: "problem", role: "alert" }, error.message));

const nothing = () => {
  const steps = ["first", "second", "third"].map((name) => make("li", {}, text(`result.${name}`)));
  root.replaceChildren(make("div", { class: "empty" }, icon(ICONS.sound), make("p", { class: "empty-title" }, text("result.welcome")), make("ol", {}, ...steps)));
};

const working = () => {
  live = {
    picture: make("canvas", { class: "live", role: "img", "aria-label": text("result.live") }),
    bar: make("progress", { max: 1, "aria-label": text("result.progress") }),
    words: make("p", { class: "progress-words", role: "status" }, text("result.sending")),
    stop: make("button", { type: "button", disabled: true, onclick: () => cancel(current().id) }, text("action.cancel")),
    step: -1,
  };
  root.replaceChildren(make("div", { class: "live-place" }, live.picture), live.bar, make("div", { class: "working" }, live.words, live.stop));
};
const phase = (job) => {
  if (stopping.has(job.id)) return text("job.stopping");
  if (job.state === "queued") return job.queue_place ? text("job.queue", { place: job.queue_place }) : text("job.starting");
  if (job.step) {
    const left = job.eta_seconds === null ? "" : ` · ${text("job.left", { time: duration(job.eta_seconds) })}`;
    return text("job.steps", { percent: Math.floor((100 * job.step) / job.steps) }) + left;
  }
  if (job.masks !== null && job.form.track) return text("job.masks", { percent: Math.round(100 * job.masks) });
  return text("job.starting");
};
const progress = async (job) => {
  const stops = stopping.has(job.id);
  live.words.textContent = phase(job);
  live.stop.disabled = stops;
  live.stop.textContent = text(stops ? "job.stopping" : "action.cancel");
  const share = job.step ? job.step / job.steps : null;
  if (share === null) live.bar.removeAttribute("value");
  else live.bar.value = share;
  if (live.step === job.step && live.box === Boolean(job.preview_box)) return;
  [live.step, live.box] = [job.step, Boolean(job.preview_box)];
  if (live.drawing) return;
  live.drawing = true;
  const { picture } = live;
  await drawLive(picture, job).catch(() => {});
  picture.dataset.shows = job.preview_box ? "edit" : "source";
  live.drawing = false;
};

const resting = (job) => {
  if (job.state === "failed" && job.field && mine.delete(job.id)) complainOf(job.field, job.error);
  const words = job.state === "failed" ? text("job.failed", { error: job.error }) : text(`job.${job.state}`);
  root.replaceChildren(
    make("div", { class: "rest" }, make("p", { class: job.state === "failed" ? "problem" : "rest-words", role: "status" }, words),
      make("div", { class: "row" }, act("resume", "strong", () => resume(job.id).catch(complain)), act("restore", "", () => restoreForm(job.form).catch(complain)))));
};

const row = (name, value) => make("div", {}, make("dt", {}, text(`summary.${name}`)), make("dd", {}, value), make("dd", { class: "hint" }, text(`summary.${name}_note`)));
const verdicts = (summary) => {
  const told = [];
  if (typeof summary.flicker === "number") told.push(summary.flicker <= STEADY ? "steady" : summary.flicker <= FLICKERS ? "lively" : "flickers");
  if (typeof summary.follows === "number") told.push(summary.follows >= FOLLOWS ? "follows" : summary.follows >= PARTLY ? "partly" : "apart");
  if (typeof summary.seam_step === "number") told.push(summary.seams <= SEAM_SHARE || summary.seam_step <= SEAM_STEP ? "seamless" : "seams");
  return told.map((name) => make("span", { class: `verdict is-${name}` }, text(`verdict.${name}`)));
};
const details = (job) => {
  const { summary } = job;
  const figures = [
    ...(typeof summary.flicker === "number" ? [row("flicker", summary.flicker.toFixed(1))] : []),
    ...(typeof summary.follows === "number" ? [row("follows", summary.follows.toFixed(2))] : []),
    ...(summary.losses.sound === undefined ? [] : [row("semantic", summary.losses.sound.toFixed(3))]),
    ...(summary.seams === null ? [] : [row("seams", summary.seams.toFixed(2))]),
    row("cost", text("summary.cost_value", { seconds: summary.seconds.toFixed(1), frames: summary.frames })),
    row("seed", String(job.form.seed)),
  ];
  return make("details", { class: "more" }, make("summary", {}, text("result.details")), make("dl", { class: "figures" }, ...figures));
};
const again = (job, run) => {
  const again_ = async (fields) => {
    await restoreForm(job.form);
    change(fields);
    run(job.form.scope);
  };
  const factor = (by) => Math.min(2, Math.max(0.25, Number((job.form.strength * by).toFixed(2))));
  const option = (name, work) => make("button", { type: "button", class: "small", onclick: () => work().catch(complain) }, text(`result.${name}`));
  return make("div", { class: "again" }, make("span", { class: "hint" }, text("result.again")),
    option("chance", () => again_({ seed: job.form.seed + 1 })),
    option("stronger", () => again_({ strength: factor(1.3) })),
    option("weaker", () => again_({ strength: factor(0.7) })),
    option("restore", () => restoreForm(job.form)));
};
let runs = async () => {};
const done = (job) => {
  const link = (address, name, look, path) => make("a", { href: address, download: "", class: `button ${look}` }, icon(path), make("span", {}, text(`result.${name}`)));
  const { warnings } = job.summary;
  root.replaceChildren(
    ...player(job),
    make("div", { class: "row" }, link(url.download(job.id), "download", "strong", ICONS.download), link(url.recipe(job.id), "recipe", "", ICONS.recipe), ...verdicts(job.summary)),
    warnings.length ? make("ul", { class: "warnings" }, ...warnings.map((words) => make("li", {}, words))) : "",
    again(job, (scope) => runs(scope)),
    details(job));
};

const show = () => {
  const job = current();
  if (announced) {
    if (state !== "announced") working();
    state = "announced";
    return;
  }
  const busy = job && BUSY.includes(job.state);
  const kind = !job ? "nothing" : `${job.id} ${busy ? "busy" : job.state}`;
  root.setAttribute("aria-busy", String(Boolean(busy)));
  if (kind !== state) {
    const sent = state === "announced";
    state = kind;
    if (!job) nothing();
    else if (busy) {
      if (!sent) working();
      live.stop.disabled = false;
    } else if (job.state === "done") done(job);
    else resting(job);
  }
  if (busy) progress(job);
};
// Tells at once that something was asked for; null when nothing came of it.
export const announce = (scope) => {
  announced = scope;
  show();
  if (scope && matchMedia("(max-width: 899px)").matches) element.scrollIntoView({ block: "start" });
};
export const start = (run) => {
  runs = run;
  show();
};
watchJobs(() => show());

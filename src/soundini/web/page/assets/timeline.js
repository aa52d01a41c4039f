// The whole video from left to right: pictures, the sound beneath them, the part that is edited, and where one stands.
import { url } from "./api.js";
import { change, draft, facts, frameAt, partEnd, partStart, timeOf, watch } from "./draft.js";
import { draw, icon, ICONS, make, seconds, soundName, text } from "./dom.js";
import { complain, problemOf } from "./problems.js";
import { film, source } from "./stage.js";

const PICTURES = 14;
const SILENT = 0.02;
const pictures = make("img", { class: "strip", alt: "", draggable: "false" });
const wave = draw("svg", { class: "wave", viewBox: "0 0 600 40", preserveAspectRatio: "none", role: "img" });
const ribbon = make("div", { class: "ribbon" });
const sounding = make("div", { class: "sounding" }, wave, ribbon);
const marks = make("div", { class: "marks" });
const shade = [make("div", { class: "shade" }), make("div", { class: "shade" })];
const head = make("input", { type: "range", class: "head", min: "0", step: "1", value: 0, "aria-label": text("time.position") });
const needle = make("div", { class: "needle", "aria-hidden": "true" });
const handle = (name) => make("div", { class: `handle ${name}`, role: "slider", tabindex: "0", "aria-label": text(`time.${name}`), "aria-valuemin": "0" });
const from = handle("from");
const to = handle("to");
const track = make("div", { class: "track" }, pictures, sounding, ...shade, marks, head, needle, from, to);
const play = make("button", { type: "button", class: "round", "aria-label": text("time.play") }, icon(ICONS.play));
const clock = make("output", { class: "clock" });
const field = (name) => make("input", { type: "number", min: "0", step: "0.1", "aria-label": text(`look.${name}`) });
const first = field("start");
const last = field("end");
const all = make("button", { type: "button", class: "link", onclick: () => change({ start: null, end: null }) }, text("time.all"));
const problem = problemOf("part", ["start", "end", "video"]);
const guide = make("audio", { preload: "auto" });

export const element = make("section", { class: "timeline", "aria-label": text("time.title") },
  track,
  make("div", { class: "transport" }, play, clock,
    make("div", { class: "part" }, make("label", {}, make("span", {}, text("time.from_short")), first), make("label", {}, make("span", {}, text("time.to_short")), last), make("span", {}, text("unit.seconds")), all)),
  problem,
  guide);

const length = () => facts()?.seconds ?? 1;
const share = (time) => `${Math.min(100, Math.max(0, (100 * time) / length()))}%`;
const least = () => 1 / (facts()?.frame_rate ?? 25);

// A part that reaches an end of the video is told as none, so that it is whole for any other video too.
const setPart = (start, end) => {
  const whole = length();
  const low = Math.min(Math.max(0, start), whole - least());
  const high = Math.max(low + least(), Math.min(end, whole));
  change({ start: low <= 0.001 ? null : Number(low.toFixed(3)), end: high >= whole - 0.001 ? null : Number(high.toFixed(3)) });
};
const drag = (place, work) => {
  place.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    place.setPointerCapture(event.pointerId);
    place.focus();
  });
  place.addEventListener("pointermove", (event) => {
    if (!place.hasPointerCapture(event.pointerId)) return;
    const box = track.getBoundingClientRect();
    work(((event.clientX - box.left) / box.width) * length());
  });
  place.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 1 : Math.max(least(), 0.1);
    const there = place === from ? partStart() : partEnd();
    const moved = { ArrowLeft: there - step, ArrowRight: there + step, Home: 0, End: length() }[event.key];
    if (moved === undefined) return;
    event.preventDefault();
    work(moved);
  });
};
drag(from, (time) => setPart(Math.min(time, partEnd() - least()), partEnd()));
drag(to, (time) => setPart(partStart(), Math.max(time, partStart() + least())));
const typed = () => {
  const low = first.value === "" ? 0 : Number(first.value);
  const high = last.value === "" ? length() : Number(last.value);
  const wrong = !(low >= 0 && low < high && low < length());
  complain("part", wrong ? text("time.wrong") : "");
  if (!wrong) setPart(low, high);
};
for (const input of [first, last]) input.addEventListener("change", typed);

head.addEventListener("input", () => {
  if (!source.paused) stop();
  change({ frame: Number(head.value) });
});

// What is heard while it plays is what the edit will hear.
const own = () => draft.sound?.id === "self" || !draft.sound;
const stop = () => {
  source.pause();
  guide.pause();
};
const begin = async () => {
  const time = timeOf(draft.frame);
  const inside = time >= partStart() - 0.001 && time < partEnd() - 2 * least();
  source.currentTime = inside ? time : partStart();
  source.muted = !own();
  film.hidden = true;
  try {
    await source.play();
  } catch {
    return;
  }
  if (!own()) {
    guide.currentTime = Math.max(0, source.currentTime - partStart());
    guide.play().catch(() => {});
  }
  follow();
};
const follow = () => {
  if (source.paused) return;
  if (source.currentTime >= partEnd() - least() / 2) {
    source.currentTime = partStart();
    guide.currentTime = 0;
    if (!own()) guide.play().catch(() => {});
  }
  needle.style.left = share(source.currentTime);
  clock.textContent = `${seconds(source.currentTime)} / ${seconds(length())}`;
  requestAnimationFrame(follow);
};
play.addEventListener("click", () => (source.paused ? begin() : stop()));
const turn = () => {
  play.setAttribute("aria-label", text(source.paused ? "time.play" : "time.pause"));
  play.replaceChildren(icon(source.paused ? ICONS.play : ICONS.pause));
  if (source.paused) change({ frame: frameAt(source.currentTime - least() / 2) });
};
source.addEventListener("play", turn);
source.addEventListener("pause", turn);
source.addEventListener("ended", () => (source.loop = false));
source.addEventListener("error", () => (play.disabled = source.hasAttribute("src")));
source.addEventListener("loadeddata", () => (play.disabled = false));

const showPart = () => {
  const [low, high] = [partStart(), partEnd()];
  shade[0].style.width = share(low);
  shade[1].style.left = share(high);
  from.style.left = sounding.style.left = share(low);
  to.style.left = share(high);
  sounding.style.width = share(high - low);
  for (const [place, time] of [[from, low], [to, high]]) {
    place.setAttribute("aria-valuemax", length().toFixed(2));
    place.setAttribute("aria-valuenow", time.toFixed(2));
    place.setAttribute("aria-valuetext", seconds(time));
  }
  if (document.activeElement !== first) first.value = low.toFixed(1);
  if (document.activeElement !== last) last.value = high.toFixed(1);
  all.hidden = draft.start === null && draft.end === null;
};
const showHead = () => {
  const time = timeOf(draft.frame);
  head.value = draft.frame;
  head.setAttribute("aria-valuetext", text("time.where", { frame: draft.frame, time: time.toFixed(1) }));
  needle.style.left = share(time + least() / 2);
  clock.textContent = `${seconds(time)} / ${seconds(length())}`;
};
const showMarks = () => {
  const layers = draft.layers.length > 1 ? draft.layers : [];
  marks.replaceChildren(...layers.map(({ frame }) => {
    const mark = make("button", { type: "button", class: "mark", "aria-label": text("paint.frame", { frame }), title: text("paint.frame", { frame }), onclick: () => change({ frame }) });
    mark.style.left = share(timeOf(frame + 0.5));
    return mark;
  }));
};
const showVideo = () => {
  const known = facts();
  element.hidden = !known;
  if (!known) return;
  pictures.src = url.strip(draft.video.id, PICTURES, 56);
  head.max = String(known.frames - 1);
};
const showSound = () => {
  if (draft.sound && draft.sound.id !== "self") guide.src = url.content(draft.sound.id);
  else guide.removeAttribute("src");
};

// Draws what is heard along the part: the waveform, the line of how strong the effect is, and a ribbon of its names.
export const showHeard = (heard) => {
  wave.replaceChildren();
  ribbon.replaceChildren();
  if (!heard) return;
  const loudest = Math.max(0.05, ...heard.peaks);
  const step = 600 / heard.peaks.length;
  const half = heard.peaks.map((peak) => (18 * peak) / loudest);
  const upper = half.map((high, i) => `L${(i * step).toFixed(1)} ${(20 - high).toFixed(1)}`).join("");
  const lower = half.map((high, i) => `L${(i * step).toFixed(1)} ${(20 + high).toFixed(1)}`).reverse().join("");
  wave.append(draw("path", { class: "peaks", d: `M0 20${upper}${lower}Z` }));
  const line = heard.envelope.map((level, i) => `${i ? "L" : "M"}${((600 * heard.times[i]) / heard.seconds).toFixed(1)} ${(38 - 36 * level).toFixed(1)}`).join("");
  wave.append(draw("path", { class: "envelope", d: line }));
  const level = (time) => heard.envelope[Math.min(heard.envelope.length - 1, Math.round((time / heard.seconds) * heard.envelope.length))];
  const pieces = [];
  heard.classes.forEach(([time, named], i) => {
    const name = level(time) < SILENT ? "" : Object.keys(named)[0];
    const before = i ? (heard.classes[i - 1][0] + time) / 2 : 0;
    const after = i + 1 < heard.classes.length ? (time + heard.classes[i + 1][0]) / 2 : heard.seconds;
    if (pieces.at(-1)?.name === name) pieces.at(-1).end = after;
    else pieces.push({ name, start: before, end: after });
  });
  for (const { name, start, end } of pieces) {
    const piece = make("span", { class: `of-${name || "nothing"}`, title: name ? soundName(name) : "" }, name ? soundName(name) : "");
    piece.style.width = `${(100 * (end - start)) / heard.seconds}%`;
    ribbon.append(piece);
  }
  const told = pieces.filter(({ name }) => name).map(({ name, start, end }) => text("heard.at", { from: start.toFixed(1), to: end.toFixed(1), name: soundName(name) }));
  wave.setAttribute("aria-label", text("heard.alt", { seconds: heard.seconds.toFixed(1), classes: told.join("; ") || text("heard.nothing") }));
};

export const start = () => { showVideo(); showSound(); showPart(); showHead(); showMarks(); };
watch(["video"], () => { showVideo(); showPart(); showHead(); });
watch(["sound"], showSound);
watch(["start", "end", "video"], showPart);
watch(["frame"], showHead);
watch(["layers", "video"], showMarks);

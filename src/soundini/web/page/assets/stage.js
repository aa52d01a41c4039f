// The canvas: a frame of the video, the mask over it, and the tools that paint it.
import { url } from "./api.js";
import { change, draft, facts, timeOf, watch } from "./draft.js";
import { debounce, icon, ICONS, make, text } from "./dom.js";
import { addItem, addKey, clear, dropKey, isKey, layerAt, paintLayer, undo } from "./layers.js";

let tool = "brush";
let stroke = null;
let cursor = null;
let byKeys = false;
let followed = false; // whether it is known where the mask goes

export const source = make("video", { class: "source", playsinline: true, preload: "auto", tabindex: "-1", "aria-hidden": "true" });
export const film = make("video", { class: "film", playsinline: true, preload: "auto", muted: true, hidden: true, tabindex: "-1", "aria-label": text("mask.film") });
export const drawn = make("img", { class: "drawn", alt: text("mask.film"), draggable: "false", hidden: true });
const picture = make("img", { class: "still", alt: "", draggable: "false", hidden: true });
const mask = make("canvas", { class: "mask", "aria-hidden": "true" });
const above = make("canvas", { class: "above", tabindex: "0", role: "application", "aria-label": text("paint.canvas") });
const screen = make("div", { class: "stage" }, source, picture, film, drawn, mask, above);

const tools = {};
const toolButton = (name, path, work, pressed) =>
  make("button", { type: "button", class: "tool", title: text(`paint.${name}`), "aria-label": text(`paint.${name}`), "aria-pressed": pressed, onclick: work }, icon(path));
const pick = (name) => {
  tool = name;
  for (const [other, button] of Object.entries(tools)) button.setAttribute("aria-pressed", String(other === name));
};
for (const name of ["brush", "eraser", "box", "ellipse"]) tools[name] = toolButton(name, ICONS[name], () => pick(name), String(name === tool));
const size = make("input", { type: "range", min: "2", max: "60", value: "16", "aria-label": text("paint.size"), title: text("paint.size") });
const whole = toolButton("whole", ICONS.whole, () => change({ whole: !draft.whole }), "false");
const undoButton = toolButton("undo", ICONS.undo, () => undo(draft.frame));
const clearButton = toolButton("clear", ICONS.clear, () => clear(draft.frame));
const follow = make("button", { type: "button", class: "tool named", "aria-pressed": "false", title: text("mask.track_info"), "aria-label": text("mask.track"), onclick: () => change({ track: !draft.track }) }, icon(ICONS.follow), make("span", {}, text("mask.follow")));
const keep = make("button", { type: "button", class: "tool named", title: text("paint.keep_info"), onclick: () => (isKey(draft.frame) ? dropKey(draft.frame) : addKey(draft.frame)) }, icon(ICONS.key), make("span", {}, text("paint.key")));
const check = make("button", { type: "button", class: "tool named", title: text("mask.check_info"), "aria-label": text("mask.check") }, icon(ICONS.play), make("span", {}, text("mask.look")));
export const checkButton = check;
const bar = make("div", { class: "tools", role: "toolbar", "aria-label": text("paint.tools") },
  make("div", { class: "group" }, ...Object.values(tools), whole),
  make("label", { class: "size" }, size),
  make("div", { class: "group" }, undoButton, clearButton),
  make("div", { class: "group end" }, follow, keep, check));
const hint = make("p", { class: "stage-hint", "aria-live": "polite" });

const numbers = ["left", "top", "width", "height"].map((name, place) =>
  make("input", { type: "number", min: "0", max: "100", step: "any", value: [30, 30, 40, 40][place], "aria-label": text(`paint.${name}`) }));
const drawNumbers = (name) => {
  const [left, top, wide, high] = numbers.map((field) => Number(field.value) / 100);
  const corners = [[left, top], [left + wide, top + high]].map(([x, y]) => [x * mask.width, y * mask.height]);
  addItem(draft.frame, { tool: name, width: 0, points: corners });
};
export const exact = make("details", { class: "exact" }, make("summary", {}, text("paint.exact")),
  make("div", { class: "fields" },
    ...numbers.map((field) => make("label", {}, make("span", {}, field.getAttribute("aria-label")), field)),
    ...["box", "ellipse"].map((name) => make("button", { type: "button", onclick: () => drawNumbers(name) }, text(`paint.draw_${name}`)))));

const brushWidth = () => (Number(size.value) / 100) * Math.min(mask.width, mask.height);
const redraw = () => paintLayer(mask, draft.whole ? null : layerAt(draft.frame), stroke);
const aim = () => {
  const pen = above.getContext("2d");
  pen.clearRect(0, 0, above.width, above.height);
  if (!cursor) return;
  const unit = above.width / (above.clientWidth || above.width);
  for (const [colour, thick] of [["#000", 3], ["#fff", 1.5]]) {
    pen.strokeStyle = colour;
    pen.lineWidth = thick * unit;
    pen.beginPath();
    if (tool === "brush" || tool === "eraser") pen.arc(cursor[0], cursor[1], brushWidth() / 2, 0, 2 * Math.PI);
    if (byKeys || tool === "box" || tool === "ellipse")
      for (const [dx, dy] of [[1, 0], [0, 1]]) {
        pen.moveTo(cursor[0] - 9 * dx * unit, cursor[1] - 9 * dy * unit);
        pen.lineTo(cursor[0] + 9 * dx * unit, cursor[1] + 9 * dy * unit);
      }
    pen.stroke();
  }
};
const begin = (point) => {
  stroke = { tool, width: Math.round(brushWidth()), points: [point] };
  redraw();
};
const finish = () => {
  if (!stroke) return;
  const item = stroke;
  stroke = null;
  addItem(draft.frame, item);
};
const at = (event) => {
  const place = above.getBoundingClientRect();
  return [((event.clientX - place.left) / place.width) * mask.width, ((event.clientY - place.top) / place.height) * mask.height].map(Math.round);
};
above.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  above.setPointerCapture(event.pointerId);
  byKeys = false;
  begin(at(event));
});
above.addEventListener("pointermove", (event) => {
  cursor = at(event);
  byKeys = false;
  if (stroke) {
    stroke.points.push(cursor);
    redraw();
  }
  aim();
});
above.addEventListener("pointerup", finish);
above.addEventListener("pointercancel", finish);
above.addEventListener("pointerleave", () => { cursor = null; aim(); });
above.addEventListener("blur", () => { finish(); cursor = null; aim(); });
above.addEventListener("keydown", (event) => {
  const far = Math.max(1, Math.round((event.shiftKey ? 0.1 : 0.02) * Math.min(mask.width, mask.height)));
  const steps = { ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowUp: [0, -far], ArrowDown: [0, far] };
  const middle = [mask.width / 2, mask.height / 2].map(Math.round);
  if (event.key in steps) {
    cursor = (cursor ?? middle).map((v, i) => Math.min(Math.max(v + steps[event.key][i], 0), i ? mask.height : mask.width));
    if (stroke) stroke.points.push(cursor);
  } else if (event.key === " " || event.key === "Enter") {
    cursor = cursor ?? middle;
    if (stroke) finish();
    else begin(cursor);
  } else if (event.key === "Escape" && stroke) stroke = null;
  else if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey)) undoButton.click();
  else return;
  event.preventDefault();
  byKeys = true;
  redraw();
  aim();
});
size.addEventListener("input", aim);

// The frame itself is asked of the server, to the pixel; while one scrubs, the browser's own film stands in for it.
const exactFrame = debounce(() => {
  if (!draft.video || !source.paused) return;
  const wanted = url.frame(draft.video.id, draft.frame);
  picture.alt = text("paint.picture", { frame: draft.frame });
  if (picture.getAttribute("src") === wanted) picture.hidden = false;
  else picture.src = wanted;
}, 120);
picture.addEventListener("load", () => (picture.hidden = !source.paused));
const showFrame = () => {
  if (!draft.video) return;
  if (source.paused) {
    const time = timeOf(draft.frame + 0.5);
    if (source.readyState > 0 && Math.abs(source.currentTime - time) > 0.001) source.currentTime = time;
    if (picture.getAttribute("src") !== url.frame(draft.video.id, draft.frame)) picture.hidden = source.readyState > 1;
  } else picture.hidden = true;
  exactFrame();
};
source.addEventListener("loadeddata", showFrame);

const showTools = () => {
  const key = isKey(draft.frame);
  const layer = layerAt(draft.frame);
  whole.setAttribute("aria-pressed", String(draft.whole));
  screen.classList.toggle("is-whole", draft.whole);
  undoButton.disabled = draft.whole || !layer?.items.length;
  clearButton.disabled = !layer && !draft.whole;
  follow.setAttribute("aria-pressed", String(draft.track));
  follow.disabled = draft.whole;
  keep.disabled = draft.whole || !layer || (draft.layers.length < 2 && layer.frame === draft.frame);
  keep.setAttribute("aria-pressed", String(key));
  keep.setAttribute("aria-label", text(key ? "paint.drop" : "paint.keep"));
  check.disabled = !layer && !draft.whole;
  const unseen = draft.track && layer && !followed && !draft.layers.some(({ frame }) => frame === draft.frame);
  screen.classList.toggle("is-unseen", Boolean(unseen));
  const words = draft.whole ? "mask.whole_info" : !layer ? "paint.help" : unseen ? "mask.unseen" : "";
  hint.textContent = words ? text(words) : "";
  hint.hidden = !words;
};
export const setFollowed = (known) => {
  followed = known;
  screen.classList.toggle("is-followed", known);
  showTools();
};
const showVideo = () => {
  const known = facts();
  element.hidden = !known;
  if (!known) return source.removeAttribute("src");
  for (const canvas of [mask, above])
    if (canvas.width !== known.width || canvas.height !== known.height) [canvas.width, canvas.height] = [known.width, known.height];
  screen.style.setProperty("--ratio", known.width / known.height);
  const address = url.content(draft.video.id);
  if (source.getAttribute("src") !== address) {
    picture.hidden = true;
    picture.removeAttribute("src");
    source.src = address;
  }
  return showFrame();
};

export const element = make("section", { class: "canvas", "aria-label": text("step_mask") }, bar, make("div", { class: "stage-place" }, screen, hint));
watch(["video"], showVideo);
watch(["video", "frame"], showFrame);
watch(["video", "frame", "layers", "whole", "track"], () => { redraw(); showTools(); });
export const start = () => { showVideo(); redraw(); showTools(); };

// How it is edited: what matters in sight, the rest unfolded.
import { change, draft, watch } from "./draft.js";
import { make, text } from "./dom.js";
import { problemOf } from "./problems.js";
import { exact } from "./stage.js";

const shows = [];
const field = (name, input, info) => make("label", { class: "field" }, make("span", { class: "field-name" }, text(`look.${name}`)), input, info ? make("span", { class: "hint" }, text(`look.${name}_info`)) : null);
const choice = (name, label, values, words) => {
  const group = make("div", { class: "segments", role: "radiogroup", "aria-label": text(label) });
  const shown = () => {
    const known = values.includes(draft[name]) ? values : [...values, draft[name]];
    group.replaceChildren(...known.map((value) => {
      const input = make("input", { type: "radio", name: `choice-${name}`, value, onchange: () => change({ [name]: value }) });
      input.checked = draft[name] === value;
      return make("label", {}, input, make("span", {}, words(value)));
    }));
  };
  shows.push([name, () => (group.querySelector(`input[value="${CSS.escape(draft[name])}"]`) ? group.querySelectorAll("input").forEach((input) => (input.checked = input.value === draft[name])) : shown())]);
  return make("div", { class: "field" }, make("span", { class: "field-name" }, text(label)), group);
};
const plain = (name, attributes, read) => {
  const input = make(attributes.type === "area" ? "textarea" : "input", attributes);
  input.addEventListener("change", () => change({ [name]: read(input.value) }));
  shows.push([name, () => (input.value = draft[name])]);
  return input;
};
const number = (other, low, high) => (told) => {
  const value = Number(told);
  return told === "" || Number.isNaN(value) ? other : Math.min(high, Math.max(low, value));
};
const preset = (name) => text(`preset.${name}`);

const strength = make("input", { type: "range", min: "0.25", max: "2", step: "0.05", "aria-label": text("look.strength") });
const told = make("output", {});
strength.addEventListener("input", () => change({ strength: Number(strength.value) }));
shows.push(["strength", () => {
  strength.value = draft.strength;
  told.textContent = `× ${draft.strength}`;
}]);
const loop = make("input", { type: "checkbox", onchange: () => change({ loop: loop.checked }) });
shows.push(["loop", () => (loop.checked = draft.loop)]);
const method = make("select", { onchange: () => change({ method: method.value }) },
  ...["soundini", "blended-diffusion", "layered-atlases", "vqgan-clip"].map((name) => make("option", { value: name }, text(`method.${name}`))));
shows.push(["method", () => (method.value = draft.method)]);

const more = make("details", { class: "more" }, make("summary", {}, text("look.more")),
  make("div", { class: "fields" },
    field("seed", plain("seed", { type: "number", min: "0", step: "1" }, (told) => Math.round(number(0, 0, Number.MAX_SAFE_INTEGER)(told))), true),
    field("feather", plain("feather", { type: "number", min: "0", max: "1", step: "0.05" }, (told) => (told === "" ? "" : String(number(0, 0, 1)(told)))), true),
    field("dilate", plain("dilate", { type: "number", min: "-512", max: "512", step: "1" }, number(0, -512, 512))),
    field("method", method)),
  field("settings", plain("settings", { type: "area", rows: "3", spellcheck: "false", placeholder: text("look.settings_hint") }, (told) => told)),
  problemOf("settings", ["settings", "preset", "strength", "dilate", "feather", "seed", "method"], () => (more.open = true)),
  exact);

export const element = make("section", { class: "how", "aria-label": text("step_look") },
  make("div", { class: "fields" },
    choice("preset", "look.preset", ["fast", "quality"], preset),
    make("label", { class: "field strength" }, make("span", { class: "field-name" }, text("look.strength"), told), strength),
    choice("audio", "look.audio", ["guide", "source", "mix", "none"], (value) => text(`audio.${value}`)),
    make("label", { class: "field check" }, loop, make("span", {}, text("look.loop")))),
  more);
for (const [name, show] of shows) watch([name], show);
const appear = () => (element.hidden = !draft.video);
watch(["video"], appear);
export const start = () => {
  appear();
  for (const [, show] of shows) show();
};

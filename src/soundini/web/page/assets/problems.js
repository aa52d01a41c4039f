// What is wrong, told beside the field that it is about; it goes when that field is changed.
import { watch } from "./draft.js";
import { make } from "./dom.js";

const places = new Map();
const OF = { masks: ["box", "ellipse", "whole_frame", "track"], part: ["start", "end", "at", "scope"], settings: ["preset", "strength", "dilate", "feather", "seed", "method"], heard: ["heard_as"] };
const placeOf = (field) => Object.keys(OF).find((name) => OF[name].includes(field)) ?? field;

// Makes the line where what is wrong with a field is told. `fields` are those of the draft that mend it, `open` shows it where it
// is folded away.
export const problemOf = (name, fields, open = () => {}) => {
  const line = make("p", { class: "problem", role: "alert", hidden: true, "data-about": name });
  places.set(name, { line, open });
  watch(fields, () => (line.hidden = true));
  return line;
};

// Tells it, and brings it into sight; false where the field has no place on the page.
export const complain = (field, words) => {
  const place = places.get(placeOf(field));
  if (!place) return false;
  place.open();
  place.line.textContent = words;
  place.line.hidden = !words;
  if (words) place.line.scrollIntoView({ block: "nearest" });
  return true;
};

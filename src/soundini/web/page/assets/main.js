// The page, put together.
import * as check from "./check.js";
import { forget } from "./draft.js";
import { make, text } from "./dom.js";
import * as gallery from "./gallery.js";
import * as hearing from "./hearing.js";
import * as how from "./how.js";
import { refresh } from "./jobs.js";
import * as media from "./media.js";
import * as result from "./result.js";
import * as runbar from "./runbar.js";
import * as stage from "./stage.js";
import * as timeline from "./timeline.js";

const page = document.getElementById("page");
const anew = make("button", { type: "button", class: "link", onclick: forget }, text("anew"));
document.getElementById("top-actions").append(media.recipeButton, anew);
page.replaceChildren(
  make("div", { class: "work" },
    make("div", { class: "work-scroll" }, media.notice, media.welcome, media.element, stage.element, check.element, check.problems, timeline.element, hearing.element, how.element),
    runbar.element),
  make("div", { class: "side" }, result.element, gallery.element),
  gallery.toasts,
  make("div", { class: "drop-veil", "aria-hidden": "true" }, text("drop.here")));
result.start(runbar.run);
stage.start();
timeline.start();
how.start();
runbar.start();
hearing.start();
media.start(() => runbar.run("frame"), result.announce);
refresh();
media.lookAfter();

// A place to drop a file on, or to choose one: it goes to the server by itself, and the page is told its id.
const ICONS = {
  video: "M4 5h11a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2zm15 4.5 3-2v9l-3-2z",
  sound: "M3 10v4h3l5 4V6L6 10zm11-1.5a4.5 4.5 0 0 1 0 7M16.5 6a8 8 0 0 1 0 12",
  recipe: "M6 2h9l4 4v16H6zm8 1v4h4M9 12h7M9 16h7",
};
const { kind, accept, url, language, texts } = props;
const choose = make("input", { type: "file", accept, "aria-label": texts.title, "data-kind": kind });
const title = make("span", { class: "drop-title" });
const facts = make("span", { class: "drop-facts" });
const bar = make("progress", { max: 1, value: 0, hidden: true, "aria-label": texts.sending });
const problem = make("p", { class: "problem", role: "alert", hidden: true });
const zone = make("label", { class: "drop" }, choose, icon(ICONS[kind]), make("span", { class: "drop-words" }, title, facts), bar);
const buttons = make("div", { class: "drop-buttons" });
element.querySelector(".drop-place").append(zone, buttons, problem);

const complain = (words) => {
  problem.textContent = words;
  problem.hidden = !words;
  zone.classList.toggle("is-bad", Boolean(words));
};
const show = () => {
  const held = props.value || {};
  title.textContent = held.label || texts.title;
  facts.textContent = held.label ? held.facts || "" : texts.hint;
  zone.classList.toggle("is-held", Boolean(held.label));
  if (own) own.setAttribute("aria-pressed", String(Boolean(held.own)));
  complain(held.problem || "");
};
const send = (file) => {
  const request = new XMLHttpRequest();
  complain("");
  bar.hidden = false;
  bar.value = 0;
  zone.classList.add("is-busy");
  request.upload.onprogress = (event) => (bar.value = event.loaded / event.total);
  request.onloadend = () => {
    bar.hidden = true;
    zone.classList.remove("is-busy");
    choose.value = "";
    let answer = {};
    try {
      answer = JSON.parse(request.responseText);
    } catch {
      answer = {};
    }
    if (request.status >= 200 && request.status < 300 && answer.id) trigger("upload", { id: answer.id });
    else complain(typeof answer.detail === "string" ? answer.detail : texts.lost);
  };
  request.open("POST", `${url}?${new URLSearchParams({ kind, label: file.name })}`);
  request.setRequestHeader("accept-language", language);
  request.send(file);
};

choose.addEventListener("change", () => choose.files.length && send(choose.files[0]));
for (const name of ["dragenter", "dragover"])
  zone.addEventListener(name, (event) => {
    event.preventDefault();
    zone.classList.add("is-over");
  });
for (const name of ["dragleave", "drop"]) zone.addEventListener(name, () => zone.classList.remove("is-over"));
zone.addEventListener("drop", (event) => {
  event.preventDefault();
  if (event.dataTransfer.files.length) send(event.dataTransfer.files[0]);
});

let own = null;
if (kind === "sound") {
  own = make("button", { type: "button", class: "quiet", "aria-pressed": "false", onclick: () => trigger("select", { own: true }) }, texts.own);
  buttons.append(own);
  if (navigator.mediaDevices && window.MediaRecorder) {
    let recorder = null;
    const record = make("button", { type: "button", class: "quiet", "aria-pressed": "false" }, texts.record);
    const stopped = () => {
      recorder = null;
      record.textContent = texts.record;
      record.setAttribute("aria-pressed", "false");
    };
    record.addEventListener("click", async () => {
      if (recorder) return recorder.stop();
      let stream;
      try {
        stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      } catch {
        return complain(texts.no_microphone);
      }
      const parts = [];
      recorder = new MediaRecorder(stream);
      recorder.ondataavailable = (event) => parts.push(event.data);
      recorder.onstop = () => {
        stream.getTracks().forEach((track) => track.stop());
        send(new File(parts, texts.recording, { type: recorder.mimeType }));
        stopped();
      };
      recorder.start();
      record.textContent = texts.stop;
      record.setAttribute("aria-pressed", "true");
    });
    buttons.append(record);
  }
}
show();
watch("value", show);

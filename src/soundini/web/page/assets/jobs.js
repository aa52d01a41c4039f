// The edits of this visitor. Rows are changed in place, so that whoever stands on one with the keyboard stays there.
const { texts } = props;
const list = element.querySelector(".jobs");
const empty = element.querySelector(".empty");
const rows = new Map();

const row = (id) => {
  const act = (action) => () => trigger("submit", { action, job: id });
  const parts = {
    title: make("button", { type: "button", class: "job-title", onclick: act("show") }),
    badge: make("span", { class: "badge" }),
    detail: make("span", { class: "job-detail" }),
    bar: make("progress", { max: 1, "aria-label": texts.progress }),
    actions: {},
  };
  for (const action of ["cancel", "resume", "delete"])
    parts.actions[action] = make("button", { type: "button", class: "quiet small", onclick: act(action) }, texts[action]);
  parts.node = make("li", { class: "job" },
    make("div", { class: "job-head" }, parts.title, parts.badge), parts.bar,
    make("div", { class: "job-foot" }, parts.detail, make("span", { class: "job-actions" }, ...Object.values(parts.actions))));
  return parts;
};
const show = () => {
  const jobs = props.value || [];
  empty.textContent = texts.none;
  empty.hidden = jobs.length > 0;
  for (const [id, parts] of rows)
    if (!jobs.some((job) => job.id === id)) {
      parts.node.remove();
      rows.delete(id);
    }
  jobs.forEach((job, place) => {
    if (!rows.has(job.id)) rows.set(job.id, row(job.id));
    const parts = rows.get(job.id);
    parts.title.textContent = job.label;
    parts.title.setAttribute("aria-current", String(job.shown));
    parts.badge.textContent = job.word;
    parts.badge.className = `badge is-${job.state}`;
    parts.detail.textContent = job.detail;
    parts.bar.hidden = job.fraction === null;
    if (job.fraction !== null) parts.bar.value = job.fraction;
    parts.node.classList.toggle("is-shown", job.shown);
    for (const [action, button] of Object.entries(parts.actions)) {
      button.hidden = !job.actions.includes(action);
      button.setAttribute("aria-label", `${texts[action]}: ${job.label}`);
    }
    if (list.children[place] !== parts.node) list.insertBefore(parts.node, list.children[place] || null);
  });
};
show();
watch("value", show);

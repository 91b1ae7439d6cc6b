"use strict";

// All texts become text nodes: names and errors come from elsewhere.
function cell(text, kind) {
  const made = document.createElement("td");
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function bars(moments, scale) {
  const space = "http://www.w3.org/2000/svg";
  const drawing = document.createElementNS(space, "svg");
  const height = 20;
  drawing.setAttribute("width", moments.length * 5);
  drawing.setAttribute("height", height);
  moments.forEach((moment, number) => {
    if (moment.mean_s === null && moment.failures === 0) return;
    const share = moment.failures > 0 ? 1 : Math.max(moment.mean_s / scale, 0.05);
    const bar = document.createElementNS(space, "rect");
    bar.setAttribute("x", number * 5);
    bar.setAttribute("y", height * (1 - share));
    bar.setAttribute("width", 4);
    bar.setAttribute("height", height * share);
    if (moment.failures > 0) bar.setAttribute("class", "failed");
    drawing.append(bar);
  });
  const made = document.createElement("td");
  made.append(drawing);
  return made;
}

function show(status) {
  const unserved = status.unserved.map((agent) => `${agent} has no living mirror`).join(", ");
  const facts = document.getElementById("facts");
  facts.textContent = unserved || "Every agent has a living mirror.";
  facts.className = unserved ? "dead" : "living";
  const rows = status.mirrors.map((mirror) => {
    const row = document.createElement("tr");
    const kind = ["living", "failing"].includes(mirror.state) ? mirror.state : "dead";
    row.append(
      cell(mirror.agent),
      cell(mirror.id),
      bars(mirror.moments, status.scale_s || 1),
      cell(mirror.story, kind),
      cell(`${mirror.share.toFixed(0)}%`, "number"),
      cell(mirror.p50_ms, "number"),
      cell(mirror.p99_ms, "number"),
      cell(Object.entries(mirror.failures).map(([name, n]) => `${n} ${name}`).join(", ")),
      cell(mirror.last_error),
    );
    return row;
  });
  document.getElementById("mirrors").replaceChildren(...rows);
  const events = status.events.map((event) => {
    const line = document.createElement("li");
    line.textContent = event;
    return line;
  });
  document.getElementById("events").replaceChildren(...events);
}

async function look() {
  try {
    const answer = await fetch("status.json", { cache: "no-store" });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    show(await answer.json());
  } catch (error) {
    const facts = document.getElementById("facts");
    facts.textContent = `What is shown is old: ${error.message}.`;
    facts.className = "stale";
  }
  setTimeout(look, 1000);
}

look();

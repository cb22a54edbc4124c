
const act = document.getElementById("act");
async function look() {
  try {
    const told = await (await fetch("/messages.json", { cache: "no-store" })).json();
    if (act.textContent !== told.act) act.textContent = told.act;
    for (const [name, value] of Object.entries(told.figures)) document.getElementById(name).textContent = value;
    for (const sign of document.querySelectorAll(".away")) sign.hidden = !told.away.includes(sign.dataset.kind);
    const there = new Set(told.messages.map(m => `m${m.number}`));
    for (const old of document.querySelectorAll(".message")) if (!there.has(old.id)) old.remove();
    for (const message of told.messages) {
      let shown = document.getElementById(`m${message.number}`);
      if (!shown) {
        shown = document.createElement("article");
        shown.className = "message fresh";
        shown.id = `m${message.number}`;
        shown.lang = "nb";
        document.querySelector(`.messages[data-kind="${message.kind}"]`).prepend(shown);
      }
      if (shown.dataset.revision === String(message.revision)) continue;
      shown.dataset.revision = message.revision;
      shown.innerHTML = message.html;
    }
  } catch {
    act.textContent = "The demo has ended; this page shows how it was.";
  }
}
setInterval(look, 1000);

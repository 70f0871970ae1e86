// The page of a generator: samples by seed and class, a walk, and everything between two samples.
"use strict";

const COUNT = 24;
const FIXED = EXPORT.code.categories + EXPORT.code.continuous;
const SECONDS = 2; // from one sample of the walk to the next
let session = null;
let latents = [];
let label = null; // null: all classes in turn
let picked = [];
let walking = false;

const canvases = () => [...byId("samples").querySelectorAll("canvas")];
const labelOf = (index) => (label === null ? index % EXPORT.classes.length : label);
const named = (index) => (EXPORT.classes.length ? `, ${EXPORT.classes[labelOf(index)]}` : "");

function made(vectors, labels) {
  const inputs = { latent: new ort.Tensor("float32", Float32Array.from(vectors.flatMap((v) => [...v])),
    [vectors.length, EXPORT.latentDim]) };
  if (EXPORT.classes.length) {
    inputs.label = new ort.Tensor("int64", BigInt64Array.from(labels.map(BigInt)), [labels.length]);
  }
  return imagesOf(session, inputs);
}

function chooseLatents() {
  const threshold = Number(byId("truncation").value);
  const isCut = threshold < Number(byId("truncation").max);
  byId("threshold").textContent = isCut ? threshold.toFixed(1) : "full";
  const free = latentsOf(byId("seed").value, COUNT, EXPORT.latentDim);
  const values = isCut ? truncated(free, threshold) : free;
  latents = Array.from({ length: COUNT }, (_, i) => values.slice(i * EXPORT.latentDim, (i + 1) * EXPORT.latentDim));
}

/** Draw all samples anew, and what is shown large. */
async function show() {
  chooseLatents();
  const images = await made(latents, latents.map((_, i) => labelOf(i)));
  const seed = byId("seed").value;
  canvases().forEach((canvas, i) => draw(canvas, images[i], `sample ${i + 1} of seed ${seed}${named(i)}`));
  await showPicked();
}

/** Draw the picked sample large, or what lies between two. */
async function showPicked() {
  [...byId("samples").children].forEach((button, i) => button.setAttribute("aria-pressed", picked.includes(i)));
  byId("between").disabled = picked.length < 2;
  const [first = 0, last = first] = picked;
  const share = picked.length < 2 ? 0 : byId("between").value / 100;
  const [image] = await made([between(latents[first], latents[last], share, FIXED)], [labelOf(first)]);
  const words = picked.length < 2 ? `sample ${first + 1}` : `between samples ${first + 1} and ${last + 1}`;
  draw(byId("large"), image, words + named(first));
}

function pick(index) {
  picked = picked.includes(index) ? picked.filter((other) => other !== index) : [...picked.slice(-1), index];
  stop();
  showPicked();
}

function stop() {
  walking = false;
  byId("walk").textContent = "Walk";
}

/** Go from sample to sample until stopped. */
async function walk() {
  if (walking) return stop();
  walking = true;
  byId("walk").textContent = "Stop";
  const start = performance.now();
  while (walking) {
    const place = (performance.now() - start) / 1000 / SECONDS;
    const [first, last] = [Math.floor(place) % COUNT, (Math.floor(place) + 1) % COUNT];
    const vector = between(latents[first], latents[last], place % 1, FIXED);
    const [image] = await made([vector], [labelOf(picked[0] ?? 0)]);
    if (walking) draw(byId("large"), image, `on the way from sample ${first + 1} to sample ${last + 1}`);
    await new Promise(requestAnimationFrame);
  }
}

/** A button for each class by its name, and one for all. */
function addClasses() {
  if (EXPORT.classes.length === 0) return;
  ["all", ...EXPORT.classes].forEach((name, index) => {
    const button = document.createElement("button");
    button.textContent = name;
    button.setAttribute("aria-pressed", index === 0);
    button.onclick = () => {
      label = index === 0 ? null : index - 1;
      [...byId("classes").children].forEach((one) => one.setAttribute("aria-pressed", one === button));
      show();
    };
    byId("classes").append(button);
  });
}

function addSamples() {
  for (let index = 0; index < COUNT; index++) {
    const button = document.createElement("button");
    button.append(Object.assign(document.createElement("canvas"), { width: WIDTH, height: HEIGHT }));
    button.onclick = () => pick(index);
    byId("samples").append(button);
  }
}

begin(async () => {
  addClasses();
  addSamples();
  byId("truncation").value = EXPORT.truncation ?? byId("truncation").max;
  byId("seed").onchange = byId("truncation").oninput = show;
  byId("next").onclick = () => {
    byId("seed").stepUp();
    show();
  };
  byId("between").oninput = () => (stop(), showPicked());
  byId("walk").onclick = walk;
  byId("save").onclick = () => save(canvases(), 8, `seed-${byId("seed").value}.png`);
  byId("save-large").onclick = () => save([byId("large")], 1, "sample.png");
  session = await opened("generator");
  await show();
});

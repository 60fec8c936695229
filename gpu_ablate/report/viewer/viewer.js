// The interactive 3D view: what is shown, words over the picture, controls, camera.
"use strict";
(() => {
  const LAYERS = 8; // translucent surfaces in line that are shown exactly
  const REST_MS = 180; // so long after the last movement the picture is drawn finely
  const STILL_MS = 400, MOVING_MS = 60; // where a plain picture takes longer, the still one and the moving one are rougher
  const STEP_MS = 700; // each time when playing

  const section = document.getElementById("viewer");
  const facts = JSON.parse(document.getElementById("viewer-facts").textContent);
  const words = facts.words;
  const find = (name) => section.querySelector(name);
  const canvas = find("canvas"), overlay = find(".viewer-overlay"), stage = find(".viewer-stage");
  const make = (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };
  const drawing = drawingOn(canvas, facts);
  if (!drawing) {
    find(".viewer-missing").hidden = false;
    return;
  }
  const heightNow = () => drawing.heightOf(state);

  // ---- what is shown
  const fresh = () => ({ ...facts.cameras[0], labels: true, banded: false, time: facts.times.length - 1,
    layers: facts.layers.map(({ shown, opacity }) => ({ shown, opacity })) });
  let state = fresh(), waiting = 0, rest = 0, moving = false, playing = 0;

  // ---- drawing; samples: pixels drawn for each shown, across
  let still = { samples: 1, layers: LAYERS }, rough = still;
  const measure = () => { // how fast this machine draws: the second picture, as the first one loads everything
    for (let i = 0, began; i < 2; i++) {
      began = performance.now();
      drawing.draw(state, 1, LAYERS);
      drawing.wait();
      const ms = performance.now() - began;
      still = { samples: ms > STILL_MS ? 1 : 2, layers: LAYERS };
      rough = ms > MOVING_MS ? { samples: 0.5, layers: LAYERS / 2 } : { samples: 1, layers: LAYERS };
    }
  };
  const draw = () => {
    waiting = 0;
    const { samples, layers } = moving ? rough : still;
    drawing.draw(state, samples, layers);
    annotate();
    if (moving) rest = setTimeout(() => { moving = false; redraw(); }, REST_MS);
    else section.dataset.picture = "still";
  };
  const redraw = () => {
    clearTimeout(rest);
    section.dataset.picture = "changing";
    if (!waiting) waiting = requestAnimationFrame(draw);
  };
  const move = () => { moving = true; redraw(); };

  // ---- words over the picture
  const onScreen = (point) => {
    const away = add(point, state.focus_mm, -1), pixels = canvas.clientHeight / heightNow();
    return [canvas.clientWidth / 2 + dot(away, rightOf(state)) * pixels, canvas.clientHeight / 2 - dot(away, state.up) * pixels];
  };
  const seen = ([x, y], rim) => x > rim && y > rim && x < canvas.clientWidth - rim && y < canvas.clientHeight - rim;
  const put = (kind, text, [x, y]) => {
    const word = make("span", { class: kind }, text);
    word.style.left = `${x}px`;
    word.style.top = `${y}px`;
    overlay.append(word);
  };
  const annotate = () => {
    overlay.replaceChildren();
    const wide = canvas.clientWidth, high = canvas.clientHeight, right = rightOf(state), pixels = high / heightNow();
    const length = [5, 10, 20, 50, 100].find((mm) => mm * pixels >= 0.1 * wide) || 100;
    const bar = make("span", { class: "bar" }, `${length} mm`);
    bar.style.width = `${length * pixels}px`;
    overlay.append(bar);
    const corner = [58, high - 62];
    const arrows = facts.axes.map((ends, k) => ({ ends, across: right[k], rise: state.up[k] }));
    for (const { ends, across, rise } of arrows) {
      const size = Math.hypot(across, rise);
      if (size < 0.25) continue;
      const arrow = make("i", { class: "arrow" });
      arrow.style.cssText = `left:${corner[0]}px;top:${corner[1]}px;width:${34 * size}px;transform:rotate(${Math.atan2(-rise, across)}rad)`;
      overlay.append(arrow);
      put("axis", ends[1], [corner[0] + 34 * across + (12 * across) / size, corner[1] - 34 * rise - (12 * rise) / size]);
    }
    if (facts.axes[0][0]) { // a patient: letters at the edges, as on every scan
      const most = (key) => arrows.reduce((a, b) => (Math.abs(b[key]) > Math.abs(a[key]) ? b : a));
      const [side, top] = [most("across"), most("rise")];
      const ends = (axis, value) => (value > 0 ? [axis.ends[1], axis.ends[0]] : axis.ends);
      const [r, l] = ends(side, side.across), [t, b] = ends(top, top.rise);
      put("edge", r, [wide - 16, high / 2]);
      put("edge", l, [16, high / 2]);
      put("edge", t, [wide / 2, 16]);
      put("edge", b, [wide / 2, high - 34]);
    }
    if (!state.labels) return;
    for (const { text, at_mm, kind } of facts.marks) {
      const [x, y] = onScreen(at_mm);
      if (!seen([x, y], 8)) continue;
      put(kind, kind === "station" ? text : "", [x, y]);
      if (kind !== "station") put("words", text, [x, y + (y > high / 2 ? 22 : -22)]);
    }
    const taken = [], shafts = facts.layers.flatMap(({ group }, i) => (group === "needle" ? [state.layers[i].shown] : []));
    facts.needles.forEach(({ name, lines_mm }, i) => {
      const line = lines_mm[state.time];
      if (!line || !shafts[i]) return;
      for (let share = 1; share > 0; share -= 0.01) { // as far out as is seen, and free of other names
        const at = onScreen(add(line[0].map((v) => v * (1 - share)), line[1], share));
        if (!seen(at, 30) || taken.some((other) => Math.abs(other[0] - at[0]) < 30 && Math.abs(other[1] - at[1]) < 22)) continue;
        put("needle", name, at);
        taken.push(at);
        break;
      }
    });
  };

  // ---- controls
  const listen = (element, kind, act) => element.addEventListener(kind, act);
  const slider = find(".viewer-time"), told = find(".viewer-told"), play = find(".viewer-play");
  const rows = [], bandsBox = find(".viewer-banded"), labelsBox = find(".viewer-labels");
  const showTime = () => {
    const i = state.time, doing = facts.doing[i];
    told.textContent = doing ? `${facts.times[i]} · ${doing}` : facts.times[i];
    slider.value = i;
    slider.setAttribute("aria-valuetext", told.textContent);
    rows.forEach(({ row, layer, name }) => {
      const absent = layer.meshes.length > 1 && layer.meshes[i] < 0;
      row.classList.toggle("absent", absent);
      name.textContent = absent ? `${layer.label} – ${words.absent}` : layer.label;
    });
  };
  const show = () => { // the controls as the state says
    rows.forEach(({ box, range }, i) => { box.checked = state.layers[i].shown; range.value = Math.round(100 * state.layers[i].opacity); });
    bandsBox.checked = state.banded;
    labelsBox.checked = state.labels;
    find(".viewer-bands").hidden = !state.banded;
    showTime();
  };
  const stop = () => { clearInterval(playing); playing = 0; play.textContent = `▶ ${words.play}`; };
  const toTime = (i) => { state.time = i; showTime(); redraw(); };
  const lists = {};
  facts.layers.forEach((layer, i) => {
    const id = `viewer-layer-${i}`, box = make("input", { type: "checkbox", id });
    const range = make("input", { type: "range", min: 0, max: 100, "aria-label": `${words.opacity}: ${layer.label}` });
    const swatch = make("i", { class: "swatch" });
    swatch.style.background = layer.colour;
    const name = make("label", { for: id }), row = make("div", { class: "viewer-layer" }, box, swatch, name, range);
    rows.push({ box, range, row, layer, name });
    listen(box, "change", () => { state.layers[i].shown = box.checked; redraw(); });
    listen(range, "input", () => { state.layers[i].opacity = range.value / 100; move(); });
    lists[layer.group] ||= find(".viewer-layers").appendChild(make("fieldset", {}, make("legend", {}, words[layer.group])));
    lists[layer.group].append(row);
  });
  facts.bands.forEach(({ colour, label }) => {
    const swatch = make("i", { class: "swatch" });
    swatch.style.background = colour;
    find(".viewer-bands").append(make("span", {}, swatch, label));
  });
  find(".viewer-margin").hidden = !facts.layers.some((layer) => layer.margins);
  find(".viewer-clock").hidden = facts.times.length < 2;
  slider.max = facts.times.length - 1;
  listen(slider, "input", () => { stop(); toTime(Number(slider.value)); });
  listen(play, "click", () => {
    if (playing) return stop();
    if (state.time === facts.times.length - 1) toTime(0);
    play.textContent = `❚❚ ${words.pause}`;
    playing = setInterval(() => {
      toTime(state.time + 1);
      if (state.time === facts.times.length - 1) stop();
    }, STEP_MS);
  });
  listen(bandsBox, "change", () => { // the colours of margins are read without the killed tissue in front
    state.banded = bandsBox.checked;
    facts.layers.forEach(({ group, shown }, i) => {
      if (group === "zone" || group === "temperature") state.layers[i].shown = shown && !state.banded;
    });
    show();
    redraw();
  });
  listen(labelsBox, "change", () => { state.labels = labelsBox.checked; redraw(); });
  section.querySelectorAll("button[data-camera]").forEach((button) => listen(button, "click", () => {
    Object.assign(state, facts.cameras[Number(button.dataset.camera)]);
    redraw();
  }));
  listen(find(".viewer-reset"), "click", () => { stop(); state = fresh(); show(); redraw(); });

  // ---- camera by pointer and keys
  const turn = (across, rise) => {
    state.towards = turned(state.towards, state.up, -across);
    const right = unit(rightOf(state));
    state.towards = unit(turned(state.towards, right, -rise));
    state.up = cross(state.towards, right);
    move();
  };
  const slide = (across, rise) => {
    const mm = heightNow() / canvas.clientHeight;
    state.focus_mm = add(add(state.focus_mm, rightOf(state), -across * mm), state.up, rise * mm);
    move();
  };
  const zoom = (factor) => { state.height_mm = Math.min(2000, Math.max(4, state.height_mm * factor)); move(); };
  const held = new Map();
  listen(canvas, "pointerdown", (event) => {
    held.set(event.pointerId, [event.clientX, event.clientY]);
    canvas.setPointerCapture(event.pointerId);
  });
  for (const kind of ["pointerup", "pointercancel"]) listen(canvas, kind, (event) => held.delete(event.pointerId));
  listen(canvas, "pointermove", (event) => {
    const last = held.get(event.pointerId);
    if (!last) return;
    const [across, rise] = [event.clientX - last[0], event.clientY - last[1]];
    const others = [...held.entries()].filter(([id]) => id !== event.pointerId);
    if (others.length) { // two fingers: closer or farther, and along
      const apart = ([x, y]) => Math.hypot(x - others[0][1][0], y - others[0][1][1]);
      zoom(apart(last) / Math.max(1, apart([event.clientX, event.clientY])));
      slide(across / 2, rise / 2);
    } else if (event.shiftKey || event.buttons & 6) slide(across, rise);
    else turn(across * 0.01, rise * 0.01);
    held.set(event.pointerId, [event.clientX, event.clientY]);
  });
  listen(canvas, "contextmenu", (event) => event.preventDefault());
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && document.activeElement !== canvas) return; // the page scrolls on until the picture is chosen
    event.preventDefault();
    zoom(Math.exp(0.0012 * event.deltaY));
  }, { passive: false });
  const keys = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  listen(canvas, "keydown", (event) => {
    if (keys[event.key]) {
      const [across, rise] = keys[event.key];
      event.shiftKey ? slide(20 * across, 20 * rise) : turn(0.12 * across, 0.12 * rise);
    } else if (event.key === "+" || event.key === "=") zoom(0.9);
    else if (event.key === "-") zoom(1 / 0.9);
    else if (event.key === "Home") { Object.assign(state, facts.cameras[0]); redraw(); }
    else return;
    event.preventDefault();
  });
  listen(canvas, "webglcontextlost", () => { stage.hidden = true; find(".viewer-missing").hidden = false; });

  drawing.unpack(document.getElementById("viewer-meshes").textContent.trim()).then(() => {
    stage.hidden = false;
    show();
    measure();
    new ResizeObserver(redraw).observe(canvas);
  });
})();

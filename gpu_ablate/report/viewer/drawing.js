// Draws translucent surfaces in the order of their depth, with WebGL 2: of all that a pixel sees, the solid surfaces
// first, then one layer after the other from the front (depth peeling, Everitt 2001). No library, no network.
"use strict";

// ---- vectors
const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
const add = (a, b, s = 1) => [a[0] + s * b[0], a[1] + s * b[1], a[2] + s * b[2]];
const unit = (a) => a.map((v) => v / Math.hypot(...a));
const turned = (a, axis, angle) => {
  const part = add(a.map((v) => v * Math.cos(angle)), cross(axis, a), Math.sin(angle));
  return add(part, axis, dot(axis, a) * (1 - Math.cos(angle)));
};
const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255);
const rightOf = ({ up, towards }) => cross(up, towards);

// The drawing of the facts on a canvas; null where the browser can't.
function drawingOn(canvas, facts) {
  const VERTEX = `#version 300 es
    in vec3 place; in vec3 normal; in float margin;
    uniform vec3 low, focus, right, up, towards; uniform float step_mm; uniform vec3 scale;
    out vec3 facing; out float margin_mm; uniform float margin_step, margin_zero;
    void main() {
      vec3 away = low + step_mm * place - focus;
      gl_Position = vec4(dot(away, right) * scale.x, dot(away, up) * scale.y, -dot(away, towards) * scale.z, 1.0);
      facing = vec3(dot(normal, right), dot(normal, up), dot(normal, towards));
      margin_mm = (margin - margin_zero) * margin_step;
    }`;
  const SURFACE = `#version 300 es
    precision highp float; precision highp sampler2D;
    in vec3 facing; in float margin_mm;
    uniform sampler2D nearer; uniform bool peeled, lit, banded;
    uniform vec3 colour; uniform float opacity; uniform vec3 band_colours[8]; uniform float band_ends[8];
    out vec4 drawn;
    void main() {
      if (peeled && gl_FragCoord.z <= texelFetch(nearer, ivec2(gl_FragCoord.xy), 0).r) discard;
      vec3 own = colour;
      if (banded) for (int i = 7; i >= 0; i--) if (margin_mm < band_ends[i]) own = band_colours[i];
      float alpha = opacity;
      if (lit) {
        vec3 n = normalize(facing); n = n.z < 0.0 ? -n : n;
        float light = max(dot(n, normalize(vec3(-0.35, 0.5, 1.0))), 0.0);
        own *= banded ? 0.75 + 0.3 * light : 0.5 + 0.55 * light;
        if (alpha < 1.0) alpha = mix(alpha, min(1.0, 2.2 * alpha), pow(1.0 - n.z, 3.0)); // shells show their rims
      }
      drawn = vec4(min(own, 1.0) * alpha, alpha);
    }`;
  const SCREEN = `#version 300 es
    void main() { gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0, 0.0, 1.0); }`;
  const COPY = `#version 300 es
    precision highp float; uniform sampler2D layer; out vec4 drawn;
    void main() { drawn = texelFetch(layer, ivec2(gl_FragCoord.xy), 0); }`;
  const BLEND = `#version 300 es
    precision highp float; uniform sampler2D peels, solid; uniform vec2 size; out vec4 drawn;
    void main() {
      vec2 at = gl_FragCoord.xy / size; vec4 front = texture(peels, at);
      drawn = vec4(front.rgb + (1.0 - front.a) * texture(solid, at).rgb, 1.0);
    }`;

  const gl = canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false });
  if (!gl || typeof DecompressionStream === "undefined") return null;
  let meshes = [], targets = null;

  // ---- programs, buffers, meshes
  const program = (vertex, fragment, names = []) => {
    const made = gl.createProgram();
    for (const [kind, text] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(made, shader);
    }
    names.forEach((name, i) => gl.bindAttribLocation(made, i, name));
    gl.linkProgram(made);
    if (!gl.getProgramParameter(made, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(made));
    const at = {};
    for (let i = 0; i < gl.getProgramParameter(made, gl.ACTIVE_UNIFORMS); i++) {
      const { name } = gl.getActiveUniform(made, i);
      at[name.replace("[0]", "")] = gl.getUniformLocation(made, name);
    }
    return { made, at };
  };
  const surface = program(VERTEX, SURFACE, ["place", "normal", "margin"]);
  const copy = program(SCREEN, COPY), blend = program(SCREEN, BLEND);
  const fine = Boolean(gl.getExtension("EXT_color_buffer_float"));

  const normalsOf = (points, corners) => {
    const sums = new Float32Array(points.length), normals = new Int8Array((points.length / 3) * 4);
    for (let i = 0; i < corners.length; i += 3) {
      const [a, b, c] = [corners[i] * 3, corners[i + 1] * 3, corners[i + 2] * 3];
      const u = [0, 1, 2].map((k) => points[b + k] - points[a + k]), v = [0, 1, 2].map((k) => points[c + k] - points[a + k]);
      const n = cross(u, v);
      for (const at of [a, b, c]) for (let k = 0; k < 3; k++) sums[at + k] += n[k];
    }
    for (let i = 0; i < sums.length; i += 3) {
      const length = Math.hypot(sums[i], sums[i + 1], sums[i + 2]) || 1;
      for (let k = 0; k < 3; k++) normals[(i / 3) * 4 + k] = Math.round((127 * sums[i + k]) / length);
    }
    return normals;
  };
  const unpack = async (text64) => {
    const text = atob(text64);
    const bytes = Uint8Array.from(text, (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    const planes = new Uint8Array(await new Response(stream).arrayBuffer());
    const half = planes.length / 2;
    let from = 0;
    const read = (count) => {
      const numbers = new Uint16Array(count);
      for (let i = 0, last = 0; i < count; i++, from++) numbers[i] = last = (last + planes[from] + 256 * planes[half + from]) & 65535;
      return numbers;
    };
    meshes = facts.packed.meshes.map(([count, triangles, banded]) => {
      const columns = [read(count), read(count), read(count)], corners = read(3 * triangles);
      const points = new Uint16Array(3 * count);
      columns.forEach((column, k) => column.forEach((value, i) => (points[3 * i + k] = value)));
      return { points, corners, margins: banded ? read(count) : null, buffers: null };
    });
  };
  const buffersOf = (mesh) => {
    if (mesh.buffers) return mesh.buffers;
    mesh.buffers = gl.createVertexArray();
    gl.bindVertexArray(mesh.buffers);
    const feed = (place, data, size, kind, normalised, stride) => {
      gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
      gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, size, kind, normalised, stride, 0);
    };
    feed(0, mesh.points, 3, gl.UNSIGNED_SHORT, false, 6);
    feed(1, normalsOf(mesh.points, mesh.corners), 3, gl.BYTE, true, 4);
    if (mesh.margins) feed(2, mesh.margins, 1, gl.UNSIGNED_SHORT, false, 2);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, mesh.corners, gl.STATIC_DRAW);
    return mesh.buffers;
  };

  // ---- drawing
  const texture = (internal, format, kind, wide, high, filter) => {
    const made = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, made);
    gl.texImage2D(gl.TEXTURE_2D, 0, internal, wide, high, 0, format, kind, null);
    for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, name, filter);
    for (const name of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, name, gl.CLAMP_TO_EDGE);
    return made;
  };
  const target = (wide, high, deep, internal = gl.RGBA8, kind = gl.UNSIGNED_BYTE) => {
    const frame = gl.createFramebuffer(), colour = texture(internal, gl.RGBA, kind, wide, high, gl.LINEAR);
    const depth = deep && texture(gl.DEPTH_COMPONENT32F, gl.DEPTH_COMPONENT, gl.FLOAT, wide, high, gl.NEAREST);
    gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, colour, 0);
    if (deep) gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.DEPTH_ATTACHMENT, gl.TEXTURE_2D, depth, 0);
    return { frame, colour, depth };
  };
  const targetsFor = (wide, high) => {
    if (targets && targets.wide === wide && targets.high === high) return targets;
    for (const old of targets ? targets.all : []) {
      gl.deleteFramebuffer(old.frame);
      gl.deleteTexture(old.colour);
      if (old.depth) gl.deleteTexture(old.depth);
    }
    const all = [0, 1, 2, 3].map(() => target(wide, high, true));
    all.push(fine ? target(wide, high, false, gl.RGBA16F, gl.HALF_FLOAT) : target(wide, high, false));
    const [solid, none, first, second, peels] = all;
    targets = { wide, high, all, solid, none, pair: [first, second], peels };
    return targets;
  };

  const heightOf = (state) => state.height_mm * Math.max(1, facts.aspect / (canvas.clientWidth / canvas.clientHeight));

  const drawLayers = (state, solid) => {
    const { at } = surface;
    gl.uniform1i(at.peeled, solid ? 0 : 1);
    facts.layers.forEach((layer, i) => {
      const { shown, opacity } = state.layers[i];
      const mesh = meshes[layer.meshes[Math.min(state.time, layer.meshes.length - 1)]];
      if (!shown || !mesh || opacity === 0 || opacity >= 1 !== solid) return;
      gl.bindVertexArray(buffersOf(mesh));
      gl.uniform1i(at.lit, layer.lit ? 1 : 0);
      gl.uniform1i(at.banded, state.banded && mesh.margins ? 1 : 0);
      gl.uniform3fv(at.colour, rgb(layer.colour));
      gl.uniform1f(at.opacity, opacity);
      gl.drawElements(gl.TRIANGLES, mesh.corners.length, gl.UNSIGNED_SHORT, 0);
    });
  };
  const begin = ({ frame }, colour) => {
    gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
    gl.clearColor(...colour);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
  };
  const look = (state) => {
    const { at } = surface, high = heightOf(state), { packed } = facts;
    gl.useProgram(surface.made);
    for (const [name, value] of Object.entries({ low: packed.low_mm, focus: state.focus_mm, right: rightOf(state),
      up: state.up, towards: state.towards })) gl.uniform3fv(at[name], value);
    const aspect = canvas.clientWidth / canvas.clientHeight;
    gl.uniform3f(at.scale, 2 / (high * aspect), 2 / high, 1 / packed.reach_mm);
    gl.uniform1f(at.step_mm, packed.step_mm);
    gl.uniform1f(at.margin_step, packed.margin_step_mm);
    gl.uniform1f(at.margin_zero, packed.margin_zero);
    const bands = [...Array(8).keys()].map((i) => facts.bands[Math.min(i, facts.bands.length - 1)]);
    gl.uniform1fv(at.band_ends, bands.map((band) => (band.below_mm === null ? 1e9 : band.below_mm)));
    gl.uniform3fv(at.band_colours, bands.flatMap((band) => rgb(band.colour)));
    gl.uniform1i(at.nearer, 0);
  };
  // samples: pixels drawn for each shown, across; layers: translucent surfaces in line that are drawn
  const draw = (state, samples, layers) => {
    const pixel = window.devicePixelRatio || 1;
    canvas.width = Math.round(canvas.clientWidth * pixel);
    canvas.height = Math.round(canvas.clientHeight * pixel);
    const wide = Math.max(1, Math.round(canvas.width * samples)), high = Math.max(1, Math.round(canvas.height * samples));
    const { solid, none, pair, peels } = targetsFor(wide, high);
    gl.viewport(0, 0, wide, high);
    gl.enable(gl.DEPTH_TEST);
    gl.depthFunc(gl.LESS);
    gl.disable(gl.BLEND);
    look(state);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, pair[0].depth);
    begin(solid, [...rgb(facts.paper), 1]);
    drawLayers(state, true);
    gl.clearDepth(0);
    begin(none, [0, 0, 0, 0]);
    gl.clearDepth(1);
    begin(peels, [0, 0, 0, 0]);
    // Each round draws, of what lies behind the round before and before all solid surfaces, what is nearest.
    for (let round = 0; round < layers; round++) {
      const here = pair[round % 2], before = round ? pair[1 - (round % 2)] : none;
      begin(here, [0, 0, 0, 0]);
      gl.bindFramebuffer(gl.READ_FRAMEBUFFER, solid.frame);
      gl.blitFramebuffer(0, 0, wide, high, 0, 0, wide, high, gl.DEPTH_BUFFER_BIT, gl.NEAREST);
      gl.useProgram(surface.made);
      gl.bindTexture(gl.TEXTURE_2D, before.depth);
      drawLayers(state, false);
      gl.bindVertexArray(null);
      gl.bindFramebuffer(gl.FRAMEBUFFER, peels.frame);
      gl.useProgram(copy.made);
      gl.bindTexture(gl.TEXTURE_2D, here.colour);
      gl.enable(gl.BLEND);
      gl.disable(gl.DEPTH_TEST);
      gl.blendFunc(gl.ONE_MINUS_DST_ALPHA, gl.ONE);
      gl.drawArrays(gl.TRIANGLES, 0, 3);
      gl.disable(gl.BLEND);
      gl.enable(gl.DEPTH_TEST);
    }
    gl.disable(gl.DEPTH_TEST);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.useProgram(blend.made);
    gl.uniform1i(blend.at.peels, 0);
    gl.uniform1i(blend.at.solid, 1);
    gl.uniform2f(blend.at.size, canvas.width, canvas.height);
    gl.bindTexture(gl.TEXTURE_2D, peels.colour);
    gl.activeTexture(gl.TEXTURE1);
    gl.bindTexture(gl.TEXTURE_2D, solid.colour);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  };
  const wait = () => gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4)); // until all is drawn
  return { draw, wait, unpack, heightOf };
}

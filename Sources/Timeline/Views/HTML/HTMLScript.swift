/// The script of the page, in the order in which it runs: data and view, then drawing.
enum HTMLScript {
  static let model = #"""
    'use strict';
    const $ = id => document.getElementById(id);
    const data = JSON.parse($('data').textContent);
    // What would be hidden, or would turn text around, is shown as an escape.
    const hidden = new RegExp('[\\u0000-\\u001f\\u007f-\\u009f\\u061c\\u180e\\u200b\\u200e\\u200f'
      + '\\u2028-\\u202e\\u2060-\\u206f\\ufeff]', 'g');
    const clean = s => s.replace(hidden, c => '\\u{' + c.charCodeAt(0).toString(16) + '}');
    const strings = data.strings.map(clean);
    const lowered = strings.map(s => s.toLowerCase());
    const text = n => n < 0 ? '' : strings[n];

    const lanes = data.lanes.map((l, i) => ({
      number: i, name: text(l[0]), pid: l[1], parent: l[2], depth: l[3], began: l[4], ended: l[5],
      hasEnded: l[6] === 1, ending: text(l[7]), isProgram: l[8] === 1, lost: l[9], children: 0,
      title: (text(l[0]) + ' (' + l[1] + ')').trim()
    }));
    for (const lane of lanes) if (lane.parent >= 0) lanes[lane.parent].children++;

    // Columns of numbers: a hundred thousand objects would take longer to draw.
    function spansOf(flat) {
      const n = flat.length / 5, o = {n, start: new Float64Array(n), end: new Float64Array(n),
        state: new Uint8Array(n), label: new Int32Array(n), place: new Int32Array(n)};
      let t = 0;
      for (let i = 0, k = 0; i < n; i++) {
        o.start[i] = t += flat[k++]; o.end[i] = t += flat[k++];
        o.state[i] = flat[k++]; o.label[i] = flat[k++]; o.place[i] = flat[k++];
      }
      return o;
    }
    function pointsOf(flat) {
      const n = flat.length / 4, o = {n, time: new Float64Array(n), label: new Int32Array(n),
        value: new Int32Array(n), place: new Int32Array(n)};
      let t = 0;
      for (let i = 0, k = 0; i < n; i++) {
        o.time[i] = t += flat[k++]; o.label[i] = flat[k++]; o.value[i] = flat[k++];
        o.place[i] = flat[k++];
      }
      return o;
    }
    lanes.forEach((lane, i) => {
      lane.spans = spansOf(data.spans[i]);
      lane.tasks = spansOf(data.tasks[i]);
      lane.points = pointsOf(data.points[i]);
    });
    const arrows = (flat => {
      const n = flat.length / 10, o = {n, kind: new Uint8Array(n), fromLane: new Int32Array(n),
        toLane: new Int32Array(n), from: new Float64Array(n), to: new Float64Array(n),
        label: new Int32Array(n), value: new Int32Array(n), fromPlace: new Int32Array(n),
        toPlace: new Int32Array(n), count: new Float64Array(n)};
      let t = 0;
      for (let i = 0, k = 0; i < n; i++) {
        o.kind[i] = flat[k++]; o.fromLane[i] = flat[k++]; o.toLane[i] = flat[k++];
        o.to[i] = t += flat[k++]; o.from[i] = t - flat[k++]; o.label[i] = flat[k++];
        o.value[i] = flat[k++]; o.fromPlace[i] = flat[k++]; o.toPlace[i] = flat[k++];
        o.count[i] = flat[k++];
      }
      return o;
    })(data.arrows);
    const marks = data.marks.map(m => ({time: m[0], text: text(m[1])}));

    function time(ns) {
      if (ns < 0) return '-' + time(-ns);
      if (ns === 0) return '0s';
      const [unit, name] = ns < 1e3 ? [1, 'ns'] : ns < 1e6 ? [1e3, 'µs'] : ns < 1e9 ? [1e6, 'ms']
        : [1e9, 's'];
      const v = ns / unit;
      return Number(v.toFixed(v >= 1000 ? 0 : v >= 100 ? 1 : v >= 10 ? 2 : 3)) + name;
    }

    // What is shown: a part of the time, and the lanes that are not folded away.
    const duration = Math.max(1, data.duration);
    const rowHeight = 28, axisHeight = 34;
    const view = {begin: 0, end: duration, top: 0};
    const folded = new Set();
    let rows = [], rowOf = new Int32Array(lanes.length), picked = null;
    function arrange() {
      rows = [];
      lanes.forEach((lane, i) => {
        const up = lane.parent;
        lane.isHidden = up >= 0 && (lanes[up].isHidden || folded.has(up));
        // Arrows of a lane that is folded away go to the one that hides it.
        if (lane.isHidden) rowOf[i] = rowOf[up];
        else { rowOf[i] = rows.length; rows.push(i); }
      });
    }
    function showAll() {
      const edge = duration * 0.015;
      view.begin = -edge; view.end = duration + edge; view.top = 0;
    }
    arrange();
    showAll();

    """#

  static let drawing = #"""
    const canvas = $('canvas'), pen = canvas.getContext('2d');
    let width = 0, height = 0, margin = 0, colors = {}, isDue = false;
    const font = '12px system-ui, sans-serif', small = '11px system-ui, sans-serif';
    function readColors() {
      const style = getComputedStyle(document.documentElement);
      for (const name of ['page', 'text', 'soft', 'line', 'panel', 'pick', 'in', 'mark', 'find',
        's0', 's1', 's2', 's3', 'a0', 'a1', 'a2', 'a3', 'a4'])
        colors[name] = style.getPropertyValue('--' + name).trim();
    }
    const x = t => margin + (t - view.begin) / (view.end - view.begin) * (width - margin);
    const timeAt = px => view.begin + (px - margin) / (width - margin) * (view.end - view.begin);
    const yOf = row => axisHeight + row * rowHeight - view.top + rowHeight / 2;

    function limit() {
      const least = Math.min(200, duration);
      let span = Math.min(Math.max(view.end - view.begin, least), duration * 1.2);
      const middle = (view.begin + view.end) / 2;
      view.begin = middle - span / 2;
      view.begin = Math.max(-span * 0.5, Math.min(duration - span * 0.5, view.begin));
      view.end = view.begin + span;
      view.top = Math.max(0, Math.min(rows.length * rowHeight + axisHeight + 8 - height, view.top));
    }
    function redraw() {
      if (isDue) return;
      isDue = true;
      requestAnimationFrame(() => { isDue = false; draw(); });
    }
    function resize() {
      const box = $('stage').getBoundingClientRect(), ratio = window.devicePixelRatio || 1;
      width = box.width; height = box.height;
      margin = Math.round(Math.min(230, width * 0.3));
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      redraw();
    }
    // The beginning of a text that fits; measured by parts, since a name may be long.
    function fitted(s, room) {
      if (pen.measureText(s).width <= room) return s;
      let low = 0, high = Math.min(s.length, 200);
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (pen.measureText(s.slice(0, middle) + '…').width <= room) low = middle;
        else high = middle - 1;
      }
      return low ? s.slice(0, low) + '…' : '';
    }
    function firstAfter(ends, n, t) {
      let low = 0, high = n;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (ends[middle] < t) low = middle + 1; else high = middle;
      }
      return low;
    }

    function drawAxis() {
      const span = view.end - view.begin, least = span * 90 / Math.max(90, width - margin);
      let step = Math.pow(10, Math.floor(Math.log10(least)));
      step *= least <= step ? 1 : least <= 2 * step ? 2 : least <= 5 * step ? 5 : 10;
      step = Math.max(1, step);
      pen.font = small; pen.textAlign = 'center'; pen.lineWidth = 1;
      for (let t = Math.max(0, Math.ceil(view.begin / step)) * step;
        t <= Math.min(view.end, duration); t += step) {
        const px = Math.round(x(t)) + 0.5;
        pen.strokeStyle = colors.line;
        pen.beginPath(); pen.moveTo(px, axisHeight - 6); pen.lineTo(px, height); pen.stroke();
        pen.fillStyle = colors.soft;
        if (px > margin + 14) pen.fillText(time(t), px, 14);
      }
      pen.textAlign = 'left';
    }
    function drawMarks() {
      let last = -1e9;
      pen.font = small;
      for (const mark of marks) {
        if (mark.time < view.begin || mark.time > view.end) continue;
        const px = Math.round(x(mark.time)) + 0.5;
        if (px - last < 2) continue;
        pen.strokeStyle = pen.fillStyle = colors.mark;
        pen.setLineDash([3, 3]);
        pen.beginPath(); pen.moveTo(px, axisHeight - 8); pen.lineTo(px, height); pen.stroke();
        pen.setLineDash([]);
        const label = fitted(mark.text, 140), isLast = px + 6 + pen.measureText(label).width > width;
        if (px - last > 40) {
          pen.textAlign = isLast ? 'right' : 'left';
          pen.fillText(label, isLast ? px - 3 : px + 3, 27);
        }
        last = px;
      }
      pen.textAlign = 'left';
    }
    function drawLane(lane, y) {
      const s = lane.spans, scale = (width - margin) / (view.end - view.begin);
      const least = 1 / scale, begin = view.begin;
      pen.font = small;
      let i = firstAfter(s.end, s.n, begin);
      while (i < s.n && s.start[i] <= view.end) {
        // What is narrower than a pixel is drawn as what most of it is.
        let last = i, end = s.end[i];
        if (end - s.start[i] < least) {
          const shares = [0, 0, 0, 0], limit = s.start[i] + least;
          while (last < s.n && s.end[last] <= limit) {
            shares[s.state[last]] += s.end[last] - s.start[last]; last++;
          }
          last = Math.max(i, last - 1);
          end = s.end[last];
          pen.fillStyle = colors['s' + shares.indexOf(Math.max(...shares))];
        } else pen.fillStyle = colors['s' + s.state[i]];
        const left = Math.max(margin, margin + (s.start[i] - begin) * scale);
        const right = Math.min(width, margin + (end - begin) * scale);
        const isFlat = s.state[i] === 1;
        if (right > margin) pen.fillRect(left, isFlat ? y - 3 : y - 7,
          Math.max(right - left, 1), isFlat ? 6 : 14);
        if (last === i && right - left > 50 && s.label[i] >= 0) {
          pen.fillStyle = isFlat ? colors.soft : colors.in;
          pen.fillText(fitted(text(s.label[i]), right - left - 8), left + 4, isFlat ? y - 5 : y + 4);
        }
        i = last + 1;
      }
      const tasks = lane.tasks;
      let lastPixel = -1;
      pen.fillStyle = colors.text;
      for (let i = firstAfter(tasks.end, tasks.n, begin);
        i < tasks.n && tasks.start[i] <= view.end; i++) {
        const left = Math.max(margin, x(tasks.start[i])), right = Math.min(width, x(tasks.end[i]));
        if (right - lastPixel < 1) continue;
        lastPixel = right;
        pen.fillRect(left + 0.5, y + 9, Math.max(1, right - left - 1), 2);
      }
      const p = lane.points;
      lastPixel = -1;
      pen.beginPath();
      for (let i = firstAfter(p.time, p.n, begin); i < p.n && p.time[i] <= view.end; i++) {
        const px = Math.round(margin + (p.time[i] - begin) * scale);
        if (px - lastPixel < 3) continue;
        lastPixel = px;
        if (px >= margin) { pen.moveTo(px + 0.5, y - 7); pen.lineTo(px + 0.5, y - 3); }
      }
      pen.strokeStyle = colors.text; pen.lineWidth = 1; pen.stroke();
      if (lane.hasEnded && lane.ended >= begin && lane.ended <= view.end) {
        const px = x(lane.ended);
        pen.lineWidth = 2;
        pen.beginPath(); pen.moveTo(px, y - 10); pen.lineTo(px, y + 10); pen.stroke();
      }
    }
    function drawName(lane, y) {
      const left = 8 + Math.min(lane.depth, 8) * 12;
      pen.font = font; pen.fillStyle = colors.text;
      if (lane.children) {
        pen.beginPath();
        if (folded.has(lane.number)) {
          pen.moveTo(left, y - 5); pen.lineTo(left + 7, y); pen.lineTo(left, y + 5);
        } else {
          pen.moveTo(left - 1, y - 3); pen.lineTo(left + 9, y - 3); pen.lineTo(left + 4, y + 4);
        }
        pen.fill();
      }
      if (lane.isFound) {
        pen.fillStyle = colors.find; pen.fillRect(left + 12, y - 9, margin - left - 16, 18);
        pen.fillStyle = colors.text;
      }
      pen.fillText(fitted(lane.title, margin - left - 18), left + 14, y + 4);
    }

    const stamps = new Int32Array(1 << 17);
    let generation = 0, seen = {inView: 0, lines: 0};
    function drawArrows() {
      const inView = [], kinds = [[], [], [], [], []];
      const lowest = Math.floor((view.top - axisHeight) / rowHeight) - 1;
      const highest = Math.ceil((view.top + height) / rowHeight) + 1;
      for (let i = 0; i < arrows.n; i++) {
        if (arrows.to[i] < view.begin || arrows.from[i] > view.end) continue;
        const a = rowOf[arrows.fromLane[i]], b = rowOf[arrows.toLane[i]];
        if (a < lowest && b < lowest || a > highest && b > highest) continue;
        if (a === b && arrows.fromLane[i] !== arrows.toLane[i]) continue;
        inView.push(i);
      }
      // Of thousands on one place one is drawn: each frame is to take a few milliseconds.
      const isDense = inView.length > 1500;
      const scale = (width - margin) / (view.end - view.begin), offset = margin - view.begin * scale;
      let lines = inView;
      const most = Math.max(1500, 3 * width);
      for (let grain = 1; lines.length > most && grain <= 32; grain *= 2) {
        generation++;
        lines = [];
        for (const i of inView) {
          const a = rowOf[arrows.fromLane[i]], b = rowOf[arrows.toLane[i]];
          // Each pair of lanes has a phase of its own: else there would be stripes.
          const phase = (a * 7 + b * 13) % grain;
          const x0 = Math.floor((arrows.from[i] * scale + offset + phase) / grain);
          const x1 = Math.floor((arrows.to[i] * scale + offset + phase) / grain);
          const key = (Math.imul(x0, 73856093) ^ Math.imul(x1, 19349663)
            ^ Math.imul(a, 83492791) ^ Math.imul(b, 2654435)) & (stamps.length - 1);
          if (stamps[key] === generation) continue;
          stamps[key] = generation;
          lines.push(i);
        }
      }
      for (const i of lines) kinds[arrows.kind[i]].push(i);
      seen = {inView: inView.length, lines: lines.length};
      pen.save();
      pen.beginPath(); pen.rect(margin, axisHeight, width - margin, height - axisHeight); pen.clip();
      kinds.forEach((list, kind) => {
        pen.strokeStyle = pen.fillStyle = colors['a' + kind];
        pen.lineWidth = isDense ? 0.7 : 1.2;
        pen.beginPath();
        for (const i of list) trace(i, isDense);
        pen.stroke();
        if (isDense) return;
        pen.beginPath();
        for (const i of list) head(i);
        pen.fill();
      });
      if (picked && picked.type === 'arrow') {
        pen.strokeStyle = pen.fillStyle = colors.pick; pen.lineWidth = 3;
        pen.beginPath(); trace(picked.index, false); pen.stroke();
        pen.beginPath(); head(picked.index, 1.6); pen.fill();
      }
      pen.restore();
    }
    function ends(i) {
      const a = rowOf[arrows.fromLane[i]], b = rowOf[arrows.toLane[i]];
      const y0 = yOf(a), y1 = yOf(b), isDown = b > a;
      return a === b ? [x(arrows.from[i]), y0 - 7, x(arrows.to[i]), y1 - 7, y0 - 18]
        : [x(arrows.from[i]), y0 + (isDown ? 7 : -7), x(arrows.to[i]), y1 + (isDown ? -8 : 8),
          (y0 + y1) / 2];
    }
    function trace(i, isStraight) {
      const [x0, y0, x1, y1, middle] = ends(i);
      pen.moveTo(x0, y0);
      if (isStraight) pen.lineTo(x1, y1);
      else pen.bezierCurveTo(x0, middle, x1, middle, x1, y1);
    }
    function head(i, size = 1) {
      const [, y0, x1, y1] = ends(i), way = y1 >= y0 ? -1 : 1;
      pen.moveTo(x1, y1); pen.lineTo(x1 - 3.5 * size, y1 + 7 * size * way);
      pen.lineTo(x1 + 3.5 * size, y1 + 7 * size * way); pen.closePath();
    }
    function drawPicked() {
      if (!picked || picked.type === 'arrow') return;
      const y = yOf(rowOf[picked.lane]);
      pen.strokeStyle = colors.pick; pen.lineWidth = 2;
      const left = Math.max(margin, x(picked.start)), right = Math.min(width, x(picked.end));
      pen.strokeRect(left - 3, y - 10, Math.max(6, right - left + 6), 20);
    }
    function draw() {
      if (width < 1) return;
      limit();
      pen.fillStyle = colors.page; pen.fillRect(0, 0, width, height);
      drawAxis();
      const first = Math.max(0, Math.floor((view.top - axisHeight) / rowHeight));
      const last = Math.min(rows.length, Math.ceil((view.top + height) / rowHeight));
      pen.save();
      pen.beginPath(); pen.rect(0, axisHeight, width, height - axisHeight); pen.clip();
      for (let row = first; row < last; row++) drawLane(lanes[rows[row]], yOf(row));
      pen.restore();
      drawArrows();
      pen.save();
      pen.beginPath(); pen.rect(margin, axisHeight, width - margin, height - axisHeight); pen.clip();
      drawPicked();
      pen.restore();
      drawMarks();
      pen.fillStyle = colors.page; pen.fillRect(0, 0, margin, height);
      pen.strokeStyle = colors.line; pen.lineWidth = 1;
      pen.beginPath(); pen.moveTo(margin + 0.5, 0); pen.lineTo(margin + 0.5, height); pen.stroke();
      pen.save();
      pen.beginPath(); pen.rect(0, axisHeight, margin, height - axisHeight); pen.clip();
      for (let row = first; row < last; row++) drawName(lanes[rows[row]], yOf(row));
      pen.restore();
      pen.font = small; pen.fillStyle = colors.soft;
      pen.fillText(fitted(seen.lines < seen.inView
        ? seen.inView + ' arrows, as ' + seen.lines + ' lines'
        : seen.inView + (seen.inView === 1 ? ' arrow' : ' arrows'), margin - 12), 8, 14);
    }

    """#
}

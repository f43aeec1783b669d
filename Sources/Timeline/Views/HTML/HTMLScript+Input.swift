extension HTMLScript {
  static let picking = #"""
    // What is below a place of the canvas: an arrow, else a state or an event of the lane there.
    function arrowAt(px, py) {
      let best = -1, least = 7, tried = 0;
      const near = (view.end - view.begin) / (width - margin) * 7, t = timeAt(px);
      for (let i = firstAfter(arrows.to, arrows.n, t - near); i < arrows.n; i++) {
        if (arrows.from[i] > t + near) continue;
        // Where there are so many, one of them is as good as another.
        if (++tried > 1000 && best >= 0 || tried > 20000) break;
        const [x0, y0, x1, y1, middle] = ends(i);
        if (py < Math.min(y0, y1, middle) - 7 || py > Math.max(y0, y1, middle) + 7) continue;
        if (rowOf[arrows.fromLane[i]] === rowOf[arrows.toLane[i]]
          && arrows.fromLane[i] !== arrows.toLane[i]) continue;
        let ax = x0, ay = y0;
        for (let k = 1; k <= 12; k++) {
          const t = k / 12, u = 1 - t;
          const bx = u * u * u * x0 + 3 * u * u * t * x0 + 3 * u * t * t * x1 + t * t * t * x1;
          const by = u * u * u * y0 + 3 * u * u * t * middle + 3 * u * t * t * middle
            + t * t * t * y1;
          const dx = bx - ax, dy = by - ay, length = dx * dx + dy * dy;
          const s = length ? Math.max(0, Math.min(1, ((px - ax) * dx + (py - ay) * dy) / length)) : 0;
          const distance = Math.hypot(px - ax - s * dx, py - ay - s * dy);
          if (distance < least) { least = distance; best = i; }
          ax = bx; ay = by;
        }
      }
      return best < 0 ? null : {type: 'arrow', index: best};
    }
    function itemAt(px, py) {
      if (px < margin || py < axisHeight) return null;
      const row = Math.floor((py + view.top - axisHeight) / rowHeight);
      const arrow = arrowAt(px, py);
      if (arrow || row < 0 || row >= rows.length) return arrow;
      const lane = lanes[rows[row]], p = lane.points, t = timeAt(px);
      const near = (view.end - view.begin) / (width - margin) * 4;
      let best = -1;
      for (let i = firstAfter(p.time, p.n, t - near); i < p.n && p.time[i] <= t + near; i++)
        if (best < 0 || Math.abs(p.time[i] - t) < Math.abs(p.time[best] - t)) best = i;
      if (best >= 0) return pointItem(lane, best);
      const i = firstAfter(lane.spans.end, lane.spans.n, t);
      if (i < lane.spans.n && lane.spans.start[i] <= t) return spanItem(lane, i);
      return null;
    }
    const pointItem = (lane, index) => ({type: 'point', lane: lane.number, index,
      start: lane.points.time[index], end: lane.points.time[index]});
    const spanItem = (lane, index) => ({type: 'span', lane: lane.number, index,
      start: lane.spans.start[index], end: lane.spans.end[index]});
    const arrowTitle = i => data.kinds[arrows.kind[i]] + ' ' + text(arrows.label[i])
      + (arrows.value[i] < 0 ? '' : ' ' + text(arrows.value[i]));
    function title(item) {
      if (item.type === 'arrow') return arrowTitle(item.index);
      const lane = lanes[item.lane];
      if (item.type === 'lane') return lane.title;
      if (item.type === 'point') return text(lane.points.label[item.index]);
      const label = text(lane.spans.label[item.index]);
      return data.states[lane.spans.state[item.index]] + (label ? ': ' + label : '');
    }

    function element(name, content, parent) {
      const node = document.createElement(name);
      if (content !== undefined) node.textContent = content;
      if (parent) parent.append(node);
      return node;
    }
    function placeLine(parent, place) {
      if (place < 0) return;
      element('span', ' ' + text(place) + ' ', parent);
      const line = data.lines[place];
      if (line !== undefined) element('code', clean(line), parent);
    }
    function tell() {
      const box = $('picked');
      box.textContent = '';
      if (!picked) {
        element('span', 'Click on an arrow, a state or an event, or press n for the first arrow.', box);
        return;
      }
      element('b', title(picked), box);
      const list = element('dl', undefined, box);
      const row = (name, value, place = -1) => {
        element('dt', name, list);
        placeLine(element('dd', value, list), place);
      };
      if (picked.type === 'arrow') {
        const i = picked.index;
        row('from', lanes[arrows.fromLane[i]].title + ' at ' + time(arrows.from[i]),
          arrows.fromPlace[i]);
        row('to', lanes[arrows.toLane[i]].title + ' at ' + time(arrows.to[i]), arrows.toPlace[i]);
        row('took', time(arrows.to[i] - arrows.from[i])
          + (arrows.count[i] > 1 ? ', ' + arrows.count[i] + ' items' : ''));
        return;
      }
      const lane = lanes[picked.lane];
      if (picked.type === 'lane') {
        row('time', time(lane.began) + ' to ' + time(lane.ended) + (lane.ending ? ', ' + lane.ending : ''));
        if (lane.parent >= 0) row('made by', lanes[lane.parent].title);
        if (lane.lost) row('lost', lane.lost + ' events');
        return;
      }
      const part = picked.type === 'point' ? lane.points : lane.spans;
      row('in', lane.title, part.place[picked.index]);
      row('at', time(picked.start)
        + (picked.type === 'span' ? ', for ' + time(picked.end - picked.start) : ''));
      if (picked.type === 'point' && lane.points.value[picked.index] >= 0)
        row('value', text(lane.points.value[picked.index]));
    }
    // Picks something, and moves the view if that is not in it.
    function pick(item, isMoving = false) {
      picked = item;
      if (item && isMoving) {
        const [start, end, lane] = item.type === 'arrow'
          ? [arrows.from[item.index], arrows.to[item.index], arrows.toLane[item.index]]
          : [item.start, item.end, item.lane];
        for (let up = lanes[lane].parent; up >= 0; up = lanes[up].parent) folded.delete(up);
        arrange();
        const span = view.end - view.begin, middle = (start + end) / 2;
        if (start < view.begin || end > view.end) {
          view.begin = middle - span / 2; view.end = middle + span / 2;
        }
        const y = yOf(rowOf[lane]);
        if (y < axisHeight + 14 || y > height - 14) view.top += y - height / 2;
      }
      tell();
      redraw();
    }
    function fold(lane) {
      if (!lanes[lane].children) lane = lanes[lane].parent;
      if (lane < 0) return;
      if (folded.has(lane)) folded.delete(lane); else folded.add(lane);
      arrange();
      redraw();
    }
    function foldAll() {
      if (folded.size) folded.clear();
      else lanes.forEach((lane, i) => { if (lane.children) folded.add(i); });
      arrange();
      redraw();
    }
    function zoom(factor, px = (margin + width) / 2) {
      const t = timeAt(px), least = Math.min(200, duration);
      const span = Math.min(Math.max((view.end - view.begin) * factor, least), duration * 1.2);
      factor = span / (view.end - view.begin);
      view.begin = t - (t - view.begin) * factor;
      view.end = view.begin + span;
      redraw();
    }
    function move(part) {
      const step = (view.end - view.begin) * part;
      view.begin += step; view.end += step;
      redraw();
    }
    function step(way) {
      if (!arrows.n) return;
      let i = picked && picked.type === 'arrow' ? picked.index + way : -1;
      if (i < 0 || i >= arrows.n) {
        i = way > 0 ? firstAfter(arrows.to, arrows.n, view.begin) : arrows.n - 1;
        if (i >= arrows.n) i = 0;
      }
      pick({type: 'arrow', index: i}, true);
    }
    function zoomToPicked() {
      if (!picked) return;
      const [start, end] = picked.type === 'arrow'
        ? [arrows.from[picked.index], arrows.to[picked.index]] : [picked.start, picked.end];
      const span = Math.max((end - start) * 3, Math.min(duration, 2000));
      view.begin = (start + end) / 2 - span / 2; view.end = view.begin + span;
      redraw();
    }

    """#

  static let input = #"""
    let matches = [], matchAt = -1;
    function search() {
      const words = $('search').value.toLowerCase();
      matches = []; matchAt = -1;
      const hits = words === '' ? [] : lowered.map(s => s.includes(words));
      const hit = n => n >= 0 && hits[n];
      lanes.forEach((lane, i) => {
        lane.isFound = words !== '' && lane.title.toLowerCase().includes(words);
        if (lane.isFound) matches.push({type: 'lane', lane: i, start: lane.began, end: lane.ended});
        if (words === '') return;
        const p = lane.points, s = lane.spans;
        for (let k = 0; k < p.n; k++)
          if (hit(p.label[k]) || hit(p.value[k]) || hit(p.place[k])) matches.push(pointItem(lane, k));
        for (let k = 0; k < s.n; k++) if (hit(s.label[k])) matches.push(spanItem(lane, k));
      });
      if (words !== '') for (let i = 0; i < arrows.n; i++)
        if (hit(arrows.label[i])) matches.push({type: 'arrow', index: i, start: arrows.from[i]});
      matches.sort((a, b) => a.start - b.start);
      $('found').textContent = words === '' ? '' : matches.length + ' found';
      redraw();
    }
    function nextMatch(way) {
      if (!matches.length) return;
      matchAt = (matchAt + way + matches.length) % matches.length;
      $('found').textContent = (matchAt + 1) + ' of ' + matches.length;
      pick(matches[matchAt], true);
    }
    let searchTimer = 0;
    $('search').addEventListener('input', () => {
      clearTimeout(searchTimer);
      searchTimer = setTimeout(search, 150);
    });
    $('search').addEventListener('keydown', event => {
      if (event.key === 'Enter') {
        if (matchAt < 0) { clearTimeout(searchTimer); search(); }
        nextMatch(event.shiftKey ? -1 : 1);
        event.preventDefault();
      } else if (event.key === 'Escape') { $('search').value = ''; search(); canvas.focus(); }
    });

    // One pointer moves, two zoom; what has hardly moved is a click.
    const pointers = new Map();
    let travelled = 0, pinch = 0, hoverDue = false;
    const local = event => {
      const box = canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    canvas.addEventListener('pointerdown', event => {
      canvas.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, local(event));
      travelled = pointers.size > 1 ? 99 : 0;
      pinch = 0;
      $('tip').hidden = true;
    });
    canvas.addEventListener('pointermove', event => {
      const [px, py] = local(event), old = pointers.get(event.pointerId);
      if (!old) { hover(px, py); return; }
      pointers.set(event.pointerId, [px, py]);
      travelled += Math.abs(px - old[0]) + Math.abs(py - old[1]);
      if (pointers.size === 1) {
        if (travelled < 5) return;
        const t = (view.end - view.begin) / (width - margin) * (px - old[0]);
        if (px >= margin) { view.begin -= t; view.end -= t; }
        view.top -= py - old[1];
        redraw();
        return;
      }
      const [a, b] = [...pointers.values()], distance = Math.max(20, Math.abs(a[0] - b[0]));
      const middle = (a[0] + b[0]) / 2;
      if (pinch) {
        zoom(pinch.distance / distance, middle);
        const t = (view.end - view.begin) / (width - margin) * (middle - pinch.middle);
        view.begin -= t; view.end -= t;
      }
      pinch = {distance, middle};
    });
    const lift = event => {
      const at = pointers.get(event.pointerId);
      pointers.delete(event.pointerId);
      pinch = 0;
      if (!at || event.type === 'pointercancel' || travelled >= 5) return;
      const [px, py] = at;
      if (px >= margin) { pick(itemAt(px, py)); return; }
      const row = Math.floor((py + view.top - axisHeight) / rowHeight);
      if (py < axisHeight || row < 0 || row >= rows.length) return;
      const lane = lanes[rows[row]];
      if (lane.children) fold(lane.number);
      pick({type: 'lane', lane: lane.number, start: lane.began, end: lane.ended});
    };
    canvas.addEventListener('pointerup', lift);
    canvas.addEventListener('pointercancel', lift);
    canvas.addEventListener('pointerleave', () => { $('tip').hidden = true; });
    function hover(px, py) {
      if (hoverDue) return;
      hoverDue = true;
      requestAnimationFrame(() => {
        hoverDue = false;
        const item = pointers.size ? null : itemAt(px, py), tip = $('tip');
        canvas.style.cursor = item ? 'pointer' : px < margin ? 'default' : 'grab';
        tip.hidden = !item;
        if (!item) return;
        tip.textContent = title(item);
        tip.style.left = Math.max(0, Math.min(px + 12, width - tip.offsetWidth - 4)) + 'px';
        tip.style.top = Math.max(0, py > height - 60 ? py - 40 : py + 16) + 'px';
      });
    }
    canvas.addEventListener('wheel', event => {
      event.preventDefault();
      const [px] = local(event), unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
      const dx = event.deltaX * unit, dy = event.deltaY * unit;
      if (px < margin) { view.top += dy; redraw(); return; }
      if (event.shiftKey) move((dx || dy) / (width - margin));
      else if (Math.abs(dx) > Math.abs(dy)) move(dx / (width - margin));
      else zoom(Math.pow(1.0018, Math.max(-400, Math.min(400, dy))), px);
    }, {passive: false});
    document.addEventListener('keydown', event => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const isCanvas = document.activeElement === canvas || document.activeElement === document.body;
      if (!isCanvas) return;
      const page = view.end - view.begin;
      switch (event.key) {
        case 'ArrowLeft': move(-0.1); break;
        case 'ArrowRight': move(0.1); break;
        case 'PageUp': move(-0.8); break;
        case 'PageDown': move(0.8); break;
        case 'ArrowUp': view.top -= rowHeight; redraw(); break;
        case 'ArrowDown': view.top += rowHeight; redraw(); break;
        case 'Home': view.begin = 0; view.end = page; redraw(); break;
        case 'End': view.end = duration; view.begin = duration - page; redraw(); break;
        case '+': case '=': zoom(0.7); break;
        case '-': zoom(1 / 0.7); break;
        case '0': showAll(); redraw(); break;
        case 'n': step(1); break;
        case 'p': step(-1); break;
        case 'z': zoomToPicked(); break;
        case 'f': if (picked) fold(picked.type === 'arrow' ? arrows.toLane[picked.index]
          : picked.lane); break;
        case 'F': foldAll(); break;
        case '/': $('search').focus(); $('search').select(); break;
        case 'Escape': pick(null); break;
        default: return;
      }
      event.preventDefault();
    });
    $('fit').addEventListener('click', () => { showAll(); redraw(); });
    $('in').addEventListener('click', () => zoom(0.6));
    $('out').addEventListener('click', () => zoom(1 / 0.6));

    // Tables for readers of text: a page of rows at a time.
    const pageSize = 100;
    function makeTable(parent, caption, heads, count, cells) {
      const box = element('div', undefined, parent), wide = element('div', undefined, box);
      wide.className = 'wide';
      let first = 0;
      const bar = element('p', undefined, box);
      const show = () => {
        wide.textContent = '';
        const table = element('table', undefined, wide);
        const last = Math.min(first + pageSize, count);
        element('caption', caption + (count > pageSize ? ', ' + (first + 1) + ' to ' + last + ' of ' + count
          : ': ' + count), table);
        const head = element('tr', undefined, element('thead', undefined, table));
        for (const name of heads) element('th', name, head).scope = 'col';
        const body = element('tbody', undefined, table);
        for (let i = first; i < last; i++) {
          const tr = element('tr', undefined, body);
          cells(i).forEach(cell => {
            const td = element('td', undefined, tr);
            if (typeof cell === 'function') cell(td); else td.textContent = cell;
          });
        }
      };
      if (count > pageSize) for (const [name, way] of [['Previous', -1], ['Next', 1]])
        element('button', name + ' ' + pageSize, bar).addEventListener('click', () => {
          const next = first + way * pageSize;
          if (next >= 0 && next < count) { first = next; show(); }
        });
      show();
    }
    $('tables').addEventListener('toggle', () => {
      const box = $('tables').querySelector('div');
      if (!$('tables').open || box.firstChild) return;
      makeTable(box, 'Arrows', ['Kind', 'What', 'From', 'To', 'Show'], arrows.n, i => [
        data.kinds[arrows.kind[i]], text(arrows.label[i]) + ' ' + text(arrows.value[i]),
        td => {
          td.textContent = lanes[arrows.fromLane[i]].title + ', ' + time(arrows.from[i]);
          placeLine(td, arrows.fromPlace[i]);
        },
        td => {
          td.textContent = lanes[arrows.toLane[i]].title + ', ' + time(arrows.to[i]);
          placeLine(td, arrows.toPlace[i]);
        },
        td => element('button', 'show', td).addEventListener('click', () =>
          pick({type: 'arrow', index: i}, true))]);
      makeTable(box, 'Processes', ['Name', 'Pid', 'Made by', 'From', 'To', 'End', 'Events'],
        lanes.length, i => [lanes[i].name, String(lanes[i].pid),
          lanes[i].parent < 0 ? '' : lanes[lanes[i].parent].title, time(lanes[i].began),
          time(lanes[i].ended), lanes[i].ending, String(lanes[i].points.n)]);
    });

    $('title').textContent = data.titles.map(clean).join(', ') || 'timeline';
    $('summary').textContent = [data.summary].concat(data.remarks).join('; ');
    canvas.setAttribute('aria-label', 'Timeline: ' + data.summary
      + '. Keys n and p go over the arrows; the tables below have all of it as text.');
    for (const [names, prefix, kind] of [[data.states, 's', ''], [data.kinds, 'a', 'arrow']])
      names.forEach((name, i) => {
        const entry = element('span', undefined, $('legend')), sign = element('i', undefined, entry);
        sign.className = kind;
        sign.style.background = 'var(--' + prefix + i + ')';
        entry.append(name);
      });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      readColors(); redraw();
    });
    new ResizeObserver(resize).observe($('stage'));
    readColors();
    resize();
    tell();

    """#
}

/// The fixed parts of the page.
enum HTMLPage {
  static let head = #"""
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width,initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'">

    """#

  static let style = #"""

    :root{--page:#fff;--text:#1f2328;--soft:#59636e;--line:#d1d9e0;--panel:#f6f8fa;--pick:#bf3989;
    --s0:#4ac26b;--s1:#c9d1d9;--s2:#c297ff;--s3:#80ccff;--in:#1f2328;--mark:#9a6700;--find:#ffdf5d;
    --a0:#0969da;--a1:#59636e;--a2:#bc4c00;--a3:#cf222e;--a4:#8250df}
    @media(prefers-color-scheme:dark){:root{--page:#0d1117;--text:#e6edf3;--soft:#9198a1;
    --line:#2a313c;--panel:#151b23;--pick:#ff9bce;--s0:#238636;--s1:#484f58;--s2:#8957e5;--s3:#1f6feb;
    --in:#f0f6fc;--mark:#d29922;--find:#845306;
    --a0:#58a6ff;--a1:#9198a1;--a2:#f0883e;--a3:#ff7b72;--a4:#bc8cff}}
    *{box-sizing:border-box}
    html,body{height:100%;margin:0}
    body{display:flex;flex-direction:column;background:var(--page);color:var(--text);
    font:14px/1.45 system-ui,sans-serif}
    header{display:flex;flex-wrap:wrap;gap:6px 12px;align-items:center;padding:8px 12px;
    border-bottom:1px solid var(--line)}
    h1{font-size:16px;margin:0;overflow-wrap:anywhere}
    #summary{color:var(--soft);flex:1 1 240px;overflow-wrap:anywhere}
    .tools{display:flex;flex-wrap:wrap;gap:6px;align-items:center}
    button,input{font:inherit;color:inherit;background:var(--page);border:1px solid var(--line);
    border-radius:6px;padding:4px 10px;min-height:32px}
    button:hover{border-color:var(--soft)}
    input{width:min(220px,46vw)}
    :focus-visible{outline:2px solid var(--a0);outline-offset:1px}
    #found{color:var(--soft);min-width:4.5em}
    @media(max-width:600px){#found{min-width:0}#found:empty{display:none}
    .tools input{width:auto;flex:1 1 120px}}
    #legend{display:flex;flex-wrap:wrap;gap:2px 14px;padding:4px 12px;color:var(--soft);font-size:12px}
    #legend i{display:inline-block;width:14px;height:10px;border-radius:2px;margin-right:5px}
    #legend i.arrow{height:2px;vertical-align:4px}
    #stage{position:relative;flex:1 1 auto;min-height:180px;touch-action:none;overflow:hidden}
    canvas{position:absolute;inset:0;width:100%;height:100%;display:block}
    #tip{position:absolute;pointer-events:none;background:var(--panel);border:1px solid var(--line);
    border-radius:6px;padding:3px 8px;max-width:min(420px,80%);overflow-wrap:anywhere;font-size:12px}
    #below{max-height:42%;overflow:auto;border-top:1px solid var(--line);background:var(--panel);
    padding:6px 12px}
    #picked{min-height:3.2em}
    #picked b{font-weight:600}
    #picked dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 12px;margin:4px 0}
    #picked dt{color:var(--soft)}
    #picked dd{margin:0;overflow-wrap:anywhere}
    code{font:13px ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere}
    details{margin:4px 0}
    summary{cursor:pointer}
    .wide{overflow-x:auto}
    table{border-collapse:collapse;margin:6px 0;font-size:13px}
    th,td{text-align:left;padding:2px 10px 2px 0;border-bottom:1px solid var(--line);
    vertical-align:top}
    caption{text-align:left;font-weight:600;padding:4px 0}
    kbd{border:1px solid var(--line);border-radius:4px;padding:0 4px;font:12px ui-monospace,monospace}

    """#

  static let body = #"""
    <body>
    <header>
    <h1 id="title"></h1>
    <span id="summary"></span>
    <span class="tools">
    <input id="search" type="search" placeholder="Search" aria-label="Search names, values and lines">
    <span id="found" role="status"></span>
    <button id="fit" title="Show all (0)">Fit</button>
    <button id="in" title="Zoom in (+)" aria-label="Zoom in">+</button>
    <button id="out" title="Zoom out (-)" aria-label="Zoom out">−</button>
    </span>
    </header>
    <div id="legend" aria-hidden="true"></div>
    <div id="stage"><canvas id="canvas" tabindex="0" role="application"></canvas>
    <div id="tip" hidden></div></div>
    <div id="below">
    <div id="picked" aria-live="polite"></div>
    <details id="tables"><summary>Arrows and processes as tables</summary><div></div></details>
    <details id="keys"><summary>Keys</summary>
    <p><kbd>←</kbd> <kbd>→</kbd> move in time, <kbd>↑</kbd> <kbd>↓</kbd> over the lanes,
    <kbd>+</kbd> <kbd>-</kbd> zoom, <kbd>0</kbd> show all, <kbd>n</kbd> <kbd>p</kbd> next and previous
    arrow, <kbd>z</kbd> zoom to the arrow, <kbd>f</kbd> fold the lane of what is picked,
    <kbd>F</kbd> fold or unfold all, <kbd>/</kbd> search, <kbd>Esc</kbd> let go. Wheel: zoom; with
    Shift: move in time; over the names: scroll. Drag to move, two fingers to zoom; a click on a name
    folds the lanes of its children.</p></details>
    </div>

    """#
}

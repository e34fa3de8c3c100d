/* All steps at a glance: a row for each warp, a rule for each barrier. */

const MOST_MARKS = 600; // side by side: narrower ones would fade
const LANE_HEIGHT = 10; // of a warp's row
const PARTS = { R: [0, 5], W: [5, 5], A: [0, 10], X: [3, 4] }; // where in the row a kind stands

class Timeline {
  constructor(model, go) {
    const { data, steps } = model;
    this.count = steps.length;
    const height = data.warps.length * LANE_HEIGHT;
    const wide = Math.ceil(this.count / MOST_MARKS); // steps that share one mark
    const paths = { R: '', W: '', A: '', X: '' };
    const drawn = new Set();
    const rules = [];
    for (const step of steps) {
      const row = data.warps.indexOf(step.warp);
      if (step.kind in paths && row >= 0) {
        const [top, tall] = PARTS[step.kind];
        const mark = `M${step.number - (step.number % wide)} ${row * LANE_HEIGHT + top}`;
        if (drawn.has(step.kind + mark)) continue;
        drawn.add(step.kind + mark);
        paths[step.kind] += `${mark}h${wide}v${tall}h-${wide}z`;
      } else if (step.kind === 'B' || step.kind === 'O') {
        rules.push(drawing('line', { x1: step.number + 0.5, x2: step.number + 0.5, y1: 0, y2: height,
          class: step.kind === 'B' ? 'kbk-rule' : 'kbk-rule kbk-other' }));
      }
    }
    const rows = data.warps.slice(1).map((_, n) => drawing('line', { x1: 0, x2: this.count,
      y1: (n + 1) * LANE_HEIGHT, y2: (n + 1) * LANE_HEIGHT, class: 'kbk-between' }));
    const marks = Object.keys(paths).map((kind) =>
      drawing('path', { d: paths[kind] || 'M0 0', class: `kbk-fill-${kind}` }));
    this.cursor = drawing('rect', { y: 0, width: 1, height, class: 'kbk-cursor' });
    const svg = drawing('svg', { viewBox: `0 0 ${Math.max(this.count, 1)} ${height}`,
      preserveAspectRatio: 'none', 'aria-hidden': 'true',
      style: `height:${Math.max(24, Math.min(data.warps.length * 9, 110))}px` },
      ...rows, ...marks, ...rules, this.cursor);
    this.box = make('div', { class: 'kbk-timeline' }, svg);
    const seek = (event) => {
      const area = svg.getBoundingClientRect();
      go(1 + Math.floor(((event.clientX - area.left) / area.width) * this.count));
    };
    this.box.addEventListener('pointerdown', (event) => {
      this.box.setPointerCapture(event.pointerId);
      seek(event);
    });
    this.box.addEventListener('pointermove', (event) => {
      if (event.buttons & 1) seek(event);
    });
  }
  show(position) {
    const wide = Math.max(1, this.count / 300); // still seen among thousands
    const x = Math.min(Math.max(0, position - 0.5 - wide / 2), Math.max(0, this.count - wide));
    put(this.cursor, 'width', String(wide));
    put(this.cursor, 'x', String(x));
  }
}

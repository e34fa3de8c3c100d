/* Warps as rows, lanes from left to right: what each did last. A capital: in this step. */

const LETTERS = { R: 'R', W: 'W', A: 'A', X: 'S' };

class LanesView {
  constructor(model) {
    this.model = model;
    const { data, steps } = model;
    const threads = data.threads[0] * data.threads[1] * data.threads[2];
    this.of = new Map(data.warps.map((warp) => [warp, []])); // numbers of its steps
    this.lastOf = new Map(); // by thread, the number of its last step
    this.barriers = [];
    for (const step of steps) {
      if (step.kind === 'B') this.barriers.push(step.number);
      if (!this.of.has(step.warp)) continue;
      this.of.get(step.warp).push(step.number);
      for (const lane of step.lanes) this.lastOf.set(step.warp * WARP + lane, step.number);
    }
    const head = gridRow('lane', 'kbk-head');
    for (let lane = 0; lane < WARP; ++lane)
      head.boxes[lane >> 3].append(make('span', { class: 'kbk-cell' }, String(lane)));
    head.row.setAttribute('aria-hidden', 'true');
    this.rows = data.warps.map((warp) => {
      const { row, head: label, boxes } = gridRow(`warp ${warp}`);
      const cells = [];
      for (let lane = 0; lane < WARP; ++lane) {
        const exists = warp * WARP + lane < threads;
        const cell = make('span', { class: 'kbk-cell', 'data-thread': warp * WARP + lane });
        boxes[lane >> 3].append(cell);
        cells.push({ cell, exists });
      }
      return { warp, row, label, cells };
    });
    this.box = make('div', { class: 'kbk-lanes', role: 'img' }, head.row, ...this.rows.map((r) => r.row));
  }
  show(position) {
    const { steps } = this.model;
    const now = position > 0 ? steps[position - 1] : null;
    const begun = 1 + last(this.barriers, position - (now && now.kind === 'B' ? 1 : 0));
    const ahead = this.barriers.find((number) => number >= position);
    const told = [];
    for (const { warp, row, cells } of this.rows) {
      const mine = this.of.get(warp);
      const at = before(mine, position);
      const step = at > 0 && mine[at - 1] >= begun ? steps[mine[at - 1]] : null;
      const current = step !== null && step === now;
      const more = at < mine.length && (ahead === undefined || mine[at] < ahead);
      const waits = !more && !current && ahead !== undefined;
      put(row, 'class', `kbk-row${current ? ' kbk-now' : ''}`);
      let waiting = 0;
      cells.forEach(({ cell, exists }, lane) => {
        const over = !((this.lastOf.get(warp * WARP + lane) ?? -1) >= position);
        let text = '';
        let look = 'kbk-cell';
        if (!exists) look += ' kbk-none';
        else if (now && now.kind === 'B') [text, look] = ['B', look + ' kbk-B kbk-at'];
        else if (waits && !over) [text, look] = ['B', look + ' kbk-B'];
        else if (step && step.lanes.includes(lane)) {
          text = current ? LETTERS[step.kind] : LETTERS[step.kind].toLowerCase();
          look += current ? ` kbk-${step.kind} kbk-at` : ' kbk-past';
        } else if (over && !more) [text, look] = ['–', look + ' kbk-over'];
        waiting += text === 'B';
        put(cell, 'text', text);
        put(cell, 'class', look);
      });
      if (waiting && !(now && now.kind === 'B')) told.push(warp);
    }
    const wait = told.length ? ` Waiting at the barrier: warp${told.length > 1 ? 's' : ''} ${told.join(', ')}.` : '';
    this.waiting = wait;
    put(this.box, 'aria-label', `What the lanes of each warp did last.${wait}`);
  }
}

/* How many numbers of a rising list are below a bound; the last of them, or -1. */
function before(numbers, bound) {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle] < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

function last(numbers, bound) {
  const count = before(numbers, bound);
  return count ? numbers[count - 1] : -1;
}

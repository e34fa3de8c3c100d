/* Arrays in rows of 128 bytes: 32 banks of shared memory, four sectors of global memory. */

const ROW = 128; // bytes
const MOST_ROWS = 33; // of an array that is shown whole
const SOME_ROWS = 16; // of a larger one; they follow the accesses
const FEW_ROWS = 8;

class ArrayView {
  constructor(model, number, player) {
    this.model = model;
    this.number = number;
    this.player = player;
    this.array = model.data.arrays[number];
    this.shared = this.array.space === 'shared';
    this.rows = this.listRows();
    this.first = 0;
    this.visible = Math.min(this.rows.length, this.mostRows());
    this.build();
  }

  /* Rows to show: all of shared memory; of the others those that somebody touches. */
  listRows() {
    const { lead, size, bytes } = this.array;
    const all = Math.ceil((lead + size * bytes) / ROW);
    if (this.shared) return Array.from({ length: all }, (_, n) => n);
    const rows = new Set();
    for (const step of this.model.steps)
      for (const index of this.indices(step)) rows.add(this.rowOf(index));
    return [...rows].sort((a, b) => a - b);
  }
  mostRows() {
    if (this.rows.length <= (this.shared ? MOST_ROWS : FEW_ROWS)) return MOST_ROWS;
    let most = this.shared ? SOME_ROWS : FEW_ROWS;
    for (const step of this.model.steps)
      most = Math.max(most, new Set(this.indices(step).map((index) => this.rowOf(index))).size);
    return Math.min(most, MOST_ROWS);
  }
  /* The elements that a step touches. */
  indices(step) {
    const found = [];
    for (const touch of step.touches)
      if (touch.array === this.number) for (let k = 0; k < touch.count; ++k) found.push(touch.index + k);
    return found;
  }
  rowOf(index) {
    return Math.floor((this.array.lead + index * this.array.bytes) / ROW);
  }

  build() {
    const { array } = this;
    const kind = this.shared ? 'shared memory' : array.space === 'global' ? 'global memory' : 'module variable';
    const type = array.dtype ? `, ${array.dtype}` : '';
    this.title = make('span', { class: 'kbk-title' }, make('b', {}, array.name), ` ${kind}${type}`);
    this.up = make('button', { type: 'button', 'aria-label': `Earlier rows of ${array.name}`,
      on: { click: () => this.scroll(-this.visible) } }, '▲');
    this.down = make('button', { type: 'button', 'aria-label': `Later rows of ${array.name}`,
      on: { click: () => this.scroll(this.visible) } }, '▼');
    const pager = make('span', { class: 'kbk-pager' }, this.up, this.down);
    pager.hidden = this.rows.length <= this.visible;
    this.range = make('span', { class: 'kbk-range' });
    const heading = make('div', { class: 'kbk-heading' }, this.title, this.range, pager);
    const parts = [heading];
    if (this.shared) parts.push(this.buildBanks());
    this.grid = Array.from({ length: this.visible }, () => this.buildRow());
    parts.push(...this.grid.map((each) => each.row));
    this.box = make('div', { class: 'kbk-array', 'data-array': this.number, role: 'group', 'aria-label': `${array.name}, ${kind}` }, ...parts);
  }
  buildBanks() {
    const head = gridRow('bank', 'kbk-head');
    this.banks = [];
    for (let bank = 0; bank < WARP; ++bank) {
      const cell = make('span', { class: 'kbk-cell' }, String(bank));
      head.boxes[bank >> 3].append(cell);
      this.banks.push(cell);
    }
    head.row.setAttribute('aria-hidden', 'true');
    return head.row;
  }
  buildRow() {
    const { row, head, boxes } = gridRow('');
    const size = Math.min(this.array.bytes, 8);
    const cells = [];
    for (let byte = 0; byte < ROW; byte += size) {
      const cell = make('span', { class: 'kbk-cell', style: `flex-grow:${size}` });
      boxes[Math.floor(byte / 32)].append(cell);
      cells.push(cell);
    }
    const built = { row, head, boxes, cells, at: -1 };
    const over = (event) => this.point(built, event, false);
    const pin = (event) => this.point(built, event, true);
    row.addEventListener('pointerover', over);
    row.addEventListener('click', pin);
    return built;
  }
  point(built, event, pin) {
    const column = built.cells.indexOf(event.target);
    const index = column < 0 ? -1 : this.indexAt(built.at, column);
    if (index >= 0) this.player.point(this.number, index, pin);
  }
  indexAt(row, column) {
    const index = row * (ROW / this.array.bytes) + column - this.array.lead / this.array.bytes;
    return Number.isInteger(index) && index >= 0 && index < this.array.size ? index : -1;
  }
  scroll(by) {
    this.first = Math.max(0, Math.min(this.rows.length - this.visible, this.first + by));
    this.player.refresh();
  }

  show(step, cells) {
    const now = step ? new Set(this.indices(step)) : new Set();
    this.follow(now);
    const kind = step ? step.kind : '';
    const reached = new Set([...now].map((index) => this.boxOf(index)));
    for (let n = 0; n < this.visible; ++n) this.showRow(this.grid[n], this.rows[this.first + n], now, kind, reached, cells);
    if (this.shared) this.showBanks(step);
    const shown = `rows ${this.first + 1} to ${this.first + this.visible} of ${this.rows.length}`;
    put(this.range, 'text', this.rows.length > this.visible ? shown : '');
    this.up.disabled = this.first === 0;
    this.down.disabled = this.first + this.visible >= this.rows.length;
  }
  /* Names of the elements that rows begin with. */
  labels() {
    const most = 400; // names of an array are much of one length
    return this.rows.filter((_, n) => n < most || n === this.rows.length - 1).map((row) =>
      elementName(this.array, Math.max(0, Math.ceil((row * ROW - this.array.lead) / this.array.bytes))));
  }
  boxOf(index) {
    return Math.floor((this.array.lead + index * this.array.bytes) / 32);
  }
  /* Brings the rows of the step into view. */
  follow(now) {
    if (!now.size || this.visible === this.rows.length) return;
    const rows = [...now].map((index) => before(this.rows, this.rowOf(index)));
    const low = Math.min(...rows);
    const high = Math.max(...rows);
    if (low >= this.first && high < this.first + this.visible) return;
    const first = high - low < this.visible && low >= this.first ? high - this.visible + 1 : low;
    this.first = Math.max(0, Math.min(this.rows.length - this.visible, first));
  }
  showRow(built, row, now, kind, reached, cells) {
    built.at = row;
    let label = '';
    built.cells.forEach((cell, column) => {
      const index = this.indexAt(row, column);
      if (index < 0) {
        put(cell, 'class', 'kbk-cell kbk-out');
        put(cell, 'text', '');
        put(cell, 'data-index', null);
        return;
      }
      label = label || elementName(this.array, index);
      const known = cells.get(index);
      const hit = now.has(index);
      let look = 'kbk-cell';
      if (hit) look += ` kbk-${kind} kbk-at`;
      else if (!this.shared && reached.has(this.boxOf(index))) look += ' kbk-excess';
      if (!known) look += this.shared ? ' kbk-poison' : ' kbk-unseen';
      else if (known.thread >= 0) look += ' kbk-written';
      if (this.player.isPinned(this.number, index)) look += ' kbk-pinned';
      put(cell, 'class', look);
      put(cell, 'text', this.player.cellText(this.array, known, hit ? kind : ''));
      put(cell, 'data-index', String(index));
    });
    put(built.head, 'text', label);
    put(built.head, 'title', label);
    built.boxes.forEach((box, n) => {
      const touched = !this.shared && reached.has(row * 4 + n);
      put(box, 'class', `kbk-box${touched ? ' kbk-sector' : ''}`);
    });
  }
  /* How many words the request wants of each bank: more than one are given one after the other. */
  showBanks(step) {
    const words = Array.from({ length: WARP }, () => new Set());
    if (step)
      for (const index of this.indices(step)) {
        const word = Math.floor((this.array.lead + index * this.array.bytes) / 4);
        words[word % WARP].add(word);
      }
    this.banks.forEach((cell, bank) => {
      const count = words[bank].size;
      put(cell, 'class', `kbk-cell${count > 1 ? ' kbk-conflict' : count ? ' kbk-asked' : ''}`);
      put(cell, 'text', count > 1 ? `×${count}` : String(bank));
    });
  }
}

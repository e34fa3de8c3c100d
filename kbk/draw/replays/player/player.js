/* One replay: its parts, the controls, the keys. */

const SPEEDS = [0.5, 1, 2, 5, 20];

class Player {
  constructor(root, data) {
    this.root = root;
    this.model = load(data);
    this.count = this.model.steps.length;
    this.memory = new Memory(this.model);
    this.position = 0;
    this.timer = 0;
    this.pinned = null;
    this.barriers = this.model.steps.filter((step) => step.kind === 'B').map((step) => step.number + 1);
    this.show = this.widest() <= Math.max(3, this.digits()) ? 'value' : 'thread';
    this.build();
    this.go(0);
  }

  // --- what it is made of

  build() {
    const { data } = this.model;
    this.source = new SourceView(this.model);
    this.lanes = new LanesView(this.model);
    this.counters = new Counters(this.model);
    this.detail = new Detail(this.model);
    this.timeline = new Timeline(this.model, (position) => this.seek(position));
    this.arrays = data.arrays.map((_, number) => new ArrayView(this.model, number, this))
      .filter((view) => view.rows.length > 0);
    const order = { shared: 0, global: 1, module: 2 };
    const sorted = [...this.arrays].sort((a, b) => order[a.array.space] - order[b.array.space]);
    this.slider = make('input', { type: 'range', min: 0, max: this.count, value: 0, step: 1,
      'aria-label': 'Step', on: { input: () => this.seek(Number(this.slider.value)) } });
    this.say = make('p', { class: 'kbk-say', 'aria-live': 'polite' });
    this.inspector = make('p', { class: 'kbk-inspector' });
    this.grids = make('div', { class: 'kbk-grids', tabindex: '0', role: 'region',
      'aria-label': 'Lanes and memory' }, this.lanes.box, ...sorted.map((view) => view.box));
    const main = make('div', { class: 'kbk-main' }, this.inspector, this.grids, legend());
    const side = make('div', { class: 'kbk-side' }, this.counters.box, this.detail.box);
    this.ui = make('div', { class: 'kbk-ui', role: 'group', 'aria-label': `Replay of ${this.name()}`,
      'data-lm-suppress-shortcuts': 'true' }, // JupyterLab's would come first
      make('div', { class: 'kbk-name' }, make('b', {}, `Replay of ${this.name()}`)),
      this.buildControls(), this.timeline.box, this.slider, this.say,
      make('div', { class: 'kbk-columns' }, this.source.box, main, side), ...this.buildNotes());
    this.ui.addEventListener('keydown', (event) => this.key(event));
    const names = this.arrays.flatMap((view) => view.labels());
    const label = Math.max(textWidth('▶ warp 31', true), ...names.map((name) => textWidth(name)));
    this.grids.style.setProperty('--kbk-label', `${Math.min(140, Math.ceil(label) + 6)}px`);
    this.setWidth();
  }
  name() {
    const { kernel, block, grid } = this.model.data;
    const flat = grid[1] === 1 && grid[2] === 1;
    const index = grid[2] === 1 ? block.slice(0, 2) : block;
    return `${kernel}, block ${flat ? block[0] : `(${index.join(', ')})`}`;
  }
  buildControls() {
    this.playing = button('play', 'Play', () => this.toggle());
    const speed = make('select', { on: { change: () => (this.speed = Number(speed.value)) } },
      ...SPEEDS.map((each) => make('option', { value: each, selected: each === 2 }, `${each} a second`)));
    this.speed = 2;
    const shown = make('select', { on: { change: () => this.setShown(shown.value) } },
      ...['value', 'thread', 'letter'].map((each) => make('option', { value: each, selected: each === this.show },
        { value: 'value', thread: 'thread that wrote', letter: 'what happens' }[each])));
    const steps = make('div', { class: 'kbk-buttons' },
      button('first', 'To the start (Home)', () => this.seek(0)),
      button('back', 'To the barrier before (Shift+B)', () => this.seek(this.barrierBefore())),
      button('previous', 'Step back (left arrow)', () => this.seek(this.position - 1)), this.playing,
      button('next', 'Step (right arrow)', () => this.seek(this.position + 1)),
      button('forward', 'To the next barrier (B)', () => this.seek(this.barrierAfter())),
      button('last', 'To the end (End)', () => this.seek(this.count)));
    return make('div', { class: 'kbk-controls' }, steps,
      make('label', {}, 'Steps ', speed), make('label', {}, 'Cells show ', shown));
  }
  buildNotes() {
    const keys = 'Keys: arrows step, space plays, Home and End, B to the next barrier, Shift+B back.';
    const notes = this.model.data.notes.map((text) => make('p', {}, text));
    return [make('div', { class: 'kbk-notes' }, ...notes, make('p', {}, keys))];
  }

  // --- moving

  seek(position) {
    this.pause();
    this.go(position);
  }
  go(position) {
    this.position = Math.max(0, Math.min(this.count, position));
    this.memory.go(this.position);
    this.refresh();
  }
  refresh() {
    const step = this.position > 0 ? this.model.steps[this.position - 1] : null;
    this.source.show(step);
    this.lanes.show(this.position);
    this.arrays.forEach((view) => view.show(step, this.memory.cells[view.number]));
    this.counters.show(this.position);
    this.detail.show(step);
    this.timeline.show(this.position);
    this.inspect();
    const text = step ? stepText(step, this.model.data) : 'Before the first step.';
    const where = `Step ${this.position} of ${this.count}`;
    put(this.say, 'text', `${where}. ${text}`);
    this.slider.value = String(this.position);
    put(this.slider, 'aria-valuetext', where);
  }
  barrierBefore() {
    return [...this.barriers].reverse().find((each) => each < this.position) ?? 0;
  }
  barrierAfter() {
    return this.barriers.find((each) => each > this.position) ?? this.count;
  }

  // --- playing

  toggle() {
    if (this.timer) {
      this.pause();
      return;
    }
    if (this.position === this.count) this.go(0);
    this.setPlaying(true);
    const tick = () => {
      this.go(this.position + 1);
      if (this.position === this.count) this.pause();
      else this.timer = setTimeout(tick, 1000 / this.speed);
    };
    this.timer = setTimeout(tick, 1000 / this.speed);
  }
  pause() {
    if (!this.timer) return;
    clearTimeout(this.timer);
    this.timer = 0;
    this.setPlaying(false);
  }
  setPlaying(playing) {
    // A screen reader would fall behind: it speaks when the replay stands still.
    this.say.setAttribute('aria-live', playing ? 'off' : 'polite');
    this.playing.setAttribute('aria-label', playing ? 'Pause' : 'Play');
    this.playing.title = playing ? 'Pause (space)' : 'Play (space)';
    this.playing.replaceChildren(icon(playing ? 'pause' : 'play'));
  }
  key(event) {
    const { key, target } = event;
    if (event.ctrlKey || event.altKey || event.metaKey || target.tagName === 'SELECT') return;
    const pressed = target.closest('button, summary') && (key === ' ' || key === 'Enter');
    const moves = {
      ArrowRight: () => this.seek(this.position + 1),
      ArrowLeft: () => this.seek(this.position - 1),
      Home: () => this.seek(0),
      End: () => this.seek(this.count),
      b: () => this.seek(this.barrierAfter()),
      B: () => this.seek(this.barrierBefore()),
      ' ': () => this.toggle(),
    };
    if (pressed || !(key in moves)) return;
    event.preventDefault();
    event.stopPropagation(); // pages and notebooks have shortcuts of their own
    moves[key]();
  }

  // --- cells

  /* The most characters that a value needs. */
  widest() {
    let most = 1;
    for (const step of this.model.steps)
      for (const [array, , , now] of step.changes)
        if (this.model.data.arrays[array].bytes >= 4) most = Math.max(most, String(now.value).length);
    return Math.min(most, 5);
  }
  /* Characters of the largest number of a thread. */
  digits() {
    const { threads } = this.model.data;
    return String(threads[0] * threads[1] * threads[2] - 1).length;
  }
  setShown(show) {
    this.show = show;
    this.setWidth();
    this.refresh();
  }
  setWidth() {
    this.room = { value: this.widest(), thread: this.digits(), letter: 1 }[this.show];
    this.ui.style.setProperty('--kbk-room', String(Math.max(this.room, 2)));
  }
  cellText(array, known, kind) {
    if (array.bytes < 4 || this.show === 'letter') {
      if (kind) return LETTERS[kind];
      return known && known.thread >= 0 && array.bytes >= 2 ? 'w' : '';
    }
    if (!known) return '';
    if (this.show === 'thread') return known.thread >= 0 ? String(known.thread) : '';
    return short(known.value, this.room);
  }
  point(array, index, pin) {
    if (pin) this.pinned = this.isPinned(array, index) ? null : [array, index];
    this.pointed = [array, index];
    if (pin) this.refresh();
    else if (!this.pinned) this.inspect();
  }
  isPinned(array, index) {
    return this.pinned !== null && this.pinned[0] === array && this.pinned[1] === index;
  }
  inspect() {
    const at = this.pinned || this.pointed;
    put(this.inspector, 'text', at ? this.tell(...at) : 'Point at an element, or press it to keep it in view.');
  }
  tell(number, index) {
    const array = this.model.data.arrays[number];
    const cell = this.memory.cells[number].get(index);
    const name = elementName(array, index);
    const bank = array.space === 'shared' ? ` Bank ${Math.floor((array.lead + index * array.bytes) / 4) % WARP}.` : '';
    if (!cell) {
      const poison = 'poison' in array ? `: poison, ${array.poison}` : '';
      return `${name}: nobody has ${array.space === 'shared' ? 'written' : 'touched'} it yet${poison}.${bank}`;
    }
    const thread = cell.thread >= 0 ? ` Thread ${cell.thread} (warp ${cell.thread >> 5}, lane ${cell.thread % WARP}) wrote it` : '';
    const when = cell.step >= 0 && thread ? ` in step ${cell.step + 1}.` : thread ? '.' : ' This block has only read it.';
    const value = cell.value === NOT_TOLD ? ' has a value that is not told here' : ` is ${cell.value}`;
    return `${name}${value}.${thread}${when}${bank}`;
  }
}

function legend() {
  const sample = (look, text, meaning) => make('span', { class: 'kbk-sample' },
    make('span', { class: `kbk-cell ${look}`, 'aria-hidden': 'true' }, text), ` ${meaning}`);
  return make('div', { class: 'kbk-legend' },
    sample('kbk-R kbk-at', 'R', 'read'), sample('kbk-W kbk-at', 'W', 'write'),
    sample('kbk-A kbk-at', 'A', 'atomic'), sample('kbk-X kbk-at', 'S', 'shuffle, vote'),
    sample('kbk-B', 'B', 'at the barrier'), sample('kbk-past', 'r', 'small letter: before this step'),
    sample('kbk-over', '–', 'nothing left to do'), sample('kbk-poison', '', 'never written: poison'),
    sample('kbk-unseen', '', 'not touched yet'), sample('kbk-written', '', 'written'),
    sample('kbk-excess', '', 'fetched, not asked for'));
}

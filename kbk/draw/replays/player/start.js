/* Puts a player in the place of the picture that stands there without JavaScript. */

function start(id, tries = 50) {
  const root = document.getElementById(id);
  // A notebook may run the script before it puts the output into the page.
  if (!root && tries) setTimeout(() => start(id, tries - 1), 100);
  if (!root || root.kbkReplay) return;
  const data = JSON.parse(root.querySelector('script[type="application/json"]').textContent);
  const still = root.querySelector('.kbk-still');
  const player = new Player(root, data);
  const toggle = make('button', { type: 'button', class: 'kbk-toggle', 'aria-expanded': 'false',
    on: { click: () => {
      const hidden = still.classList.toggle('kbk-hidden');
      toggle.setAttribute('aria-expanded', String(!hidden));
    } } }, 'As a picture and a table');
  still.classList.add('kbk-hidden');
  root.insertBefore(player.ui, still);
  root.insertBefore(toggle, still);
  root.kbkReplay = player;
}

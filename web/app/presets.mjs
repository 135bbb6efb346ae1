// @ts-check
// presets.mjs - names for instructions, settings and tools together (UX 4.2.3):
// saved, taken, removed.  They are kept with the settings.
import { writeText } from './ask.mjs';
import { openMenu } from './dom.mjs';
import { toast } from './notices.mjs';
import { readSettings } from './settings.mjs';
import { instructionsOf } from './setup.mjs';

/** @typedef {import('./settings.mjs').Settings} Settings */

/** Of the settings, what belongs to a preset.
 * @param {Settings} s @returns {Partial<Settings>} */
const parts = ({ budget, temperature, seed, breakLoops, tools }) => ({ budget, temperature, seed, breakLoops, tools });

export class Presets {
  /** @param {any} page @param {import('./setup.mjs').Setup} setup @param {HTMLElement} anchor */
  constructor(page, setup, anchor) {
    this.page = page;
    this.setup = setup;
    this.anchor = anchor;
  }

  /** @returns {{name: string, instructions: string}[]} */
  get list() { return this.page.settings.presets; }

  /** @param {{name: string, instructions: string}[]} list */
  keep(list) {
    this.page.settings.presets = list.sort((a, b) => a.name.localeCompare(b.name));
    this.page.saveSettings();
  }

  open() {
    const items = this.list.map(p => ({ name: p.name, act: () => this.take(p) }));
    items.push({ name: 'Save as preset…', act: () => this.save() });
    if (this.list.length) items.push({ name: 'Remove a preset…', act: () =>
      openMenu(this.anchor, this.list.map(p => ({ name: p.name, act: () => this.remove(p) }))) });
    openMenu(this.anchor, items);
  }

  save() {
    const { page } = this;
    writeText({ title: 'Save as preset', name: 'Name', value: '',
      hint: 'Instructions, budget, temperature, seed, loops and tools as they are now. The same name replaces what it was.',
      save: text => {
        const name = text.trim().replace(/\s+/g, ' ').slice(0, 60);
        if (!name) return 'A preset needs a name.';
        this.keep([...this.list.filter(p => p.name !== name),
          { ...parts(page.settings), name, instructions: instructionsOf(page.chat) }]);
        return '';
      } });
  }

  /** @param {{name: string, instructions: string}} p */
  take(p) {
    const { page } = this, was = { ...parts(page.settings), name: p.name, instructions: instructionsOf(page.chat) };
    const says = this.put(p);
    toast(says || `Preset “${p.name}” is used.`, says ? undefined : { name: 'Undo', act: () => this.put(was) });
  }

  /** @param {{instructions: string}} p @returns {string} why not */
  put(p) {
    const { page } = this, says = this.setup.instruct(p.instructions);
    if (says) return says;
    Object.assign(page.settings, parts(readSettings(p)));
    page.composer.draw();
    page.saveSettings();
    return '';
  }

  /** @param {{name: string, instructions: string}} p */
  remove(p) {
    this.keep(this.list.filter(x => x !== p));
    toast('Preset removed', { name: 'Undo', act: () => this.keep([...this.list, p]) });
  }
}

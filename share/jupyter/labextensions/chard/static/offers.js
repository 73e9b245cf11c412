// What the chosen context has to choose from, for the panel's fields: KFP's experiments and the cluster's volume claims. Asked
// when such a field is first gone to, since servers take their time and may not be there.
// SPDX-License-Identifier: Apache-2.0
import { quoted, askJson } from './kernel.js';

/** One answer a context, kept until the page is left. */
export class Offers {
  constructor() {
    this.asked = new Map(); // context -> promise of what it answered
    this.known = new Map(); // context -> that, once it is there
  }

  ask(notebook, context) {
    if (!this.asked.has(context)) {
      const answer = askJson(notebook, `context offers${context ? ` ${quoted(context)}` : ''}`).catch(() => null);
      this.asked.set(context, answer);
      answer.then(found => (found ? this.known.set(context, found) : this.asked.delete(context)));
    }
    return this.asked.get(context);
  }

  async experiments(notebook, context) {
    return ((await this.ask(notebook, context))?.experiments ?? []).map(value => ({ value }));
  }

  async volumes(notebook, context) {
    return ((await this.ask(notebook, context))?.volumes ?? []).map(({ name, access_modes, size }) => ({
      value: name,
      label: [...access_modes, size].filter(Boolean).join(', ')
    }));
  }

  /** Those of the notebook's volumes that are claims which one node or one pod alone may mount: [{name, mode}]. */
  lonely(context, volumes) {
    const claims = this.known.get(context)?.volumes ?? [];
    const modes = new Map(claims.map(({ name, access_modes }) => [name, access_modes]));
    return volumes
      .map(({ name }) => ({ name, mode: (modes.get(name) ?? []).find(mode => /^ReadWriteOnce/.test(mode)) }))
      .filter(({ mode }) => mode);
  }
}

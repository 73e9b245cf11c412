// The plugin that JupyterLab and Notebook 7 start: toolbar, commands, side panel, margin. Here the parts are only joined.
// SPDX-License-Identifier: Apache-2.0
import { decorateCells } from './margin.js';
import { createPanel } from './panel.js';
import { addCommands, addToolbar } from './toolbar.js';

export function createPlugin(jupyter) {
  return {
    id: 'chard:plugin',
    description: 'Runs a notebook as a pipeline: toolbar, panel, margin.',
    autoStart: true,
    requires: [jupyter.notebook.INotebookTracker],
    optional: [jupyter.apputils.ICommandPalette, jupyter.application.ILayoutRestorer],
    activate(app, tracker, palette, restorer) {
      addStyle();
      const panel = createPanel(jupyter, tracker);
      app.shell.add(panel, 'right', { rank: 550 });
      restorer?.add(panel, panel.id);
      const start = (notebook, line) => {
        app.shell.activateById(panel.id);
        return panel.start(notebook, line);
      };
      addToolbar(jupyter, app, start);
      addCommands(app, palette, tracker, start);
      tracker.widgetAdded.connect((_, notebook) => decorateCells(notebook));
      tracker.forEach(decorateCells);
    }
  };
}

function addStyle() {
  const link = document.createElement('link');
  link.rel = 'stylesheet';
  link.href = new URL('style.css', import.meta.url);
  document.head.append(link);
}

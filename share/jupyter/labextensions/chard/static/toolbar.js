// The buttons of the notebook's toolbar: each is the magic of its name, shown in the side panel. One table.
// SPDX-License-Identifier: Apache-2.0

export const ACTIONS = [
  { id: 'chard:check', line: 'check', label: 'Check', caption: 'What is wrong with this notebook as a pipeline (%chard check)' },
  { id: 'chard:run', line: 'run', label: 'Run as pipeline', caption: 'Run this notebook as a pipeline on this machine (%chard run)' },
  { id: 'chard:graph', line: 'graph', label: 'Graph', caption: 'The steps, and what passes between them (%chard graph)' },
  { id: 'chard:submit', line: 'submit', label: 'Submit…', caption: 'Build, upload and start this pipeline on a cluster (%chard submit)' }
];

/** Adds the buttons to every notebook that is opened; `start (panel, line)` does what one asks for. */
export function addToolbar(jupyter, app, start) {
  const { ToolbarButton } = jupyter.ui;
  app.docRegistry.addWidgetExtension('Notebook', {
    createNew(panel) {
      const buttons = ACTIONS.map(action => {
        const button = new ToolbarButton({
          label: action.label,
          tooltip: action.caption,
          className: 'chard-button',
          onClick: () => {
            button.pressed = false; // a ToolbarButton takes itself for a switch
            start(panel, action.line);
          }
        });
        return button;
      });
      buttons.forEach((button, i) => panel.toolbar.insertItem(10 + i, `chard-${ACTIONS[i].line}`, button));
      return { isDisposed: false, dispose: () => buttons.forEach(button => button.dispose()) };
    }
  });
}

/** Adds the same as commands, to the palette where there is one. */
export function addCommands(app, palette, tracker, start) {
  for (const action of ACTIONS) {
    app.commands.addCommand(action.id, {
      label: `Chard: ${action.label}`,
      caption: action.caption,
      isEnabled: () => tracker.currentWidget !== null,
      execute: () => tracker.currentWidget && start(tracker.currentWidget, action.line)
    });
    palette?.addItem({ command: action.id, category: 'Chard' });
  }
}

// Asks the notebook's kernel: every question is a `%chard` line, and the notebook as it is on the screen goes with it, saved
// or not (kernel/session.h tells what the kernel makes of that).
// SPDX-License-Identifier: Apache-2.0

/** The metadata of a request: the notebook as it stands, so that the kernel needs no file that is up to date. */
function requestMetadata(panel) {
  const notebook = panel.content.model.toJSON();
  for (const cell of notebook.cells) {
    if (cell.cell_type === 'code') {
      cell.outputs = [];
    }
  }
  return { chard: { notebook, path: panel.context.localPath ?? panel.context.path } };
}

const taught = new WeakSet(); // connections whose requests are sent with the notebook

/** Sends the notebook along with `%chard` lines that the user executes in cells of it, too. */
export function sendNotebookAlong(panel) {
  const kernel = kernelOf(panel);
  if (!kernel || taught.has(kernel)) {
    return;
  }
  taught.add(kernel);
  const plain = kernel.requestExecute.bind(kernel);
  kernel.requestExecute = (content, disposeOnDone, metadata) => {
    const needed = content.code.includes('%chard') && !metadata?.chard && !panel.isDisposed;
    return plain(content, disposeOnDone, needed ? { ...metadata, ...requestMetadata(panel) } : metadata);
  };
}

function kernelOf(panel) {
  return panel.sessionContext.session?.kernel ?? null;
}

/** Why nothing is asked of this notebook's kernel, as a sentence for people; null if it is Chard's. Other kernels are left
 * alone: they would count what they are asked, or take it for an error. */
export async function kernelProblem(panel) {
  const kernel = kernelOf(panel);
  if (!kernel) {
    return 'This notebook has no kernel. Choose “Python 3 (Chard)” at its top right.';
  }
  const spec = await kernel.spec;
  const isChard = Boolean(spec?.metadata?.chard) || /\bchard\b/i.test(spec?.display_name ?? '');
  return isChard ? null : 'This notebook’s kernel is not Chard’s. Choose “Python 3 (Chard)” at its top right.';
}

/** What `%chard LINE --format=json` answers, parsed; null where it answers nothing. Nothing is shown or counted. Rejects with
 * the kernel's message if it can't say. */
export async function askJson(panel, line) {
  const kernel = kernelOf(panel);
  if (!kernel) {
    throw new Error('no kernel');
  }
  const future = kernel.requestExecute(
    { code: `%chard ${line} --format=json`, store_history: false, stop_on_error: false },
    true,
    requestMetadata(panel)
  );
  let text = '';
  let data = null;
  let failure = '';
  future.onIOPub = ({ header, content }) => {
    if (header.msg_type === 'stream' && content.name === 'stdout') {
      text += content.text;
    } else if (header.msg_type === 'stream') {
      failure += content.text;
    } else if (header.msg_type === 'display_data' || header.msg_type === 'execute_result') {
      data = content.data['application/json'] ?? data;
    } else if (header.msg_type === 'error') {
      failure = content.evalue || failure;
    }
  };
  const reply = await future.done;
  if (data !== null) {
    return data;
  }
  if (text.trim()) {
    return JSON.parse(text);
  }
  if (reply.content.status !== 'ok') {
    throw new Error(failure || reply.content.evalue || 'the kernel gave no answer');
  }
  return null;
}

/** Runs `%chard LINE` with its output in `area`, as if it stood in a cell. Resolves when it has ended, however it did. */
export async function runInArea(jupyter, panel, line, area) {
  const { OutputArea, SimplifiedOutputArea } = jupyter.outputarea;
  const execute = SimplifiedOutputArea.execute || OutputArea.execute;
  return execute(`%chard ${line}`, area, panel.sessionContext, requestMetadata(panel));
}

export function kernelIsBusy(panel) {
  const status = kernelOf(panel)?.status;
  return status !== undefined && status !== 'idle';
}

const PAUSE = 200; // ms; between two cells that wait for their turn the kernel is idle for less

/** Resolves to true when no cell runs, to false if `signal` is aborted before. What is sent earlier waits in the kernel, and
 * who interrupted it would interrupt the cell that runs. */
export async function kernelHasTime(panel, signal) {
  while (kernelOf(panel)?.status === 'busy' && !signal.aborted) {
    await idleOrAborted(panel.sessionContext, signal);
    await new Promise(resolve => setTimeout(resolve, PAUSE));
  }
  return !signal.aborted;
}

function idleOrAborted(context, signal) {
  return new Promise(resolve => {
    const look = (_, status) => status !== 'busy' && end();
    const end = () => {
      context.statusChanged.disconnect(look);
      resolve();
    };
    context.statusChanged.connect(look);
    signal.addEventListener('abort', end, { once: true });
  });
}

/** A word of a %chard line, whatever is in it. */
export function quoted(word) {
  return /^[\w./:@-]+$/.test(word) ? word : `'${word.replace(/'/g, "'\\''")}'`;
}

/** Cancels what runs, as the stop button does. */
export function interrupt(panel) {
  return kernelOf(panel)?.interrupt();
}

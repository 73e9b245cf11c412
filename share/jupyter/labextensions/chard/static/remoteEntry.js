// What JupyterLab loads: a module-federation container written by hand, so that the extension needs no bundler. It takes
// Jupyter's own packages from the scope that all extensions share, and imports our ES modules that lie beside it.
// SPDX-License-Identifier: Apache-2.0
(() => {
  const here = new URL('.', document.currentScript.src);
  let scope = null;

  // The newest of the versions that the application offers; a package that it lacks is null.
  async function load(name) {
    const versions = scope[name];
    if (!versions) {
      return null;
    }
    const newest = Object.keys(versions).sort((a, b) => a.localeCompare(b, undefined, { numeric: true })).pop();
    return (await versions[newest].get())();
  }

  const container = {
    init(shared) {
      scope = shared;
    },
    async get(module) {
      if (module !== './extension') {
        throw new Error(`chard has no module ${module}`);
      }
      const { jupyterPackages } = await import(new URL('jupyter.js', here));
      const { createPlugin } = await import(new URL('plugin.js', here));
      const jupyter = await jupyterPackages(load);
      return () => ({ __esModule: true, default: createPlugin(jupyter) });
    }
  };
  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB.chard = container;
})();

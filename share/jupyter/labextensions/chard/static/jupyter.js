// Which of Jupyter's packages the extension uses, under short names. The only module that knows how they are got.
// SPDX-License-Identifier: Apache-2.0

const PACKAGES = {
  application: '@jupyterlab/application',
  apputils: '@jupyterlab/apputils',
  notebook: '@jupyterlab/notebook',
  outputarea: '@jupyterlab/outputarea',
  ui: '@jupyterlab/ui-components',
  widgets: '@lumino/widgets'
};

/** {short name: the package's module}; `load` gives a promise of one by its full name. */
export async function jupyterPackages(load) {
  const names = Object.keys(PACKAGES);
  const modules = await Promise.all(names.map(name => load(PACKAGES[name])));
  return Object.fromEntries(names.map((name, i) => [name, modules[i]]));
}

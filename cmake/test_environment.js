// The environment of the process (Node) or of the page that runs the test (Chromium: Module.env).
Module['preRun'] = [].concat(Module['preRun'] || [], () =>
  Object.assign(ENV, typeof process === 'object' ? process.env : Module['env']),
);

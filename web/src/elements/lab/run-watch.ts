import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { LabRun } from '../../client/lab-run.ts';

/** Draws its host anew when the run has changed. */
export class RunWatch implements ReactiveController {
  readonly #host: ReactiveControllerHost & { run: LabRun };

  constructor(host: ReactiveControllerHost & { run: LabRun }) {
    this.#host = host;
    host.addController(this);
  }

  hostConnected() {
    this.#host.run.addEventListener('change', this.#draw);
  }

  hostDisconnected() {
    this.#host.run.removeEventListener('change', this.#draw);
  }

  #draw = () => this.#host.requestUpdate();
}

import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { Wanted } from '../client/catalogue.ts';
import type { Client } from '../client/client.ts';
import { EngineError } from '../client/errors.ts';
import type { FirstModel } from '../client/first-model.ts';
import { markLoading, rememberModel } from '../client/last-model.ts';
import type { Loading } from '../client/loading.ts';
import type { KeptModel } from '../protocol.ts';
import { droppedFile } from './dropped-file.ts';

type Host = ReactiveControllerHost & {
  client: Client;
  loading: Loading;
  /** Takes a recorded run that was dropped. */
  openRun?(file: File): void;
};

/** Models of a page: the first one, those that are chosen, kept and dropped. Draws its host anew. */
export class ModelDesk implements ReactiveController {
  readonly #host: Host;
  /** A model that a link asks for from another host, until the person has agreed. */
  question: { wanted: Wanted; host: string } | null = null;
  kept: readonly KeptModel[] = [];
  /** A file is being dragged over the page. */
  dropping = false;

  constructor(host: Host) {
    this.#host = host;
    host.addController(this);
    // A load may begin, and the visit end, before the host is in the page.
    globalThis.addEventListener('pagehide', this.#pageHides);
  }

  hostConnected() {
    this.#host.loading.addEventListener('change', this.#draw);
    this.#host.client.addEventListener('load', this.#loaded);
    this.#host.client.addEventListener('lost', this.#draw);
    globalThis.addEventListener('dragover', this.#dragOver);
    globalThis.addEventListener('dragleave', this.#dragLeave);
    globalThis.addEventListener('drop', this.#drop);
    void this.refreshKept();
  }

  async begin(first: FirstModel) {
    if ('load' in first) return this.load(first.load);
    this.question = first.ask;
    this.#draw();
  }

  /** Loads a model; the outcome shows in the page. */
  async load(wanted: Wanted) {
    this.question = null;
    markLoading(true);
    await this.#host.loading.load(wanted);
    markLoading(false);
    void this.refreshKept();
  }

  async refreshKept() {
    this.kept = await this.#host.client.keptModels();
    this.#draw();
  }

  async delete({ id }: KeptModel) {
    await this.#host.client.deleteKeptModel(id);
    await this.refreshKept();
  }

  #draw = () => this.#host.requestUpdate();

  #loaded = () => {
    const { model, recorded } = this.#host.client;
    if (!recorded) rememberModel(model?.kept?.id ?? null);
    this.#draw();
  };

  // A visit that ends by itself is no crash.
  #pageHides = () => markLoading(false);

  #dragOver = (event: DragEvent) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    this.dropping = true;
    this.#draw();
  };

  #dragLeave = (event: DragEvent) => {
    if (event.relatedTarget !== null) return;
    this.dropping = false;
    this.#draw();
  };

  #drop = (event: DragEvent) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    this.dropping = false;
    this.#draw();
    const dropped = droppedFile(event.dataTransfer);
    if ('run' in dropped && this.#host.openRun) this.#host.openRun(dropped.run);
    else if ('wanted' in dropped) void this.load(dropped.wanted);
    else this.#host.loading.refuse(dropped.refused, EngineError.of('bad_argument', dropped.why));
  };
}

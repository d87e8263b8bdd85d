// The C ABI of a sampler.
import type { SamplerStages } from '../protocol.ts';
import { wholeIn } from './edits.ts';
import type { Engine } from './engine.ts';
import type { Model } from './model.ts';
import { samplerNumbers } from './sampler-numbers.ts';
import type { Logits } from './session.ts';

/** The sampler chain, with its random numbers and its history for the penalties. */
export class Sampler {
  readonly #engine: Engine;
  readonly #address: number;

  constructor(model: Model, params: object) {
    const { engine, info } = model;
    const { numbers, bias } = samplerNumbers(params);
    this.#engine = engine;
    this.#address = engine.withCopy(numbers, (at) =>
      engine.withCopy(bias, (biasAt) =>
        engine.check(engine.module._ni_sampler_new(at, biasAt, bias.length / 2, info.n_vocab), 0),
      ),
    );
  }

  sample(logits: Logits): number {
    return this.#engine.check(this.#engine.module._ni_sampler_sample(this.#address, logits), -1);
  }

  /** The next draw takes the seed's n-th random number, counted from 1. */
  seek(nth: number): void {
    wholeIn(nth, 1, 2 ** 32 - 1, 'nth');
    this.#engine.module._ni_sampler_seek(this.#address, nth - 1);
  }

  /** What each stage of the last sample left. */
  stages(): SamplerStages {
    return this.#engine.json(this.#engine.module._ni_sampler_stages(this.#address));
  }

  accept(id: number): void {
    this.#engine.module._ni_sampler_accept(this.#address, id);
  }

  free(): void {
    this.#engine.module._ni_sampler_free(this.#address);
  }
}

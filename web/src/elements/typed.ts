// A field that shows what is chosen, and may be drawn again at any moment: by a run that plays, by a read
// that ends.
import { noChange } from 'lit';
import { Directive, directive, type PropertyPart } from 'lit/directive.js';

/**
 * `.value=${typed(text)}`: the field shows this text, whatever stood there, but what a person is typing
 * stays until its 'change', or until the field is left without one.
 */
class Typed extends Directive {
  #field: HTMLInputElement | null = null;
  #text = '';
  #typing = false;

  override update({ element }: PropertyPart, [text]: [string]) {
    this.#field ??= this.#watched(element as HTMLInputElement);
    this.#text = text;
    this.#show();
    return noChange;
  }

  override render(text: string): unknown {
    return text;
  }

  #watched(field: HTMLInputElement): HTMLInputElement {
    field.addEventListener('input', () => (this.#typing = true));
    field.addEventListener('change', () => (this.#typing = false));
    field.addEventListener('blur', () => {
      if (!this.#typing) return;
      this.#typing = false;
      this.#show();
    });
    return field;
  }

  #show() {
    const field = this.#field!;
    if (!this.#typing && field.value !== this.#text) field.value = this.#text;
  }
}

export const typed = directive(Typed);

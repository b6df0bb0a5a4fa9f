/** Remembers that it was rung until somebody has waited for it. */
export class Bell {
  #rang = Promise.withResolvers<void>();

  ring(): void {
    this.#rang.resolve();
  }

  async rung(): Promise<void> {
    await this.#rang.promise;
    this.#rang = Promise.withResolvers<void>();
  }
}

/** A ranking in the making: the top `size` of the classes, most likely first. */
export class Ranking {
  private names: string[] = [];

  constructor(readonly size: number) {}

  get order(): readonly string[] {
    return this.names;
  }

  get complete(): boolean {
    return this.names.length === this.size;
  }

  /** 1-based rank, or null while the class has none. */
  rankOf(name: string): number | null {
    const at = this.names.indexOf(name);
    return at < 0 ? null : at + 1;
  }

  /**
   * Gives the class the next free rank; takes its rank away if it has one (those after it move up);
   * in a full ranking, puts it in the last place.
   */
  press(name: string): void {
    if (this.names.includes(name)) this.names = this.names.filter((other) => other !== name);
    else this.names = [...this.names.slice(0, this.size - 1), name];
  }

  /** Takes the last rank away. */
  undo(): void {
    this.names = this.names.slice(0, -1);
  }
}

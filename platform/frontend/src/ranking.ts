/** A ranking in the making: the top `size` of the classes, most likely first. */
export class Ranking {
  private names: string[] = [];

  /** @param classes all of them; where every one is ranked, the last needs no press. */
  constructor(
    readonly size: number,
    private readonly classes: readonly string[] = [],
  ) {}

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
   * in a full ranking, puts it in the last place. The one class that is left takes the last rank; to
   * press it all the same, as hands do that have learnt it, changes nothing.
   */
  press(name: string): void {
    if (this.leaves && this.complete && this.names.at(-1) === name) return;
    if (this.names.includes(name)) {
      this.forgetLeftOver();
      this.names = this.names.filter((other) => other !== name);
    } else {
      this.names = [...this.names.slice(0, this.size - 1), name];
      this.names.push(...this.leftOver());
    }
  }

  /** Takes the last rank away that was given by a press. */
  undo(): void {
    this.forgetLeftOver();
    this.names = this.names.slice(0, -1);
  }

  private get leaves(): boolean {
    return this.size > 1 && this.classes.length === this.size;
  }

  /** The class that only one rank is left for. */
  private leftOver(): string[] {
    if (!this.leaves || this.names.length !== this.size - 1) return [];
    return this.classes.filter((each) => !this.names.includes(each));
  }

  private forgetLeftOver(): void {
    if (this.leaves && this.complete) this.names = this.names.slice(0, -1);
  }
}

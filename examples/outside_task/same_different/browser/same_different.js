/** Two images: do they belong to the same class? The page gives the kit; see write-a-task.md. */
const STYLE = `
  .same-different { display: grid; gap: 32px; place-content: center; min-height: 75vh; }
  .same-different .pair { display: flex; gap: 16px; }
  .same-different .pair img { width: min(40vw, 260px); aspect-ratio: 1; object-fit: contain; }
  .same-different .answers { display: flex; gap: 12px; flex-wrap: wrap; justify-content: center; }
  .same-different .answers button { min-width: 140px; min-height: 48px; border: 1px solid; }
`;

export default function sameDifferent(kit) {
  const { ParameterType, h } = kit;
  const style = new CSSStyleSheet();
  style.replaceSync(STYLE);
  document.adoptedStyleSheets.push(style);
  const info = {
    name: "same_different",
    version: "0.1.0",
    parameters: {
      ...kit.commonParameters,
      left: { type: ParameterType.IMAGE },
      right: { type: ParameterType.IMAGE },
    },
    data: { ...kit.commonData, choice: { type: ParameterType.STRING } },
  };

  return class SameDifferent {
    static info = info;

    constructor(jsPsych) {
      this.jsPsych = jsPsych;
    }

    async trial(display, trial, onLoad) {
      const shown = [trial.left, trial.right].map((url) => kit.veiledImage(url, ""));
      const buttons = ["same", "different"].map((choice) =>
        h("button", { class: "button", text: choice, testid: choice, type: "button" }),
      );
      for (const button of buttons) button.disabled = true;
      const pair = h("div", { class: "pair" }, ...shown);
      const answers = h("div", { class: "answers" }, ...buttons);
      const root = h("div", { class: "same-different" }, pair, answers);
      display.replaceChildren(root);
      onLoad?.();
      const given = await kit.presentTrial(trial, { root, shown }, (onset) =>
        chosen(buttons, onset),
      );
      if (!given) return {}; // the deadline passed
      for (const button of buttons) button.disabled = true;
      await trial.submit(given.response, given.timing);
      return { choice: given.response.choice, rt: given.timing.rt_ms };
    }
  };

  /** Resolves with the first answer and its timing. */
  function chosen(buttons, onset) {
    return new Promise((resolve) => {
      for (const button of buttons) {
        button.disabled = false;
        button.addEventListener("click", (event) => {
          const timing = kit.timingOf(onset, kit.actedAt(event, onset.onset_ms));
          resolve({ response: { choice: button.textContent }, timing });
        });
      }
    });
  }
}

/** Two images: do they belong to the same class? The page gives the kit; see write-a-task.md. */
/** The images appear so long after the page has drawn the trial (ms). */
const LEAD_MS = 150;
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
      const images = [trial.left, trial.right].map((url) => kit.veiledImage(url, ""));
      const buttons = ["same", "different"].map((choice) =>
        h("button", { class: "button", text: choice, testid: choice, type: "button" }),
      );
      for (const button of buttons) button.disabled = true;
      const pair = h("div", { class: "pair" }, ...images);
      const answers = h("div", { class: "answers" }, ...buttons);
      display.replaceChildren(h("div", { class: "same-different" }, pair, answers));
      onLoad?.();
      const onset = await kit.present(images, trial.image_error, LEAD_MS);
      for (const button of buttons) button.disabled = false;
      const given = trial.restored ?? (await chosen(buttons, onset));
      for (const button of buttons) button.disabled = true;
      await trial.submit(given.response, given.timing);
      return { choice: given.response.choice, rt: given.timing.rt_ms, ...onset };
    }
  };

  /** Resolves with the first answer and its timing. */
  function chosen(buttons, onset) {
    return new Promise((resolve) => {
      for (const button of buttons) {
        button.addEventListener("click", (event) => {
          const timing = kit.timingOf(onset, kit.actedAt(event, onset.onset_ms));
          resolve({ response: { choice: button.textContent }, timing });
        });
      }
    });
  }
}

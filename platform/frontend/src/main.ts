import "@fontsource-variable/inter";
import "./style/base.css";
import "./style/screens.css";
import "./style/trial.css";
import { Journey } from "./journey";
import { Shell } from "./shell";
import { learnWords } from "./words";

const root = document.getElementById("diptych");
if (root === null) throw new Error("the page has no element #diptych");
const words = document.getElementById("words");
if (words === null) throw new Error("the page has no words");
learnWords(words.dataset.language ?? "en", JSON.parse(words.textContent ?? '""'), document.dir);
const { base = "", study = "", title = "" } = root.dataset;
const entry = Object.fromEntries(new URLSearchParams(window.location.search));
void new Journey({ base: `${base}/api/v1`, study, entry, shell: new Shell(root, title) }).run();

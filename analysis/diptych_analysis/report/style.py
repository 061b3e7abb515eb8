"""The style of a report: light and dark, narrow and wide, on screen and on paper."""

STYLE = """
:root { color-scheme: light dark; --ink: #1d2733; --quiet: #5b6875; --line: #dfe4e9;
  --blue: #0072b2; --page: #f4f6f8; --card: #fff; --warn: #fff4d6; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #e8eaec; --quiet: #a9b0b7; --line: #35393d; --blue: #63b3e4; --page: #101112;
    --card: #181818; --warn: #3a2f12; }
  /* Charts are drawn for white paper: turned to dark, their hues stay. */
  .chart { filter: invert(.905) hue-rotate(180deg); }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.55 Inter, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.5rem 4rem; }
header p { color: var(--quiet); margin: .2rem 0 0; }
a { color: var(--blue); }
h1 { font-size: 2rem; line-height: 1.2; margin: 0; letter-spacing: -.01em;
  overflow-wrap: anywhere; }
h2 { font-size: 1.45rem; margin: 3rem 0 .6rem; padding-top: 1.2rem;
  border-top: 3px solid var(--blue); overflow-wrap: anywhere; }
h3 { font-size: 1.1rem; margin: 2.2rem 0 .6rem; }
.about { color: var(--quiet); max-width: 46rem; }
.prose { max-width: 46rem; background: var(--card); border-left: 3px solid var(--blue);
  padding: .8rem 1.1rem; margin: .6rem 0 1.2rem; }
.banner { background: var(--warn); border-left: 5px solid #e69f00; padding: .8rem 1rem;
  margin: 1.5rem 0 0; }
nav.contents { margin: 1.6rem 0 0; padding: .9rem 1.2rem; background: var(--card);
  border: 1px solid var(--line); border-radius: 8px; }
nav.contents b { font-size: .85rem; color: var(--quiet); }
nav.contents ol { margin: .3rem 0 0; padding-left: 1.3rem; columns: 17rem auto; column-gap: 2rem; }
nav.contents ol ol { columns: auto; list-style: none; padding-left: .1rem; margin: 0 0 .5rem;
  font-size: .92rem; }
nav.contents > ol > li { break-inside: avoid-column; }
.cards { display: flex; flex-wrap: wrap; gap: .8rem; margin: 1rem 0 1.4rem; }
.cards div { background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: .7rem 1.1rem; min-width: 8.5rem; flex: 0 1 auto; }
.cards b { display: block; font-size: 1.5rem; line-height: 1.25;
  font-variant-numeric: tabular-nums; }
.cards span { color: var(--quiet); font-size: .85rem; }
.scroll { overflow-x: auto; margin: .4rem 0 1.2rem; }
table { border-collapse: collapse; background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; font-variant-numeric: tabular-nums; margin: .4rem 0 1.2rem; }
.scroll table { margin: 0; }
.scroll td { white-space: nowrap; }
.scroll td.words { white-space: normal; }
caption { caption-side: top; text-align: left; color: var(--quiet); font-size: .88rem;
  padding: 0 0 .35rem; }
th, td { padding: .45rem .9rem; text-align: right; border-bottom: 1px solid var(--line); }
th:first-child { text-align: left; }
thead th { color: var(--quiet); font-weight: 600; font-size: .85rem; }
tbody tr:last-child > * { border-bottom: 0; }
tbody th { font-weight: 500; }
.long { max-height: 32rem; overflow: auto; border: 1px solid var(--line); border-radius: 8px;
  margin: .4rem 0 1.2rem; background: var(--card); }
.long table { margin: 0; border: 0; width: 100%; font-size: .86rem; }
.long th, .long td { padding: .32rem .6rem; }
.long thead th { position: sticky; top: 0; background: var(--card); }
th.words, td.words { text-align: left; }
small { color: var(--quiet); }
figure { margin: 1rem 0 1.6rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; padding: 1rem 1rem .8rem; overflow-x: auto; }
.row { display: flex; flex-wrap: wrap; gap: 1rem; }
.row figure { flex: 1 1 20rem; margin-top: 0; min-width: 0; }
figure svg, figure img { max-width: 100%; height: auto; }
figcaption { color: var(--quiet); font-size: .88rem; margin-top: .5rem; max-width: 46rem; }
figcaption b { color: var(--ink); }
.files { white-space: nowrap; font-size: .82rem; }
@media (max-width: 40rem) {
  main { padding: 1.4rem .8rem 3rem; }
  h1 { font-size: 1.5rem; }
  .cards { gap: .5rem; }
  .cards div { min-width: 0; flex: 1 1 40%; padding: .5rem .7rem; }
  .cards b { font-size: 1.2rem; }
  main > table { display: block; overflow-x: auto; max-width: 100%; }
  th, td { padding: .35rem .5rem; }
  /* A wide figure is not shrunk until nobody can read it: it scrolls in its frame. */
  .chart { min-width: calc(var(--wide, 0) * .72px); }
}
@media print {
  :root { --page: #fff; --quiet: #45505b; }
  @page { margin: 16mm 14mm; }
  body { font-size: 10.5pt; }
  main { max-width: none; padding: 0; }
  h2 { break-before: page; }
  nav.contents + h2, h2:first-of-type { break-before: auto; }
  h2, h3, caption { break-after: avoid; }
  figure, tr, .scroll, .prose, .cards { break-inside: avoid; }
  figure { overflow: visible; padding: .6rem; }
  .chart svg { max-height: 225mm; }
  .long { max-height: none; overflow: visible; }
  .files, .vega-embed summary, details { display: none !important; }
  a { color: inherit; text-decoration: none; }
}
"""

TEMPLATE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Diptych report: {title}</title>
<style>{style}</style>
</head>
<body>
<main>
<header><h1>{title}</h1><p>{made}</p></header>
{banner}
{contents}
{body}
</main>
{script}
</body>
</html>
"""

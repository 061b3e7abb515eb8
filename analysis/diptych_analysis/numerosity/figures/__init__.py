"""The figures of thesis ch. 7 as Vega-Altair charts."""

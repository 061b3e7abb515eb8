"""The figures of thesis ch. 2 (2.3 to 2.11) as Vega-Altair charts, from tables and fitted models.

`charts.save(chart, file)` writes any of them as PNG, SVG, JSON or interactive HTML.
"""

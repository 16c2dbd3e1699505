"""Charts of results: pure functions from a `gainsmodel.Result` to a `Chart`.

>>> import gainsmodel
>>> result = gainsmodel.run("reference", draws=2_000)
>>> chart = gainsmodel.charts.three_amounts(result, "E47000001")
>>> sorted(chart.data)
['amounts', 'extent']

Drawing a page needs nothing beside this package; pictures and Altair objects need its extra
``charts``.
"""

from gainsmodel.charts.amounts import fan, three_amounts
from gainsmodel.charts.breakdown import levers, local_authorities, sectors
from gainsmodel.charts.chart import Chart
from gainsmodel.charts.drivers import tornado, total_order
from gainsmodel.charts.frontier import frontier
from gainsmodel.charts.shares import difference_dots, share_curve, share_dots
from gainsmodel.charts.spread import adoption
from gainsmodel.charts.tiles import tile_map
from gainsmodel.charts.waterfall import waterfall

__all__ = [
    "Chart",
    "adoption",
    "difference_dots",
    "fan",
    "frontier",
    "levers",
    "local_authorities",
    "sectors",
    "share_curve",
    "share_dots",
    "three_amounts",
    "tile_map",
    "tornado",
    "total_order",
    "waterfall",
]

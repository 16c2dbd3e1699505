"""Charts of results: pure functions from a `gainsmodel.Result` to a `Chart`.

>>> import gainsmodel
>>> result = gainsmodel.run("reference", draws=2_000)
>>> chart = gainsmodel.charts.three_amounts(result, "E47000001")
>>> sorted(chart.data)
['amounts', 'extent']

Drawing a page needs only this package; pictures and Altair objects need its extra
``charts``.
"""

from gainsmodel.present.charts.amounts import fan, three_amounts
from gainsmodel.present.charts.breakdown import levers, local_authorities, sectors
from gainsmodel.present.charts.chart import Chart
from gainsmodel.present.charts.drivers import tornado, total_order
from gainsmodel.present.charts.frontier import frontier
from gainsmodel.present.charts.shares import difference_dots, share_curve, share_dots
from gainsmodel.present.charts.spread import adoption
from gainsmodel.present.charts.tiles import tile_map
from gainsmodel.present.charts.waterfall import waterfall

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

"""What a server has counted, as Prometheus' own parsers read it: python metrics.py ADMIN.

Both of them, the one of OpenMetrics and that of the older text format; and each metric has the type and the labels that
docs/cli.md says."""

import pathlib
import re
import sys
import urllib.request

from prometheus_client.openmetrics.parser import text_string_to_metric_families as newer
from prometheus_client.parser import text_string_to_metric_families as older

(admin,) = sys.argv[1:]
# However much was called: what a label holds is known beforehand.
MOST_SERIES = 10_000


def scrape(accept):
    request = urllib.request.Request(f"{admin}/metrics", headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.headers["Content-Type"].startswith(accept), answer.headers["Content-Type"]
        return answer.read().decode()


def documented():
    """The metrics of the documentation: each name with its type and its labels."""
    text = (pathlib.Path(__file__).parents[2] / "docs/cli.md").read_text()
    rows = re.findall(r"^\| `(tokenmint_\w+)` \| (\w+) \|(.*?)\| .* \|$", text, re.MULTILINE)
    # What stands in brackets behind a label are its values.
    return {name: (kind, set(re.findall(r"`(\w+)`", re.sub(r"\(.*?\)", "", labels)))) for name, kind, labels in rows}


known = documented()
assert len(known) > 10, known
series = 0
for family in newer(scrape("application/openmetrics-text")):
    name = f"{family.name}_total" if family.type == "counter" else family.name
    kind, labels = known[name]
    assert family.type == kind and family.documentation, family
    assert family.samples, family
    for sample in family.samples:
        assert set(sample.labels) - {"le"} == labels, sample
    series += len(family.samples)
assert 100 < series < MOST_SERIES, series

read = {sample.name for family in older(scrape("text/plain")) for sample in family.samples}
for name, (kind, _) in known.items():
    assert kind != "counter" or name in read, name
print(f"{admin}/metrics: {series} series, as documented")

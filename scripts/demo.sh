#!/usr/bin/env bash
# The main job on a data set that the project draws itself: train, evaluate, export to .ms and to a
# web page.
# Everything goes to demo/; a second run reuses what is there, a killed one is gone on with.
# Usage: scripts/demo.sh PYTHON
set -euo pipefail

python=$1
data=demo/data
run=demo/run

"$python" -m src_mindspore.demo_photos "$data"
if [ -f "$run/metrics.json" ]; then
    echo "trained already: $run"
elif [ -f "$run/config.yaml" ]; then
    "$python" train.py --run "$run" --resume
else
    "$python" train.py --config configs/demo.yaml --data "$data" --run "$run"
fi
[ -f "$run/export/spec.json" ] || "$python" export.py "$run"
# without the npm registry there is no page, and all else is there
[ -f "$run/web/models.json" ] || "$python" export.py "$run" --web --web-name demo \
    || echo "no web page: see above"
"$python" evaluate.py "$run/export/model.onnx" --data "$data"
echo
echo "files:"
(cd "$run/export" && for file in *; do printf '  %9d bytes  %s\n' "$(wc -c <"$file")" "$run/export/$file"; done)
echo "to look at: $run/report.html"
echo "next: $python predict.py $run $data/val/02_01"
if [ -f "$run/web/models.json" ]; then
    echo "the page: $python -m http.server 8000 -d $run/web"
    echo "          then open http://localhost:8000/"
fi

#!/usr/bin/env bash
# The main job on a data set that the project draws itself: train, evaluate, export to .ms.
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
"$python" evaluate.py "$run/export/model.onnx" --data "$data"
echo
echo "files:"
(cd "$run/export" && for file in *; do printf '  %9d bytes  %s\n' "$(wc -c <"$file")" "$run/export/$file"; done)
echo "to look at: $run/report.html"
echo "next: $python predict.py $run $data/val/02_01"
